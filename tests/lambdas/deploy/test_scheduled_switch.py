"""The clock switches the endpoint, unless that would put a model in service that was rolled back."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

STACK = "scones-endpoint"

with pytest.MonkeyPatch.context() as patch:
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    from lambdas.deploy.serving import scheduled_switch


class Account:
    """An account with a stack that tells how it is switched, and an endpoint that serves ``old``."""

    def __init__(self) -> None:
        self._ssm = boto3.client("ssm", region_name="us-east-1")
        self.cloudformation = boto3.client("cloudformation", region_name="us-east-1")
        self._sagemaker: Any = boto3.client("sagemaker", region_name="us-east-1")
        self.tell("endpoint", "scones")
        self.accept("old")
        container = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/i:1", "ModelDataUrl": name("old")}
        role = "arn:aws:iam::123456789012:role/scones"
        self._sagemaker.create_model(ModelName="old", ExecutionRoleArn=role, PrimaryContainer=container)
        variant = {"VariantName": "classes-0", "ModelName": "old", "InstanceType": "ml.m5.large"}
        self._sagemaker.create_endpoint_config(
            EndpointConfigName="old-config", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
        self._sagemaker.create_endpoint(EndpointName="scones", EndpointConfigName="old-config")
        switch = {"Type": "String", "Value": {"Ref": "EndpointSwitch"}, "Name": "/told"}
        template = {
            "Parameters": {"EndpointSwitch": {"Type": "String", "Default": "as-set"}},
            "Resources": {"Told": {"Type": "AWS::SSM::Parameter", "Properties": switch}},
        }
        self.cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps(template))

    def tell(self, which: str, told: str) -> None:
        self._ssm.put_parameter(Name=f"/scones/{which}", Value=told, Type="String", Overwrite=True)

    def accept(self, model: str) -> None:
        self.tell("model", name(model))

    def take_away(self) -> None:
        self._sagemaker.delete_endpoint(EndpointName="scones")

    def read_switch(self) -> str:
        return str(self._ssm.get_parameter(Name="/told")["Parameter"]["Value"])


def name(model: str) -> str:
    return f"s3://bucket/models/{model}/output/model.tar.gz"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with mock_aws():
        make: Any = boto3.client
        monkeypatch.setattr(
            scheduled_switch, "cloudformation", make("cloudformation", region_name="us-east-1")
        )
        yield Account()


def switch(value: str) -> None:
    event = {"name": "scones", "stack": STACK, "parameter": "EndpointSwitch", "value": value}
    scheduled_switch.handler(event, None)


def test_the_endpoint_is_switched_off_and_on_where_it_serves_the_accepted_model(account: Account) -> None:
    switch("off")
    assert account.read_switch() == "off"
    account.take_away()
    # What is accepted while it is off nobody has rolled back.
    account.accept("new")
    switch("as-set")
    assert account.read_switch() == "as-set"


@pytest.mark.parametrize("value", ["off", "as-set"])
def test_nothing_is_switched_where_the_accepted_model_was_rolled_back_and_the_log_says_so(
    account: Account, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    account.accept("new")
    switch(value)
    assert account.read_switch() == "as-set"
    (line,) = caplog.records
    assert line.levelname == "ERROR"
    assert line.getMessage() == (
        "Not switched: the endpoint serves model old and not new, which was accepted last. Switched off "
        "and on it would serve that one unwatched: run python -m console endpoint status, and deploy again"
    )


def test_a_switch_that_stands_as_it_is_to_is_left(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        told = {"Code": "ValidationError", "Message": "No updates are to be performed."}
        raise ClientError({"Error": told}, "UpdateStack")

    monkeypatch.setattr(scheduled_switch.cloudformation, "update_stack", refuse)
    switch("off")


def test_what_cloudformation_refuses_for_a_while_lambda_tries_again(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        told = {"Code": "ValidationError", "Message": "Stack is in UPDATE_IN_PROGRESS state"}
        raise ClientError({"Error": told}, "UpdateStack")

    monkeypatch.setattr(scheduled_switch.cloudformation, "update_stack", refuse)
    with pytest.raises(ClientError, match="UPDATE_IN_PROGRESS"):
        switch("off")
