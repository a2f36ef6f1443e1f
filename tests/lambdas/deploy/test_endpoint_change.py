"""What a deploy is told of an update of the endpoint that SageMaker would refuse, or has rolled back."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

with pytest.MonkeyPatch.context() as patch:
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    from lambdas.deploy.serving import endpoint_change

VARIANT = "classes-0123456789ab"
ROLE = "arn:aws:iam::123456789012:role/scones"
ALARMS = ("scones-5xx", "scones-slow")


class Account:
    """An account with an endpoint that serves the model ``old`` on ml.m5.large, and two alarms.

    Attributes:
        answers: What CloudFormation was answered.
        pauses: The seconds of each pause.
    """

    def __init__(self) -> None:
        self.answers: list[dict[str, Any]] = []
        self.pauses: list[float] = []
        self.clear_after = 0
        self._sagemaker: Any = boto3.client("sagemaker", region_name="us-east-1")
        self._cloudwatch: Any = boto3.client("cloudwatch", region_name="us-east-1")
        for name in ALARMS:
            self._cloudwatch.put_metric_alarm(
                AlarmName=name,
                ComparisonOperator="GreaterThanThreshold",
                EvaluationPeriods=1,
                MetricName="Invocation5XXErrors",
                Namespace="AWS/SageMaker",
                Period=60,
                Statistic="Average",
                Threshold=0.1,
            )

    def serve(self, model: str, endpoint: str = "scones") -> None:
        url = f"s3://bucket/models/{model}/output/model.tar.gz"
        container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/i:1", "ModelDataUrl": url}
        self._sagemaker.create_model(ModelName=model, ExecutionRoleArn=ROLE, PrimaryContainer=container)
        variant = {"VariantName": VARIANT, "ModelName": model, "InstanceType": "ml.m5.large"}
        self._sagemaker.create_endpoint_config(
            EndpointConfigName=f"{model}-config", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
        self._sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=f"{model}-config")

    def register(self) -> None:
        boto3.client("application-autoscaling", region_name="us-east-1").register_scalable_target(
            ServiceNamespace="sagemaker",
            ResourceId=f"endpoint/scones/variant/{VARIANT}",
            ScalableDimension="sagemaker:variant:DesiredInstanceCount",
            MinCapacity=1,
            MaxCapacity=4,
        )

    def set_alarm(self, name: str, state: str) -> None:
        self._cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="Threshold\ncrossed")

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) == self.clear_after:
            self.set_alarm(ALARMS[0], "OK")

    def ask(self, resource: str, kind: str = "Update", **changes: str) -> dict[str, Any]:
        properties = {
            "EndpointName": "scones",
            "EndpointConfigName": "new-config",
            "ModelDataUrl": "s3://bucket/models/new/output/model.tar.gz",
            "AlarmNames": ",".join(ALARMS),
            "VariantName": VARIANT,
            "InstanceType": "ml.m5.large",
            **changes,
        }
        request = {"RequestType": kind, "ResourceType": f"Custom::{resource}"}
        endpoint_change.handler({**request, "ResourceProperties": properties}, None)
        return self.answers[-1]


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with mock_aws():
        for service, name in (
            ("application-autoscaling", "autoscaling"),
            ("cloudwatch", "cloudwatch"),
            ("sagemaker", "sagemaker"),
        ):
            make: Any = boto3.client
            client = make(service, region_name="us-east-1")
            monkeypatch.setattr(endpoint_change, name, client)
        made = Account()
        monkeypatch.setattr(
            "lambdas.deploy.custom_resource.answer", lambda request, **answer: made.answers.append(answer)
        )
        monkeypatch.setattr(endpoint_change, "time", SimpleNamespace(sleep=made.pause))
        yield made


def test_an_endpoint_that_is_made_anew_is_not_looked_at(account: Account) -> None:
    account.register()
    account.set_alarm(ALARMS[0], "ALARM")
    assert account.ask("EndpointUpdate", "Create", InstanceType="ml.c5.large")["status"] == "SUCCESS"
    assert account.pauses == []


def test_another_model_on_the_same_instances_may_come(account: Account) -> None:
    account.serve("old")
    account.register()
    assert account.ask("EndpointUpdate")["status"] == "SUCCESS"


def test_another_instance_type_may_come_where_nothing_scales(account: Account) -> None:
    account.serve("old")
    assert account.ask("EndpointUpdate", InstanceType="ml.c5.large")["status"] == "SUCCESS"


def test_another_instance_type_of_what_scales_is_refused_with_the_two_steps(account: Account) -> None:
    account.serve("old")
    account.register()
    answer = account.ask("EndpointUpdate", InstanceType="ml.c5.large")
    assert answer["status"] == "FAILED"
    assert "(ml.m5.large to ml.c5.large)" in answer["reason"]
    first, then = answer["reason"].split(", then ")
    assert "endpoint_max_instances at endpoint_min_instances" in first
    assert then == "once more with what is set now"


def test_other_classes_are_refused_with_the_steps_that_sagemaker_takes(account: Account) -> None:
    account.serve("old")
    answer = account.ask("EndpointUpdate", VariantName="classes-ba9876543210")
    assert answer["status"] == "FAILED"
    assert "python -m console endpoint off, deploy again, and run" in answer["reason"]


def test_commands_on_a_deployment_of_another_name_bear_it(account: Account) -> None:
    account.serve("old", endpoint="cakes")
    answer = account.ask("EndpointUpdate", EndpointName="cakes", VariantName="classes-ba9876543210")
    assert "run python -m console --name cakes endpoint off, deploy" in answer["reason"]
    assert answer["reason"].endswith("and run python -m console --name cakes endpoint on")


def test_an_alarm_that_is_left_over_is_waited_for(account: Account) -> None:
    account.serve("old")
    account.set_alarm(ALARMS[0], "ALARM")
    account.clear_after = 3
    assert account.ask("EndpointUpdate")["status"] == "SUCCESS"
    assert account.pauses == [endpoint_change.ALARM_PAUSE_SECONDS] * 3


def test_an_alarm_that_stays_is_told_and_the_update_refused(account: Account) -> None:
    account.serve("old")
    account.set_alarm(ALARMS[1], "ALARM")
    answer = account.ask("EndpointUpdate")
    assert answer["status"] == "FAILED"
    assert answer["reason"].startswith(f"Alarm {ALARMS[1]} is on and would roll the update ")
    assert answer["reason"].endswith("once it is off, deploy again")
    assert len(account.pauses) == endpoint_change.ALARM_LOOKS


def test_a_deploy_that_is_rolled_back_is_not_held_up(account: Account) -> None:
    account.serve("old")
    account.register()
    account.set_alarm(ALARMS[0], "ALARM")
    back = {"EndpointConfigName": "old-config", "InstanceType": "ml.c5.large"}
    assert account.ask("EndpointUpdate", **back)["status"] == "SUCCESS"
    assert account.pauses == []


def test_an_endpoint_that_serves_what_was_deployed_is_told_to_the_stack(account: Account) -> None:
    account.serve("new")
    answer = account.ask("ServedConfiguration")
    assert answer == {
        "status": "SUCCESS",
        "resource_id": "scones-ServedConfiguration",
        "data": {"EndpointName": "scones", "EndpointConfigName": "new-config", "Switch": "on"},
    }


def test_a_roll_back_fails_the_deploy_and_says_which_model_serves_and_what_sagemaker_says(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.serve("old")
    described = endpoint_change.sagemaker.describe_endpoint(EndpointName="scones")
    monkeypatch.setattr(
        endpoint_change.sagemaker,
        "describe_endpoint",
        lambda EndpointName: {**described, "FailureReason": "alarm scones-5xx is on"},
    )
    answer = account.ask("ServedConfiguration")
    assert answer["status"] == "FAILED"
    assert answer["reason"] == (
        "Endpoint scones serves model old and not new: SageMaker has rolled the update back "
        "(alarm scones-5xx is on)"
    )


def test_where_sagemaker_gives_no_reason_the_alarms_do(account: Account) -> None:
    account.serve("old")
    account.set_alarm(ALARMS[1], "ALARM")
    assert "(scones-slow: Threshold" in account.ask("ServedConfiguration")["reason"]
    account.set_alarm(ALARMS[1], "OK")
    assert "the new instances did not start" in account.ask("ServedConfiguration")["reason"]


def test_a_serverless_endpoint_has_no_alarms_to_ask(account: Account) -> None:
    account.serve("old")
    account.set_alarm(ALARMS[1], "ALARM")
    assert "no alarm is on" in account.ask("ServedConfiguration", AlarmNames="")["reason"]


def test_an_endpoint_that_was_deleted_meanwhile_fails_the_deploy(account: Account) -> None:
    answer = account.ask("ServedConfiguration")
    assert "was deleted meanwhile" in answer["reason"]


@pytest.mark.parametrize("resource", ["EndpointUpdate", "ServedConfiguration"])
def test_a_deletion_is_answered_whatever_is_served(account: Account, resource: str) -> None:
    assert account.ask(resource, "Delete")["status"] == "SUCCESS"
