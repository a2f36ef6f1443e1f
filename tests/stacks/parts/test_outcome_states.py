"""What the state machine keeps and tells of a photo, its JSONata evaluated and its writes made on moto."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import boto3
import jsonata
import moto
import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.workflow import outcomes, places
from tests.stacks.synthesis import Assembly
from tests.stacks.test_state_machine_definitions import definition

PHOTO = {"bucket": "the-bucket", "key": "incoming/ab/My Photo ü+&.JPG", "version": "v1"}
ANSWER = {"predicted_class": "bicycle", "confidence": 0.75, "inferences": [0.75, 0.25], "threshold": 0.5}
REFUSAL = {"Error": "ThresholdConfidenceNotMet", "Cause": "Confidence 0.75 is below the threshold 0.8"}
FAILURE = {"Error": "ImageNotFound", "Cause": "s3://the-bucket/incoming/a.png does not exist"}
INPUTS = {"routing": ANSWER, "refusal": REFUSAL, "failure": FAILURE}
ENTERED = "2026-11-26T18:59:51.803Z"
RANKS = {"failed": 0, "refused": 1, "routed": 2}


@pytest.fixture(scope="module")
def states(assembly: Assembly) -> dict[str, Any]:
    """The states of the machine that routes photos."""
    return definition(assembly, "workflow")["States"]


def evaluate(value: Any, variables: dict[str, Any], states: dict[str, Any]) -> Any:
    """Evaluates all JSONata in a template of a state, as Step Functions does."""
    if isinstance(value, dict):
        return {name: evaluate(inner, variables, states) for name, inner in value.items()}
    if isinstance(value, list):
        return [evaluate(inner, variables, states) for inner in value]
    if not (isinstance(value, str) and value.startswith("{%")):
        return value
    expression = jsonata.Jsonata(value.removeprefix("{%").removesuffix("%}"))
    for name, bound in {**variables, "states": states}.items():
        expression.assign(name, bound)
    expression.register_lambda("hash", hash_text)
    result = expression.evaluate(None)
    # An expression that yields nothing fails the execution.
    assert result is not None, value
    return result


def hash_text(text: str, algorithm: str) -> str:
    """Stands for Step Functions' own ``$hash``."""
    return hashlib.new(algorithm.replace("-", ""), text.encode()).hexdigest()


