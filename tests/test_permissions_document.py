"""The policy of docs/permissions.md allows what the page and the commands ask of AWS, and nothing else."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import botocore.session
from botocore import xform_name

from lambdas.workflow import places

REPOSITORY = Path(__file__).resolve().parents[1]
DOCUMENT = (REPOSITORY / "docs" / "permissions.md").read_text()
(POLICY,) = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL))
ROOMS = ("console", "evaluation", "data_staging")
# Those who deploy have other permissions, and a link to AWS's console is made without asking AWS.
OTHERS = (
    "console/commands/destroy.py",
    "console/commands/deploying/preflight.py",
    "console/destruction/kinds.py",
    "console/destruction/obstacles.py",
    "console/destruction/ownership.py",
    "console/destruction/remains.py",
    "console/destruction/removal.py",
    "console/preflight/quotas.py",
    "console/preflight/usage.py",
    "console/server/aws_console.py",
    "console/stack_update.py",
)
# What each operation needs; nothing asks whether a caller may know who it is.
ACTIONS = {
    "describe_alarms": {"cloudwatch:DescribeAlarms"},
    "describe_endpoint": {"sagemaker:DescribeEndpoint"},
    "describe_endpoint_config": {"sagemaker:DescribeEndpointConfig"},
    "describe_execution": {"states:DescribeExecution"},
    "describe_map_run": {"states:DescribeMapRun"},
    "describe_model": {"sagemaker:DescribeModel"},
    "describe_model_package": {"sagemaker:DescribeModelPackage"},
    "describe_state_machine_for_execution": {"states:DescribeStateMachineForExecution"},
    "describe_training_job": {"sagemaker:DescribeTrainingJob"},
    "filter_log_events": {"logs:FilterLogEvents"},
    "get_caller_identity": set(),
    "get_dashboard": {"cloudwatch:GetDashboard"},
    "get_execution_history": {"states:GetExecutionHistory"},
    "get_item": {"dynamodb:GetItem"},
    "get_metric_data": {"cloudwatch:GetMetricData"},
    "get_object": {"s3:GetObject", "s3:GetObjectVersion"},
    "get_parameter": {"ssm:GetParameter"},
    "get_parameter_history": {"ssm:GetParameterHistory"},
    "invoke_endpoint": {"sagemaker:InvokeEndpoint"},
    "list_executions": {"states:ListExecutions"},
    "list_map_runs": {"states:ListMapRuns"},
    "list_model_packages": {"sagemaker:ListModelPackages"},
    "list_objects_v2": {"s3:ListBucket"},
    "put_events": {"events:PutEvents"},
    "put_object": {"s3:PutObject"},
    "put_parameter": {"ssm:PutParameter"},
    "query": {"dynamodb:Query"},
    "redrive_execution": {"states:RedriveExecution"},
    "start_execution": {"states:StartExecution"},
    "stop_execution": {"states:StopExecution"},
    "update_item": {"dynamodb:UpdateItem"},
}
# Of metrics AWS knows no resource.
OF_NO_RESOURCE = "cloudwatch:GetMetricData"
# A method of regular expressions, and a request that is signed to learn its address and never sent.
NO_OPERATION = {"search", "list_state_machines"}


def as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def find_operations() -> set[str]:
    """Returns the names of AWS operations that the code of the rooms has as a method's or as text."""
    files = [path for room in ROOMS for path in (REPOSITORY / room).rglob("*.py")]
    # How rooms start executions and list models is written there.
    lambdas = REPOSITORY / "lambdas"
    files += [lambdas / "workflow" / "execution.py", lambdas / "deploy" / "models" / "versions.py"]
    named: set[str] = set()
    services: set[str] = set()
    for path in files:
        if path.relative_to(REPOSITORY).as_posix() in OTHERS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                named.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                named.add(node.value)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                first = node.args[0] if node.args else None
                if node.func.attr == "client" and isinstance(first, ast.Constant):
                    services.add(str(first.value))
    assert {"s3", "dynamodb", "stepfunctions"} <= services
    session = botocore.session.get_session()
    operations = {
        xform_name(operation)
        for service in services
        for operation in session.get_service_model(service).operation_names
    }
    return (named & operations) - NO_OPERATION


def test_the_policy_allows_the_actions_that_the_code_needs_and_no_other() -> None:
    assert find_operations() == set(ACTIONS)
    allowed = {action for statement in POLICY["Statement"] for action in as_list(statement["Action"])}
    assert allowed == set().union(*ACTIONS.values())


def test_every_statement_names_its_resources() -> None:
    for statement in POLICY["Statement"]:
        assert statement["Effect"] == "Allow"
        for action in as_list(statement["Action"]):
            assert "*" not in action
        if statement["Action"] == OF_NO_RESOURCE:
            assert statement["Resource"] == "*"
            continue
        for resource in as_list(statement["Resource"]):
            assert re.fullmatch(r"arn:aws:[a-z0-9]+:(REGION:ACCOUNT|:ACCOUNT|:):[^*:].*", resource), resource
            assert not resource.startswith("arn:aws:s3:::BUCKET/*")


def test_the_prefixes_of_the_bucket_are_those_that_there_are() -> None:
    prefixes = {
        match[1]
        for statement in POLICY["Statement"]
        for resource in as_list(statement["Resource"])
        if (match := re.fullmatch(r"arn:aws:s3:::BUCKET/([a-z]+/)\*", resource))
    }
    there_are = {value for value in vars(places).values() if isinstance(value, str) and value.endswith("/")}
    # Those that lie in another come with it.
    there_are = {prefix for prefix in there_are if prefix.count("/") == 1}
    # What only the deployment's own functions read.
    assert prefixes == there_are - {places.EVALUATIONS, places.VALIDATIONS, places.VERDICTS}


def test_a_managed_policy_may_be_as_long() -> None:
    assert len(json.dumps(POLICY, separators=(",", ":"))) < 6144 - 500
