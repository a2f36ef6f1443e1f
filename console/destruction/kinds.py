"""The kinds of things that a deployment makes: how AWS lists them, and the command that removes one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


def _cut_last(name: str) -> str:
    """Returns what follows the last slash or colon: the name in an ARN, a URL, or a log group's name."""
    return name.replace(":", "/").rpartition("/")[2]


@dataclass(frozen=True)
class Kind:
    """One kind of thing.

    Attributes:
        what: What it is called in a sentence.
        service: The service as boto3 names it.
        operation: The operation that lists all of the region.
        member: The member of a listed item that names it; empty where the item is the name.
        arn: Its ARN, of ``{name}``, ``{short}``, ``{partition}``, ``{region}`` and ``{account}``; where it
            has neither name, ARNs of the kind only begin so.
        removal: The command that removes it, of the same.
        request: What the operation is asked with.
        shorten: Returns what tells the owner, ``{short}``, from an item and its name.
    """

    what: str
    service: str
    operation: str
    member: str
    arn: str
    removal: str
    request: Mapping[str, Any] = field(default_factory=dict)
    shorten: Callable[[Any, str], str] = lambda _, name: _cut_last(name)

    @property
    def arn_prefix(self) -> str:
        """How all ARNs of the kind begin."""
        return self.arn.partition("{name}")[0].partition("{short}")[0]


def _cut_scaling(name: str) -> str:
    """Returns what tells whose an alarm is: of one that Application Auto Scaling made, the endpoint."""
    scaling = "TargetTracking-endpoint/"
    return name.split("/")[1] if name.startswith(scaling) else _cut_last(name)


def _give_arn(service: str, resource: str) -> str:
    return f"arn:{{partition}}:{service}:{{region}}:{{account}}:{resource}"


def _sagemaker(what: str, operation: str, name: str, arn_type: str, removal: str, **request: str) -> Kind:
    arn = _give_arn("sagemaker", f"{arn_type}/{{name}}")
    return Kind(what, "sagemaker", operation, name, arn, f"aws sagemaker {removal} {{name}}", request)


RUNNING = {"StatusEquals": "InProgress"}
KINDS = (
    Kind(
        "stack",
        "cloudformation",
        "describe_stacks",
        "StackName",
        # An id that nobody can tell beforehand follows.
        _give_arn("cloudformation", "stack/"),
        "aws cloudformation delete-stack --stack-name {name}",
    ),
    _sagemaker("endpoint", "list_endpoints", "EndpointName", "endpoint", "delete-endpoint --endpoint-name"),
    _sagemaker(
        "endpoint configuration",
        "list_endpoint_configs",
        "EndpointConfigName",
        "endpoint-config",
        "delete-endpoint-config --endpoint-config-name",
    ),
    _sagemaker("model", "list_models", "ModelName", "model", "delete-model --model-name"),
    _sagemaker(
        "group of model versions",
        "list_model_package_groups",
        "ModelPackageGroupName",
        "model-package-group",
        "delete-model-package-group --model-package-group-name",
    ),
    _sagemaker(
        "running training job",
        "list_training_jobs",
        "TrainingJobName",
        "training-job",
        "stop-training-job --training-job-name",
        **RUNNING,
    ),
    _sagemaker(
        "running transform job",
        "list_transform_jobs",
        "TransformJobName",
        "transform-job",
        "stop-transform-job --transform-job-name",
        **RUNNING,
    ),
    Kind(
        "scalable target",
        "application-autoscaling",
        "describe_scalable_targets",
        "ResourceId",
        _give_arn("application-autoscaling", "scalable-target/"),
        "aws application-autoscaling deregister-scalable-target --service-namespace sagemaker "
        "--scalable-dimension sagemaker:variant:DesiredInstanceCount --resource-id {name}",
        {"ServiceNamespace": "sagemaker"},
        # It is endpoint/ENDPOINT/variant/VARIANT.
        lambda _, name: name.split("/")[1],
    ),
    Kind(
        "state machine",
        "stepfunctions",
        "list_state_machines",
        "stateMachineArn",
        _give_arn("states", "stateMachine:{short}"),
        "aws stepfunctions delete-state-machine --state-machine-arn {name}",
    ),
    Kind(
        "function",
        "lambda",
        "list_functions",
        "FunctionName",
        _give_arn("lambda", "function:{name}"),
        "aws lambda delete-function --function-name {name}",
    ),
    Kind(
        "event source",
        "lambda",
        "list_event_source_mappings",
        "UUID",
        _give_arn("lambda", "event-source-mapping:{name}"),
        "aws lambda delete-event-source-mapping --uuid {name}",
        shorten=lambda item, _: _cut_last(item["FunctionArn"]),
    ),
    Kind(
        "queue",
        "sqs",
        "list_queues",
        "",
        _give_arn("sqs", "{short}"),
        "aws sqs delete-queue --queue-url {name}",
    ),
    Kind(
        "rule",
        "events",
        "list_rules",
        "Name",
        _give_arn("events", "rule/{name}"),
        "aws events delete-rule --name {name} (its targets before: aws events remove-targets)",
    ),
    Kind(
        "schedule",
        "scheduler",
        "list_schedules",
        "Name",
        _give_arn("scheduler", "schedule/default/{name}"),
        "aws scheduler delete-schedule --name {name}",
    ),
    Kind(
        "alarm",
        "cloudwatch",
        "describe_alarms",
        "AlarmName",
        _give_arn("cloudwatch", "alarm:{name}"),
        "aws cloudwatch delete-alarms --alarm-names {name}",
        {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"]},
        lambda _, name: _cut_scaling(name),
    ),
    Kind(
        "dashboard",
        "cloudwatch",
        "list_dashboards",
        "DashboardName",
        "arn:{partition}:cloudwatch::{account}:dashboard/{name}",
        "aws cloudwatch delete-dashboards --dashboard-names {name}",
    ),
    Kind(
        "topic",
        "sns",
        "list_topics",
        "TopicArn",
        _give_arn("sns", "{short}"),
        "aws sns delete-topic --topic-arn {name}",
    ),
    Kind(
        "budget",
        "budgets",
        "describe_budgets",
        "BudgetName",
        "arn:{partition}:budgets::{account}:budget/{name}",
        "aws budgets delete-budget --account-id {account} --budget-name {name}",
        {"AccountId": "{account}"},
    ),
    Kind(
        "parameter",
        "ssm",
        "describe_parameters",
        "Name",
        _give_arn("ssm", "parameter{name}"),
        "aws ssm delete-parameter --name {name}",
        # It is /DEPLOYMENT/WHICH; one of somebody else may be of one part alone.
        shorten=lambda _, name: name.rpartition("/")[0].removeprefix("/"),
    ),
    Kind(
        "log group",
        "logs",
        "describe_log_groups",
        "logGroupName",
        _give_arn("logs", "log-group:{name}"),
        "aws logs delete-log-group --log-group-name {name}",
    ),
    Kind(
        "bucket",
        "s3",
        "list_buckets",
        "Name",
        "arn:{partition}:s3:::{name}",
        "{console} destroy --data",
        {"BucketRegion": "{region}"},
    ),
    Kind(
        "table",
        "dynamodb",
        "list_tables",
        "",
        _give_arn("dynamodb", "table/{name}"),
        "{console} destroy --data",
    ),
)
"""All kinds but roles and keys, which are listed in a way of their own (console/destruction/remains.py)."""
DATA = ("bucket", "table")
"""The kinds that stay with what is in them, where ``remove_data_on_destroy`` was false."""
