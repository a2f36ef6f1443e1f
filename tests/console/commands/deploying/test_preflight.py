"""An account has what a deploy asks of it, lacks something, or cannot be asked."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from console.__main__ import main
from console.preflight.findings import NO, NOTE, Finding
from evaluation.deployment import Deployment
from stacks.configuration import settings

TRAINING = "ml.g4dn.xlarge for training job usage"
TRANSFORM = "ml.m5.large for transform job usage"
ENDPOINT = "ml.t2.medium for endpoint usage"


class Meta:
    region_name = "us-east-1"


class ParameterNotFound(Exception): ...


class Pages:
    """A paginator that has what each request is answered with."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def paginate(self, **request: str) -> list[dict[str, Any]]:
        return [self._answer(**request)]


class Account:
    """Stands for all clients of an account; a test says what is in it.

    Attributes:
        bootstrapped: Whether the CDK's parameter is there.
        quotas: What is allowed, by the name of the quota.
        refusal: Code of the error that Service Quotas answers with, if any.
        obstacles: What an earlier deploy has left in the way.
    """

    meta = Meta()

    class exceptions:
        ParameterNotFound = ParameterNotFound

    def __init__(self) -> None:
        self.bootstrapped = True
        self.quotas: dict[str, float] = {TRAINING: 1, TRANSFORM: 1, ENDPOINT: 2}
        self.refusal = ""
        self.obstacles: list[Finding] = []

    def get_caller_identity(self) -> Mapping[str, str]:
        return {"Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/anna"}

    def get_parameter(self, Name: str) -> None:
        assert Name == "/cdk-bootstrap/hnb659fds/version"
        if not self.bootstrapped:
            raise ParameterNotFound

    def get_paginator(self, operation: str) -> Pages:
        if operation.endswith("service_quotas"):
            return Pages(self._list_quotas)
        key = {
            "list_training_jobs": "TrainingJobSummaries",
            "list_transform_jobs": "TransformJobSummaries",
            "list_endpoints": "Endpoints",
        }[operation]
        return Pages(lambda **_: {key: []})

    def _list_quotas(self, ServiceCode: str) -> dict[str, Any]:
        assert ServiceCode == "sagemaker"
        if self.refusal:
            error = {"Code": self.refusal, "Message": "not authorized"}
            raise ClientError({"Error": error}, "ListServiceQuotas")
        return {
            "Quotas": [
                {"QuotaName": name, "QuotaCode": f"L-{index}", "Value": value}
                for index, (name, value) in enumerate(self.quotas.items())
            ]
        }


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account()
    monkeypatch.setattr(Deployment, "client", lambda *_: made)
    monkeypatch.setattr("console.commands.deploying.preflight.find_obstacles", lambda _: made.obstacles)
    return made


def run(capsys: pytest.CaptureFixture[str], status: int) -> list[str]:
    """Runs the command, which has to end with a status; returns its lines."""
    assert main(["preflight"]) == status
    return capsys.readouterr().out.splitlines()


def test_an_account_that_has_all_is_told_a_line_for_each_thing(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, 0) == [
        "ok    account 111122223333 in us-east-1, as arn:aws:iam::111122223333:user/anna",
        "ok    the CDK is bootstrapped in us-east-1",
        "ok    image-classification, the algorithm's image, is in us-east-1",
        f"ok    {TRAINING}: 1 asked, 1 allowed, 0 in use",
        f"ok    {TRANSFORM}: 1 asked, 1 allowed, 0 in use",
        f"ok    {ENDPOINT}: 2 asked, 2 allowed, 0 in use",
    ]


def test_an_account_that_lacks_nothing_but_the_bootstrap_has_a_status_of_its_own(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.bootstrapped = False
    assert "note  the CDK is not bootstrapped in us-east-1: make deploy does that first" in run(capsys, 3)


def test_a_quota_of_none_is_a_no_with_ways_out_whatever_else_is_missing(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.bootstrapped = False
    account.quotas[TRANSFORM] = 0
    lines = run(capsys, 1)
    place = lines.index(f"no    {TRANSFORM}: 1 asked, 0 allowed, 0 in use")
    assert lines[place + 1] == (
        "        ask for more, which takes minutes to days: aws service-quotas "
        "request-service-quota-increase --service-code sagemaker --quota-code L-1 --desired-value 1"
    )


def test_a_region_without_the_algorithm_is_a_no_with_those_that_have_it(
    account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Meta, "region_name", "xx-nowhere-1")
    lines = run(capsys, 1)
    place = lines.index("no    image-classification, the algorithm's image, is not in xx-nowhere-1")
    assert "eu-central-1" in lines[place + 1]


def test_who_may_not_read_the_quotas_may_deploy(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    account.refusal = "AccessDeniedException"
    last = run(capsys, 0)[-1]
    assert last.startswith("note  the quotas are not known: ")
    assert "AccessDeniedException" in last


def test_who_may_not_look_for_what_was_left_may_deploy(
    account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Deployment) -> Iterator[Finding]:
        yield Finding(NOTE, "found before")
        answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": "not authorized"}}
        raise ClientError(answer, "GetResources")

    monkeypatch.setattr("console.commands.deploying.preflight.find_obstacles", refuse)
    lines = run(capsys, 0)
    assert lines[2] == "note  found before"
    assert lines[3].startswith("note  what an earlier deploy has left is not known: ")
    assert "GetResources" in lines[3]


def test_more_memory_for_a_serverless_endpoint_than_new_accounts_have_is_noted(
    account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    account.quotas["Maximum total concurrency that can be allocated across all serverless endpoints"] = 10
    chosen = {"endpoint_mode": "serverless", "endpoint_serverless_memory_mb": 6144}
    path = tmp_path / "cdk.json"
    path.write_text(json.dumps({"context": {"scones": chosen}}))
    monkeypatch.setattr(settings.read_settings_of_deploy, "__defaults__", (path, {}))
    lines = run(capsys, 0)
    assert lines[-2].startswith(
        "note  memory of a serverless endpoint: 6144 MB asked; new accounts have 3072"
    )
    assert lines[-1] == '        in cdk.json: "endpoint_serverless_memory_mb": 3072'


@pytest.mark.parametrize("code", ["ThrottlingException", "ExpiredTokenException"])
def test_an_account_that_does_not_answer_is_an_error_in_a_line(
    code: str, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.refusal = code
    assert main(["preflight"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert code in line


def test_without_a_region_nothing_is_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION")
    assert main(["preflight"]) == 1
    written = capsys.readouterr()
    (line,) = written.err.splitlines()
    assert "region" in line
    assert "AWS_DEFAULT_REGION" in line
    assert written.out == ""


def test_what_an_earlier_deploy_left_in_the_way_ends_it(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.obstacles.append(Finding(NO, "scones-batch is DELETE_FAILED", ["make destroy"]))
    lines = run(capsys, 1)
    assert lines[2:4] == ["no    scones-batch is DELETE_FAILED", "        make destroy"]


def test_it_asks_for_the_settings_that_the_deploy_will_have(
    account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    account.quotas[ENDPOINT] = 0
    assert "ml.t2.medium" in "".join(run(capsys, 1))
    # As a way out says, pasted behind make deploy.
    monkeypatch.setenv("CDK_CONTEXT", "endpoint_mode=off")
    assert "ml.t2.medium" not in "".join(run(capsys, 0))
