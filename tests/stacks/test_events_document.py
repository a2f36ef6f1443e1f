"""docs/events.md tells the events as they are: its examples, its schema, and its rule."""

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsonschema
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Match, Template

from lambdas.workflow import outcomes, places
from tests.stacks.synthesis import Assembly

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "events.md").read_text()
*EXAMPLES, SCHEMA = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL))
DETAILS = {example["detail"]["outcome"]: example["detail"] for example in EXAMPLES}
# The state of the state machine that tells of an outcome.
STATES = {
    outcomes.ROUTED: "Tell the routing",
    outcomes.REFUSED: "Tell the refusal",
    outcomes.FAILED: "Tell the failure",
}


def make_item(detail: dict[str, Any]) -> dict[str, Any]:
    """Returns the item of the table that an event tells of."""
    photo = detail["photo"]
    others = {name: value for name, value in detail.items() if name not in ("version", "photo")}
    return {"photo": photo["id"], **{name: photo[name] for name in ("bucket", "key", "version")}, **others}


def is_valid(detail: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(detail))


def test_there_is_an_example_of_each_outcome() -> None:
    assert set(DETAILS) == set(outcomes.OUTCOMES)


@pytest.mark.parametrize("example", EXAMPLES, ids=list(DETAILS))
def test_an_example_is_an_event_as_it_is_sent(example: dict[str, Any]) -> None:
    detail = example["detail"]
    assert detail == outcomes.make_detail(make_item(detail))
    assert example["source"] == outcomes.name_source("scones")
    assert example["detail-type"] == outcomes.DETAIL_TYPES[detail["outcome"]]
    photo = detail["photo"]
    assert photo["id"] == places.identify_photo(photo["bucket"], photo["key"], photo["version"])


@pytest.mark.parametrize("outcome", STATES)
def test_the_state_machine_sends_the_fields_of_the_example(outcome: str, assembly: Assembly) -> None:
    machine = assembly.only("workflow", "AWS::StepFunctions::StateMachine")
    text = "".join(
        part if isinstance(part, str) else "REFERENCE" for part in machine["DefinitionString"]["Fn::Join"][1]
    )
    (entry,) = json.loads(text)["States"][STATES[outcome]]["Arguments"]["Entries"]
    sent, told = entry["Detail"], DETAILS[outcome]
    assert sent.keys() == told.keys()
    assert sent["photo"].keys() == told["photo"].keys()


@pytest.mark.parametrize("outcome", outcomes.OUTCOMES)
def test_the_schema_takes_the_example_and_misses_each_field_of_it(outcome: str) -> None:
    detail = DETAILS[outcome]
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert is_valid(detail)
    assert set(SCHEMA["properties"]) >= detail.keys()
    for field in detail:
        assert not is_valid({name: value for name, value in detail.items() if name != field}), field
    assert is_valid({**detail, "a field of later": 1})


def test_the_schema_has_no_field_that_no_example_has() -> None:
    assert set(SCHEMA["properties"]) == {field for detail in DETAILS.values() for field in detail}


@pytest.mark.parametrize(
    ("outcome", "others"),
    [
        (outcomes.FAILED, {"predicted_class": "bicycle"}),
        (outcomes.ROUTED, {"error": "InvalidImage"}),
        (outcomes.REFUSED, {"label": "bicycle"}),
        (outcomes.DISCARDED, {"label": "bicycle"}),
        (outcomes.REFUSED, {"reviewed_by": "arn:aws:iam::123456789012:user/ada"}),
        (outcomes.ROUTED, {"confidence": 1.1}),
        (outcomes.ROUTED, {"decided_at": "2026-01-31 12:00"}),
        (outcomes.ROUTED, {"version": "2"}),
    ],
)
def test_the_schema_refuses_what_no_event_has(outcome: str, others: dict[str, Any]) -> None:
    assert not is_valid({**DETAILS[outcome], **others})


def test_each_field_has_a_row_in_the_table() -> None:
    told = set(re.findall(r"`([\w.]+)`", " ".join(re.findall(r"^\| (`.*?) \|", DOCUMENT, re.MULTILINE))))
    fields = {field for detail in DETAILS.values() for field in detail} - {"photo"}
    assert fields | {f"photo.{name}" for name in ("id", "bucket", "key", "version")} <= told


def test_the_rule_of_the_command_line_is_that_of_the_cdk() -> None:
    (pattern,) = re.findall(r"--event-pattern \\\n\s*'(.*)'", DOCUMENT)
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    stack = cdk.Stack()
    exec(code, {"self": stack, "sqs": sqs, "events": events, "targets": targets})
    template = Template.from_stack(stack)
    template.has_resource_properties("AWS::Events::Rule", {"EventPattern": json.loads(pattern)})
    template.has_resource_properties(
        "AWS::SQS::QueuePolicy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [Match.object_like({"Principal": {"Service": "events.amazonaws.com"}})]
                )
            }
        },
    )
