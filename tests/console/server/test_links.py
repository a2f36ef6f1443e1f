"""Where the page points to AWS's own console, and where there is none."""

from typing import Any

import boto3
import moto
import pytest

from console.server.aws_console import link_deployment, link_execution
from evaluation.deployment import Deployment


@pytest.fixture
def deployment() -> Deployment:
    """A deployment of which only the state machine's ARN is known."""
    deployment = Deployment("scones")
    deployment.state_machine = "arn:aws:states:eu-west-1:123456789012:stateMachine:scones"
    return deployment


def test_what_aws_runs_is_in_its_console(deployment: Deployment) -> None:
    execution = link_execution(deployment, "one")
    assert execution is not None
    assert execution.startswith("https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/")
    assert execution.endswith("arn:aws:states:eu-west-1:123456789012:execution:scones:one")
    with moto.mock_aws():
        found = link_deployment(deployment)
        assert found is not None
        assert found["state_machine"].endswith("#/statemachines/view/" + deployment.state_machine)
        assert "endpoint" not in found
        ssm = boto3.client("ssm")
        ssm.put_parameter(Name="/scones/endpoint", Value="scones-serverless", Type="String")
        assert link_deployment(deployment) == {
            **found,
            "endpoint": "https://eu-west-1.console.aws.amazon.com/sagemaker/home?region=eu-west-1"
            "#/endpoints/scones-serverless",
        }


@pytest.mark.parametrize("host", ["127.0.0.1:4566", "localhost", "amazonaws.com.example", "notamazonaws.com"])
@pytest.mark.parametrize("link", [link_deployment, lambda deployment: link_execution(deployment, "one")])
def test_what_answers_under_another_host_has_none(
    deployment: Deployment, link: Any, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}")
    assert link(deployment) is None
