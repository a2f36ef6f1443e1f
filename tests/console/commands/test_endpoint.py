"""What `python -m console endpoint` says of the endpoint, and how it switches it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from console.__main__ import main
from evaluation.deployment import Deployment
from lambdas.deploy.models.registering import register
from tests.console.server.served_endpoint import IMAGE, ROLE, serving

INSTANCE = {"mode": "instance", "instance_type": "ml.m5.large", "least": 1, "most": 1, "schedule": {}}


class Account:
    """An account in which the endpoint's stack is deployed, and Parameter Store tells of it."""

    def __init__(self, mode: str) -> None:
        self._ssm = boto3.client("ssm")
        self.cloudformation = boto3.client("cloudformation")
        self._settings = {**INSTANCE, "mode": mode}
        self.tell("endpoint", "scones")
        self.tell("endpoint-config", "scones-config")
        self.tell("endpoint-switch", "on")
        self.accept("scones--0a1b")
        self.make("endpoint", "EndpointSwitch", "as-set")

    def tell(self, which: str, value: str) -> None:
        self._ssm.put_parameter(Name=f"/scones/{which}", Value=value, Type="String", Overwrite=True)

    def accept(self, model: str) -> None:
        self.tell("model", f"s3://bucket/models/{model}/output/model.tar.gz")

    def add_configuration(self, model: str, name: str) -> None:
        sagemaker: Any = boto3.client("sagemaker")
        url = f"s3://bucket/models/{model}/output/model.tar.gz"
        container = {"Image": IMAGE, "ModelDataUrl": url}
        sagemaker.create_model(ModelName=model, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        variant = {"VariantName": "AllTraffic", "ModelName": model, "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )

    def register(self, model: str, classes: list[str]) -> None:
        sagemaker: Any = boto3.client("sagemaker")
        if not sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]:
            sagemaker.create_model_package_group(ModelPackageGroupName="scones")
        facts = {"Name": "scones", "Bucket": "bucket", "Classes": classes, "Dataset": "d1ce", "Image": IMAGE}
        register(sagemaker, facts, model=model, accuracy=0.97, job=f"job-{model}")

    def make(self, part: str, parameter: str, value: str) -> None:
        template = {
            "Parameters": {parameter: {"Type": "String", "Default": value}},
            "Resources": {
                "Told": {
                    "Type": "AWS::SSM::Parameter",
                    "Properties": {"Name": f"/told/{part}", "Type": "String", "Value": {"Ref": parameter}},
                }
            },
            "Outputs": {"EndpointSettings": {"Value": json.dumps(self._settings)}},
        }
        self.cloudformation.create_stack(StackName=f"scones-{part}", TemplateBody=json.dumps(template))

    def read_switch(self) -> str:
        return str(self._ssm.get_parameter(Name="/told/endpoint")["Parameter"]["Value"])


@pytest.fixture
def account(request: pytest.FixtureRequest) -> Iterator[Account]:
    with mock_aws():
        yield Account(getattr(request, "param", "instance"))


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_the_last_line_says_which_model_serves_and_why(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving("scones--0a1b"):
        assert main(["endpoint", "status"]) == 0
    month, served = said(capsys)
    assert month.startswith("On AWS a month costs $83.95 always on, $0 switched off (us-east-1, list prices ")
    assert served == (
        "Endpoint scones serves model scones--0a1b, the last deploy's (InService, 1 x ml.m5.large, "
        "configuration scones-config)"
    )


def test_a_model_that_is_kept_is_said_to_be(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    account.tell("model-version", json.dumps({"version": "3", "accuracy_gate": "0.8"}))
    with serving("scones--0a1b"):
        assert main(["endpoint", "status"]) == 0
    last = said(capsys)[-1]
    assert last.startswith("Endpoint scones serves model scones--0a1b")
    assert "Version 3 of the model is kept" in last
    assert last.endswith("python -m console models use latest")


def test_another_configuration_than_the_last_deploys_has_a_status_of_its_own(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.tell("endpoint-config", "newer-config")
    with serving("scones--0a1b"):
        assert main(["endpoint", "status"]) == 3
    assert "serves configuration scones-config and not newer-config" in said(capsys)[-1]


@pytest.mark.parametrize("status", ["UpdateRollbackFailed", "Failed"])
def test_a_broken_endpoint_has_the_same_status(
    account: Account, status: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving("scones--0a1b"):
        found = replace(Deployment("scones").find_endpoint(), status=status)
        monkeypatch.setattr(Deployment, "find_endpoint", lambda _: found)
        assert main(["endpoint", "status"]) == 3
    assert status in said(capsys)[-1]


def test_an_update_that_failed_is_told_with_its_reason(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "console.commands.endpoint.explain_last_failure", lambda *_: "Endpoint: alarm scones-5xx is on"
    )
    account.accept("scones--2c3d")
    with serving("scones--0a1b"):
        assert main(["endpoint", "status"]) == 4
    _, failure, served = said(capsys)
    assert failure == "The last update of scones-endpoint failed: Endpoint: alarm scones-5xx is on"
    assert "scones--0a1b, as before its last update, which failed" in served


def test_a_roll_back_is_settled_once_the_served_model_is_the_accepted_one(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "console.commands.endpoint.explain_last_failure", lambda *_: "Endpoint: an alarm is on"
    )
    with serving("scones--0a1b"):
        assert main(["endpoint", "status"]) == 0
    assert "scones--0a1b, the accepted one (InService" in said(capsys)[-1]


def test_while_it_is_updated_both_models_are_told_with_their_traffic(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    baking = {"CurrentWeight": 0.5, "DesiredWeight": 1.0, "VariantStatus": [{"Status": "Baking"}]}
    with serving("scones--0a1b"):
        account.add_configuration("scones--2c3d", "newer-config")
        sagemaker = Deployment("scones").client("sagemaker")
        described = sagemaker.describe_endpoint(EndpointName="scones") | {
            "PendingDeploymentSummary": {
                "EndpointConfigName": "newer-config",
                "ProductionVariants": [{"VariantName": "AllTraffic", **baking}],
            }
        }
        monkeypatch.setattr("console.commands.endpoint.describe_endpoint", lambda _: described)
        monkeypatch.setattr("console.endpoint_service.describe_endpoint", lambda _: described)
        assert main(["endpoint", "status"]) == 0
    _, update, served = said(capsys)
    assert update == "An update to configuration newer-config is under way: Baking"
    assert served.startswith(
        "Endpoint scones serves model scones--0a1b with 50.0% of the traffic, and model scones--2c3d with "
        "50.0% while it is updated to that one ("
    )


def test_an_endpoint_that_is_switched_off_is_well(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.tell("endpoint-switch", "off")
    assert main(["endpoint", "status"]) == 0
    assert said(capsys)[-1] == (
        "Endpoint scones is switched off: python -m console endpoint on switches it on"
    )


def test_an_endpoint_that_is_missing_is_not(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["endpoint", "status"]) == 3
    assert said(capsys)[-1].startswith("There is no endpoint scones: ")


@pytest.mark.parametrize(
    ("account", "switch", "value"),
    [
        *(("instance", "off", "off"), ("instance", "on", "as-set")),
        *(("serverless", "off", "off"), ("serverless", "on", "as-set")),
        *(("off", "off", "as-set"), ("off", "on", "on")),
    ],
    indirect=["account"],
)
def test_the_switch_is_as_set_where_the_settings_say_the_same(
    account: Account, switch: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving("scones--0a1b"):
        for _ in range(2):
            assert main(["endpoint", switch]) == 0
            assert account.read_switch() == value
    assert sum(line.startswith("Switching") for line in said(capsys)) == (value != "as-set")


def test_what_cannot_be_switched_at_the_moment_is_not_announced(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "console.stack_update._describe",
        lambda *_: {
            **account.cloudformation.describe_stacks(StackName="scones-endpoint")["Stacks"][0],
            "StackStatus": "UPDATE_IN_PROGRESS",
        },
    )
    account.accept("scones--2c3d")
    with serving("scones--0a1b"):
        found = replace(Deployment("scones").find_endpoint(), status="Updating")
        monkeypatch.setattr(Deployment, "find_endpoint", lambda _: found)
        assert main(["endpoint", "off"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "wait until that has ended" in printed.err


def test_a_model_that_was_rolled_back_is_not_brought_into_service_by_off_and_on(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.register("scones--0a1b", ["bicycle", "motorcycle"])
    account.accept("scones--2c3d")
    with serving("scones--0a1b"):
        assert main(["endpoint", "off"]) == 1
    assert account.read_switch() == "as-set"
    (line,) = capsys.readouterr().err.splitlines()
    assert "serves model scones--0a1b and not scones--2c3d, which was accepted last" in line
    assert line.endswith("First run python -m console models use 1, or deploy again")


def test_a_model_of_other_classes_comes_by_off_a_deploy_and_on(account: Account) -> None:
    account.register("scones--2c3d", ["bicycle", "motorcycle"])
    account.accept("scones--2c3d")
    with serving("scones--0a1b"):
        assert main(["endpoint", "off"]) == 0
    assert account.read_switch() == "off"


def test_before_a_deploy_there_is_nothing_to_switch(capsys: pytest.CaptureFixture[str]) -> None:
    with mock_aws():
        assert main(["endpoint", "off"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "There is no stack scones-endpoint: run make deploy" in line


def test_a_stack_of_an_older_version_is_to_be_deployed_first(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.cloudformation.update_stack(
        StackName="scones-endpoint",
        TemplateBody=json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}),
    )
    assert main(["endpoint", "status"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "run make deploy" in line
