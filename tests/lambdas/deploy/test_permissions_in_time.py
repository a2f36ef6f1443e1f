"""Permissions that the same deploy has just made: IAM's refusals are waited out for a minute, others not."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.deploy import custom_resource, jobs
from lambdas.workflow.errors import EndpointAccessDenied, EndpointNotInService
from tests.lambdas.deploy.deploy_cloud import Cloud

ASSUME = (
    "Could not assume role arn. Please ensure that the role exists and allows principal to assume the role."
)
LATE = [
    ("AccessDenied", "not yet"),
    ("AccessDeniedException", "User is not authorized to perform: sagemaker:CreateTrainingJob"),
    ("ValidationException", ASSUME),
    ("ValidationException", 'its trust relationship policy allows the action "sts:AssumeRole"'),
]
FOR_GOOD = [
    ("ValidationException", "1 validation error detected"),
    ("ResourceLimitExceeded", "The account-level service limit is 0 Instances"),
    ("ThrottlingException", "Rate exceeded"),
]


def refuse_at_first(work: Callable[..., Any], times: int, code: str, message: str) -> Callable[..., Any]:
    """Returns the work with so many refusals before it is done."""
    left = [ClientError({"Error": {"Code": code, "Message": message}}, "Operation") for _ in range(times)]

    def do(**arguments: Any) -> Any:
        if left:
            raise left.pop()
        return work(**arguments)

    return do


@pytest.mark.parametrize(("code", "message"), LATE)
@pytest.mark.parametrize("operation", ["create_training_job", "create_model", "create_transform_job"])
def test_what_iam_refuses_at_first_is_tried_again(
    training: Cloud,
    monkeypatch: pytest.MonkeyPatch,
    pauses: list[float],
    operation: str,
    code: str,
    message: str,
) -> None:
    late = refuse_at_first(getattr(jobs.sagemaker, operation), 3, code, message)
    monkeypatch.setattr(jobs.sagemaker, operation, late)
    assert training.deploy()["Status"] == "SUCCESS"
    assert len(pauses) == 3


@pytest.mark.parametrize(("code", "message"), LATE)
def test_the_tries_end_after_about_a_minute_with_what_iam_says(
    training: Cloud, monkeypatch: pytest.MonkeyPatch, pauses: list[float], code: str, message: str
) -> None:
    never = refuse_at_first(jobs.sagemaker.create_training_job, 1000, code, message)
    monkeypatch.setattr(jobs.sagemaker, "create_training_job", never)
    answer = training.ask()
    assert answer["Status"] == "FAILED"
    assert message in answer["Reason"]
    assert 45 <= sum(pauses) <= 75


@pytest.mark.parametrize(("code", "message"), FOR_GOOD)
def test_what_time_does_not_mend_is_answered_at_once(
    training: Cloud, monkeypatch: pytest.MonkeyPatch, pauses: list[float], code: str, message: str
) -> None:
    refused = refuse_at_first(jobs.sagemaker.create_training_job, 1000, code, message)
    monkeypatch.setattr(jobs.sagemaker, "create_training_job", refused)
    assert training.ask()["Status"] == "FAILED"
    assert pauses == []


def test_an_artifact_that_may_be_read_only_after_a_while_is_copied(
    artifact: Cloud, monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    from lambdas.deploy import artifact as module

    head = module.s3.head_object

    def refuse(**arguments: Any) -> Any:
        if len(pauses) < 2:
            response = {"Error": {"Code": "403"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
            raise ClientError(response, "HeadObject")
        return head(**arguments)

    monkeypatch.setattr(module.s3, "head_object", refuse)
    assert artifact.deploy()["Status"] == "SUCCESS"


@pytest.mark.parametrize(
    ("error", "tried"), [(EndpointAccessDenied("not yet"), 3), (EndpointNotInService("gone"), 1)]
)
def test_what_is_answered_at_once_waits_for_permissions_too(
    training: Cloud, pauses: list[float], error: Exception, tried: int
) -> None:
    calls = []

    def find(_: Any) -> dict[str, str]:
        calls.append(1)
        if len(calls) < 3:
            raise error
        return {"Value": "0.8"}

    custom_resource.answer_at_once(training.request(), "scones-threshold", find)
    assert len(calls) == tried
    assert training.answers[-1]["Status"] == ("SUCCESS" if tried == 3 else "FAILED")