def run(
    states: dict[str, Any], what: str, execution: str = "e1", photo: dict[str, str] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the arguments of PutItem and the entry of PutEvents for a photo of some outcome."""
    context = {
        "Execution": {"Id": f"arn:execution:{execution}", "Name": execution, "StartTime": ENTERED},
        "State": {"EnteredTime": ENTERED},
    }
    variables = {"photo": PHOTO if photo is None else photo, "answer": ANSWER, "decided_at": ENTERED}
    shown = {"input": INPUTS[what], "context": context}
    put = evaluate(states[f"Keep the {what}"]["Arguments"], variables, shown)
    (entry,) = evaluate(states[f"Tell the {what}"]["Arguments"], variables, shown)["Entries"]
    return put, entry


def read_item(put: dict[str, Any]) -> dict[str, Any]:
    """Returns the item of PutItem in plain Python."""
    reader = TypeDeserializer()
    item = {name: reader.deserialize(value) for name, value in put["Item"].items()}
    return json.loads(json.dumps(item, default=float))


@pytest.mark.parametrize("what", list(INPUTS))
def test_the_event_tells_what_the_table_keeps_in_the_form_that_a_review_uses_too(
    states: dict[str, Any], what: str
) -> None:
    put, entry = run(states, what)
    item = read_item(put)
    assert entry["Detail"] == outcomes.make_detail(item)
    assert entry["DetailType"] == outcomes.DETAIL_TYPES[item["outcome"]]
    assert entry["Source"] == outcomes.name_source("scones")


@given(
    st.fixed_dictionaries(
        {name: st.text(st.characters(exclude_categories=["Cs"]), min_size=1) for name in PHOTO}
    )
)
@settings(max_examples=50)
def test_a_photo_has_one_id_in_the_machine_and_in_python(
    states: dict[str, Any], photo: dict[str, str]
) -> None:
    put, _ = run(states, "routing", photo=photo)
    assert put["Item"]["photo"] == {"S": places.identify_photo(**photo)}


def test_a_routed_photo_says_by_what_and_is_forgotten_in_time(states: dict[str, Any]) -> None:
    item = read_item(run(states, "routing")[0])
    assert item["outcome"] == "routed"
    assert item["probabilities"] == {"bicycle": 0.75, "motorcycle": 0.25}
    assert (item["predicted_class"], item["confidence"], item["threshold"]) == ("bicycle", 0.75, 0.5)
    assert (item["model"], item["execution"]) == ("scones--0123456789ab", "arn:execution:e1")
    assert item["file"] == "my photo ü+&.jpg"
    assert item["expires_at"] == 1_795_719_591 + 90 * 86_400


def test_a_refused_photo_waits_for_ever_with_what_it_missed(states: dict[str, Any]) -> None:
    item = read_item(run(states, "refusal")[0])
    assert item["outcome"] == "refused"
    assert (item["threshold"], item["confidence"], item["error"]) == (0.8, 0.75, "ThresholdConfidenceNotMet")
    assert outcomes.EXPIRES not in item


def test_an_event_that_names_no_photo_is_kept_under_its_execution(states: dict[str, Any]) -> None:
    item = read_item(run(states, "failure", execution="by-hand", photo={})[0])
    assert (item["photo"], item["bucket"], item["key"], item["version"]) == ("by-hand", "", "", "")


def test_two_photos_of_one_key_without_versions_are_kept_apart(states: dict[str, Any]) -> None:
    photo = {**PHOTO, "version": ""}
    items = [read_item(run(states, "failure", execution, photo)[0]) for execution in ("e1", "e2")]
    assert [item["photo"] for item in items] == ["e1", "e2"]
    assert {item["key"] for item in items} == {PHOTO["key"]}


@pytest.mark.parametrize(
    ("event", "found"),
    [
        ({"s3_bucket": "b", "s3_key": "k"}, {"bucket": "b", "key": "k", "version": ""}),
        ({"s3_bucket": "b", "s3_key": "k", "s3_version": None}, {"bucket": "b", "key": "k", "version": ""}),
        (
            {"body": {"s3_bucket": "b", "s3_key": "k", "s3_version": "v"}},
            {"bucket": "b", "key": "k", "version": "v"},
        ),
        (
            {"detail": {"bucket": {"name": "b"}, "object": {"key": "k", "version-id": "v"}}},
            {"bucket": "b", "key": "k", "version": "v"},
        ),
        ({"body": '{"s3_bucket": "b"}'}, {}),
        ({"s3_key": "k", "body": {"s3_bucket": "b"}}, {}),
        ({"detail": "other"}, {}),
        ({"Records": [{"s3": {}}]}, {}),
    ],
)
def test_where_the_photo_cannot_be_read_the_event_says_which_it_was(
    states: dict[str, Any], event: dict[str, Any], found: dict[str, str]
) -> None:
    invalid, other = states["Serialize the photo"]["Catch"]
    assert evaluate(other["Assign"]["photo"], {}, {"input": event}) == found
    assert evaluate(invalid["Assign"]["photo"], {}, {"input": event}) == {}


def test_the_copy_for_a_review_is_of_the_version_that_was_refused(states: dict[str, Any]) -> None:
    shown = {"input": REFUSAL, "context": {"Execution": {"Name": "e1"}}}
    copy = evaluate(states["Copy the photo for its review"]["Arguments"], {"photo": PHOTO}, shown)
    assert copy["Key"] == places.review_key(places.identify_photo(**PHOTO), PHOTO["key"])
    assert copy["CopySource"] == "the-bucket/incoming%2Fab%2FMy%20Photo%20%C3%BC%2B%26.JPG?versionId=v1"


@pytest.fixture(scope="module")
def table() -> Iterator[Any]:
    """A table with the key of the table of outcomes, on moto."""
    with moto.mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName="the-table",
            KeySchema=[{"AttributeName": "photo", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "photo", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


@given(
    st.lists(
        st.tuples(st.sampled_from(list(INPUTS)), st.sampled_from(["e1", "e2", "e3"])), min_size=1, max_size=8
    )
)
@settings(max_examples=60)
def test_a_photo_has_one_outcome_whatever_is_retried_or_run_again(
    states: dict[str, Any], table: Any, attempts: list[tuple[str, str]]
) -> None:
    photo = places.identify_photo(**PHOTO)
    table.delete_item(TableName="the-table", Key={"photo": {"S": photo}})
    routed_by = set()
    for what, execution in attempts:
        put, _ = run(states, what, execution)
        try:
            table.put_item(**put)
        except table.exceptions.ConditionalCheckFailedException:
            continue
        if what == "routing":
            routed_by.add(execution)
    (kept,) = table.scan(TableName="the-table")["Items"]
    best = max((run(states, what)[0]["Item"]["outcome"]["S"] for what, _ in attempts), key=RANKS.__getitem__)
    assert kept["outcome"]["S"] == best
    # However often it is run: one execution tells that the photo is routed.
    assert len(routed_by) <= 1


@pytest.mark.parametrize("judged", [outcomes.ROUTED_BY_REVIEW, outcomes.DISCARDED])
@pytest.mark.parametrize("what", list(INPUTS))
def test_what_a_person_decided_stays(states: dict[str, Any], table: Any, what: str, judged: str) -> None:
    put, _ = run(states, "refusal")
    table.put_item(TableName="the-table", Item={**put["Item"], "outcome": {"S": judged}})
    with pytest.raises(table.exceptions.ConditionalCheckFailedException):
        table.put_item(**run(states, what)[0])
