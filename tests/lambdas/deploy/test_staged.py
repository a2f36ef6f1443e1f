"""The parameter of the staged data set: made once, left alone by every update, removed with its stack."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

with pytest.MonkeyPatch.context() as patch:
    patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    from lambdas.deploy import staged

PARAMETER = "/scones/dataset"


@pytest.fixture
def ssm(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Parameter Store of an account in which nothing is deployed."""
    with mock_aws():
        client = boto3.client("ssm", region_name="us-east-1")
        monkeypatch.setattr(staged, "ssm", client)
        yield client


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What CloudFormation is answered."""
    given: list[dict[str, Any]] = []
    monkeypatch.setattr("lambdas.deploy.staged.answer", lambda request, **answer: given.append(answer))
    monkeypatch.setattr(
        "lambdas.deploy.custom_resource.answer", lambda request, **answer: given.append(answer)
    )
    return given


def ask(kind: str, **others: Any) -> None:
    """Sends a request of CloudFormation."""
    request = {"RequestType": kind, "ResourceProperties": {"Name": "scones", **others}}
    staged.handler({**request, "PhysicalResourceId": PARAMETER} if kind != "Create" else request, None)


def value(ssm: Any) -> str:
    return str(ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"])


def test_nothing_is_staged_at_first(ssm: Any, answers: list[dict[str, Any]]) -> None:
    ask("Create")
    assert value(ssm) == "not-staged"
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=PARAMETER)["TagList"]
    assert tags == [{"Key": "project", "Value": "scones"}]
    assert answers == [{"status": "SUCCESS", "resource_id": PARAMETER}]


@pytest.mark.parametrize("kind", ["Create", "Update"])
def test_what_is_staged_stays_whatever_changes_of_the_resource(
    kind: str, ssm: Any, answers: list[dict[str, Any]]
) -> None:
    ask("Create")
    ssm.put_parameter(Name=PARAMETER, Value="0123456789abcdef", Overwrite=True)
    ask(kind, Description="another")
    assert value(ssm) == "0123456789abcdef"
    assert answers[-1]["status"] == "SUCCESS"


def test_it_is_there_again_after_an_update_if_somebody_removed_it(
    ssm: Any, answers: list[dict[str, Any]]
) -> None:
    ask("Update")
    assert value(ssm) == "not-staged"


def test_it_goes_with_its_stack_whether_it_is_still_there_or_not(
    ssm: Any, answers: list[dict[str, Any]]
) -> None:
    ask("Create")
    ask("Delete")
    ask("Delete")
    assert ssm.describe_parameters()["Parameters"] == []
    assert [answer["status"] for answer in answers] == ["SUCCESS"] * 3


def test_a_parameter_that_cannot_be_made_is_answered_as_a_failure(
    ssm: Any, answers: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise ValueError("no room for more parameters")

    monkeypatch.setattr(ssm, "put_parameter", refuse)
    ask("Create")
    (answer,) = answers
    assert (answer["status"], answer["resource_id"]) == ("FAILED", PARAMETER)
    assert "no room for more parameters" in answer["reason"]
