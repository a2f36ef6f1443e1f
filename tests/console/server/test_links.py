"""Where the page points to AWS's own console, and where there is none."""

from typing import Any

import pytest

from console.deployment import Deployment
from console.server.aws_console import execution_link, links


def deployed_in(account: str) -> Deployment:
    session: Any = None
    machine = f"arn:aws:states:eu-west-1:{account}:stateMachine:scones"
    return Deployment("scones", "bucket", machine, session)


def test_an_account_of_aws_has_a_console() -> None:
    deployment = deployed_in("123456789012")
    execution = execution_link(deployment, "one")
    assert execution is not None
    assert execution.startswith("https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/")
    assert execution.endswith("arn:aws:states:eu-west-1:123456789012:execution:scones:one")
    found = links(deployment)
    assert found is not None
    assert found["state_machine"].endswith("#/statemachines/view/" + deployment.state_machine)


@pytest.mark.parametrize("link", [links, lambda deployment: execution_link(deployment, "one")])
def test_what_stands_in_for_aws_has_none(link: Any) -> None:
    assert link(deployed_in("000000000000")) is None
