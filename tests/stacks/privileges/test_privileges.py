"""What a role may do it was seen to do under IAM, or there is a reason; and the document says so."""

import json

import pytest

from tests.stacks.privileges.document import read_table
from tests.stacks.privileges.reasons import find_reason, is_of_aws, list_reasons
from tests.stacks.privileges.uses import Uses, draw_table, generalize, load, read_lines
from tests.stacks.synthesis import STACKS, Assembly


@pytest.fixture(scope="module")
def uses() -> Uses:
    """What the end-to-end tests have used."""
    return load()


def find_allowed(assembly: Assembly) -> set[tuple[str, str, str]]:
    """Returns stack, role and action of all that the templates' own roles may do, but for what AWS does."""
    found = set()
    for stack in STACKS:
        for policy in assembly.resources(stack, "AWS::IAM::Policy").values():
            roles = [role["Ref"][:-8] for role in policy["Properties"]["Roles"]]
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                actions = statement["Action"] if statement["Effect"] == "Allow" else []
                actions = [actions] if isinstance(actions, str) else actions
                actions = [action for action in actions if not is_of_aws(action, "*")]
                found |= {(stack, role, action) for role in roles for action in actions}
    return found


def test_what_was_never_used_has_a_reason(uses: Uses) -> None:
    assert not [
        permission
        for permission, used in uses.items()
        if not used and not is_of_aws(*permission[2:]) and not find_reason(*permission[1:])
    ]


def test_each_reason_is_needed(uses: Uses) -> None:
    unused = [permission[1:] for permission, used in uses.items() if not used]
    given_reasons = {find_reason(*permission) for permission in unused}
    assert set(list_reasons()) <= given_reasons


def test_the_roles_of_the_templates_may_do_what_the_run_knows_and_nothing_else(
    uses: Uses, assembly: Assembly, with_artifact: Assembly
) -> None:
    known = {permission[:3] for permission in uses if not is_of_aws(permission[2], "*")}
    allowed = find_allowed(assembly) | find_allowed(with_artifact)
    advice = "make test-privileges brings the record up to date"
    assert not allowed - known, advice
    roles = {permission[:2] for permission in allowed}
    assert not {each for each in known if each[:2] in roles} - allowed, advice


def test_the_document_has_the_table_of_what_was_used(uses: Uses) -> None:
    assert read_table() == draw_table(uses)


@pytest.mark.parametrize(
    ("resource", "general"),
    [
        ("arn:aws:s3:::scones-x-storage-bucket83908e77-0e23dfebd8a9f/models/*", "s3:BUCKET/models/*"),
        ("arn:aws:dynamodb:us-east-1:000000000000:table/scones-x-outcomes-1A2B", "dynamodb:table/TABLE"),
        (
            "arn:aws:iam::000000000000:role/scones-x-training-EvaluationRole1F9CD87D-72DDCDF88E544",
            "iam:role/EvaluationRole",
        ),
        ("arn:aws:sagemaker:us-east-1:000000000000:endpoint/scones-x", "sagemaker:endpoint/NAME"),
        (
            "arn:aws:sagemaker:us-east-1:000000000000:endpoint/scones-x-serverless",
            "sagemaker:endpoint/NAME-serverless",
        ),
        ("*", "*"),
    ],
)
def test_a_resource_is_named_as_in_any_deployment(resource: str, general: str) -> None:
    assert generalize(resource, "scones-x") == general


def test_what_one_cloud_used_another_need_not() -> None:
    def note(kind: str, role: str = "scones-batch-BatchRole0A1B2C3D-x") -> str:
        return json.dumps({"kind": kind, "role": role, "action": "s3:GetObject", "resource": "*"})

    uses = read_lines([note("allowed"), note("used"), note("allowed"), note("used", "somebody")])
    assert uses == {("batch", "BatchRole", "s3:GetObject", "*"): True}
