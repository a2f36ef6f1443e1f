"""What allows a role's request is noted once, and nothing is where nobody asked for it."""

import json
from pathlib import Path
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import EvalContext, parse_policy_document

from local.iam.uses import Uses


def make_context(action: str, resource: str, kind: str = "AssumedRole") -> Any:
    arn = "arn:aws:sts::000000000000:assumed-role/reader/session"
    return EvalContext(
        principal_arn=arn,
        principal_type=kind,
        principal_account="000000000000",
        action=action,
        resource_arn=resource,
        region="us-east-1",
    )


def test_each_permission_is_noted_when_its_role_first_acts_and_when_it_first_allows(tmp_path: Path) -> None:
    noted = tmp_path / "uses.jsonl"
    statement = {"Effect": "Allow", "Action": ["s3:Get*", "s3:PutObject"], "Resource": ["arn:a/*", "arn:b"]}
    policies = [parse_policy_document({"Statement": [statement]})]
    uses = Uses(noted)
    for action in ("s3:GetObject", "s3:GetObject", "s3:DeleteObject"):
        uses.note(iam_evaluator.evaluate, make_context(action, "arn:a/photo"), policies)
    uses.note(iam_evaluator.evaluate, make_context("s3:PutObject", "arn:b", "User"), policies)
    lines = [json.loads(line) for line in noted.read_text().splitlines()]
    assert {line["role"] for line in lines} == {"reader"}
    assert [(line["action"], line["resource"]) for line in lines if line["kind"] == "used"] == [
        ("s3:Get*", "arn:a/*")
    ]
    assert len([line for line in lines if line["kind"] == "allowed"]) == 4


def test_the_answer_is_that_of_iam(tmp_path: Path) -> None:
    uses = Uses(tmp_path / "uses.jsonl")
    policies = [
        parse_policy_document({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
    ]
    for action, decision in (("s3:GetObject", "Allow"), ("sqs:SendMessage", "ImplicitDeny")):
        answer = uses.note(iam_evaluator.evaluate, make_context(action, "arn:a"), policies)
        assert answer.decision == decision
