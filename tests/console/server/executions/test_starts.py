"""Executions that the page starts: on an event, again, and on from where one failed."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient

from console.executions.starting import describe_redrive
from evaluation.deployment import Deployment
from tests.console.server.page_client import Answer, PageClient

KEY = "incoming/1/sure.png"


def post(page: PageClient, path: str, body: object = None) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return page.ask("POST", f"/api/executions{path}", {}, content)


def make_event(deployment: Deployment, **changed: Any) -> dict[str, Any]:
    return {"image_data": "", "s3_bucket": deployment.bucket, "s3_key": KEY, **changed}


def wait(arn: str) -> dict[str, Any]:
    """Returns the execution's description once it has ended."""
    client = boto3.client("stepfunctions")
    while (described := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.02)
    return dict(described)


def test_an_event_starts_an_execution_on_itself(page: PageClient, deployment: Deployment) -> None:
    event = make_event(deployment, s3_version="v1", order={"id": 7})
    answer = post(page, "", {"input": event})
    assert answer.status == 201
    assert answer.json["arn"].endswith(f":execution:scones:{answer.json['id']}")
    assert json.loads(wait(answer.json["arn"])["input"]) == event


@pytest.mark.parametrize(
    ("event", "wrong"),
    [
        ({}, "Field s3_bucket is missing"),
        ({"s3_bucket": "s3://bucket", "s3_key": "k"}, "with no s3:// and no key"),
        ({"s3_bucket": "bucket", "s3_key": ""}, "Field s3_key is an empty string"),
        ({"s3_bucket": "bucket", "s3_key": "k", "s3_version": 7}, "Field s3_version is a number"),
        ({"s3_bucket": "bucket", "s3_key": "k", "other": "x" * 70_000}, "at most 65536 leave room"),
        ({"s3_bucket": "bucket", "s3_key": "k", "other": float("nan")}, "what JSON cannot carry"),
        ({"body": "no JSON"}, "Field body is a string but no JSON"),
        (["s3_bucket"], "The event is a list"),
    ],
)
def test_what_the_workflow_could_not_read_is_refused_in_its_words(
    page: PageClient, event: object, wrong: str
) -> None:
    answer = post(page, "", {"input": event})
    assert answer.status == 400
    assert wrong in answer.json["error"]
    assert "\n" not in answer.json["error"]


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"[]", 400), (b"{}", 400), (b'"' + b"x" * 262_144 + b'"', 413)]
)
def test_a_body_without_an_input_is_refused(page: PageClient, body: bytes, status: int) -> None:
    assert post(page, "", body).status == status


def test_an_execution_is_run_again_on_the_same_input_under_a_new_name(
    page: PageClient, deployment: Deployment
) -> None:
    first = post(page, "", {"input": make_event(deployment)}).json
    again = post(page, f"/{first['id']}/again")
    assert again.status == 201
    assert again.json["id"] != first["id"]
    assert wait(again.json["arn"])["input"] == wait(first["arn"])["input"]


@pytest.mark.parametrize("path", ["/no-such-one/again", "/no-such-one/redrive"])
def test_an_execution_that_is_not_there_is_a_404(page: PageClient, path: str) -> None:
    answer = post(page, path)
    assert answer.status == 404
    assert answer.json["error"] == 'No execution "no-such-one". Step Functions keeps executions for 90 days.'


@pytest.fixture
def step_functions(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Step Functions answers to an operation, by its name; an exception is raised."""
    answers: dict[str, Any] = {}
    real = BaseClient._make_api_call

    def call(self: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if operation not in answers:
            return real(self, operation, arguments)
        if isinstance(answers[operation], str):
            error = {"Error": {"Code": "ExecutionNotRedrivable", "Message": answers[operation]}}
            raise self.exceptions.ExecutionNotRedrivable(error, operation)
        return answers[operation]

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    return answers


def test_a_redrive_goes_on_where_the_execution_failed(
    page: PageClient, deployment: Deployment, step_functions: dict[str, Any]
) -> None:
    name = post(page, "", {"input": make_event(deployment)}).json["id"]
    step_functions["RedriveExecution"] = {"redriveDate": datetime.now(UTC)}
    answer = post(page, f"/{name}/redrive")
    assert (answer.status, answer.json) == (200, {"id": name})


def test_what_step_functions_does_not_redrive_is_a_conflict_with_its_reason(
    page: PageClient, deployment: Deployment, step_functions: dict[str, Any]
) -> None:
    name = post(page, "", {"input": make_event(deployment)}).json["id"]
    step_functions["RedriveExecution"] = "Execution is SUCCEEDED and cannot be redriven"
    answer = post(page, f"/{name}/redrive")
    assert (answer.status, answer.json["error"]) == (409, "Execution is SUCCEEDED and cannot be redriven")


def test_what_ended_in_a_state_made_to_fail_is_not_redriven_for_it_would_end_there_again(
    page: PageClient, deployment: Deployment
) -> None:
    started = post(page, "", {"input": make_event(deployment, s3_key="broken.png")}).json
    wait(started["arn"])
    answer = post(page, f"/{started['id']}/redrive")
    assert answer.status == 409
    assert "would end in “Broken” again" in answer.json["error"]
    assert page.get(f"/api/executions/{started['id']}").json["redrive"] == {
        "would_help": False,
        "why_not": answer.json["error"],
    }


def test_an_execution_that_was_redriven_by_anybody_is_read_anew(
    page: PageClient, deployment: Deployment, step_functions: dict[str, Any]
) -> None:
    started = post(page, "", {"input": make_event(deployment, s3_key="unsure.png")}).json
    ended = wait(started["arn"])
    assert page.get(f"/api/executions/{started['id']}").json["outcome"] == "refused"
    later = ended["stopDate"] + timedelta(seconds=5)
    output = json.dumps({"predicted_class": "bicycle", "confidence": 0.9, "threshold": 0.8})
    del ended["error"], ended["cause"]
    step_functions["DescribeExecution"] = {
        **ended,
        "status": "SUCCEEDED",
        "stopDate": later,
        "output": output,
    }
    assert page.get(f"/api/executions/{started['id']}").json["outcome"] == "routed"


@pytest.mark.parametrize(
    ("described", "last", "expected"),
    [
        ({"status": "SUCCEEDED"}, "Succeed", (False, None)),
        ({"status": "RUNNING"}, "Task", (False, None)),
        ({"status": "FAILED", "redriveStatus": "REDRIVABLE"}, "Task", (True, None)),
        ({"status": "ABORTED", "redriveStatus": "REDRIVABLE"}, "Task", (True, None)),
        (
            {"status": "FAILED", "redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": "Too old"},
            "Task",
            (False, "Too old"),
        ),
        ({"status": "FAILED"}, "Task", (False, "Step Functions says that it cannot be redriven")),
    ],
)
def test_a_redrive_is_offered_where_step_functions_would_do_it_and_it_leads_on(
    described: dict[str, Any], last: str, expected: tuple[bool, str | None]
) -> None:
    redrive = describe_redrive(described, [{"kind": last, "name": "Last"}])
    assert (redrive["would_help"], redrive["why_not"]) == expected
