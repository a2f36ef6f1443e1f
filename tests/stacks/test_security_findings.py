"""cdk-nag's AwsSolutions pack finds nothing in the stacks but what is accepted with a reason."""

import re

import pytest

from tests.stacks.accepted_findings import ACCEPTED_FINDINGS
from tests.stacks.synthesis import Assembly


def accepts(accepted: tuple[str, str, str], finding: tuple[str, str]) -> bool:
    return all(re.fullmatch(pattern, text) for pattern, text in zip(accepted, finding, strict=False))


def test_every_finding_is_accepted_with_a_reason(
    assembly: Assembly, with_artifact: Assembly, with_auto: Assembly
) -> None:
    for made in (assembly, with_artifact, with_auto):
        assert made.violations, "the pack did not run"
        assert [f for f in made.violations if not any(accepts(a, f) for a in ACCEPTED_FINDINGS)] == []


@pytest.mark.parametrize("accepted", ACCEPTED_FINDINGS, ids=lambda accepted: accepted[0])
def test_nothing_is_accepted_that_is_not_found(
    assembly: Assembly, with_artifact: Assembly, accepted: tuple[str, str, str]
) -> None:
    findings = [*assembly.violations, *with_artifact.violations]
    assert any(accepts(accepted, finding) for finding in findings)
    assert accepted[2].endswith(".")
