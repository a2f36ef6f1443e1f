"""The function that starts the state machine for uploads: which messages start it, and which come again."""

import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import Stubber
from hypothesis import example, given
from hypothesis import strategies as st

from lambdas.operations import upload
from lambdas.workflow.places import identify_photo
from tests.lambdas.operations.upload_events import BUCKET, STATE_MACHINE, make_batch, make_event, make_message

KEY = "incoming/0123/a photo.png"
EXECUTION = STATE_MACHINE.replace("stateMachine", "execution")
NOTHING_AGAIN: dict[str, list[Any]] = {"batchItemFailures": []}


def come_again(*identifiers: str) -> dict[str, list[dict[str, str]]]:
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}


def request(key: str, version: str) -> dict[str, str]:
    """The request that starts the state machine on one version of an object."""
    photo = {"image_data": "", "s3_bucket": BUCKET, "s3_key": key, "s3_version": version}
    name = identify_photo(BUCKET, key, version)
    return {"stateMachineArn": STATE_MACHINE, "name": name, "input": json.dumps(photo)}


@pytest.fixture
def states() -> Iterator[Stubber]:
    """Step Functions, whose requests and answers botocore's model checks; all answers must be asked for."""
    with Stubber(upload.step_functions) as stub:
        yield stub
        stub.assert_no_pending_responses()


def expect_start(states: Stubber, key: str, version: str) -> str:
    """Expects a start; returns the ARN that is answered."""
    asked = request(key, version)
    arn = f"{EXECUTION}:{asked['name']}"
    answer = {"executionArn": arn, "startDate": datetime(2026, 1, 1, tzinfo=UTC)}
    states.add_response("start_execution", answer, asked)
    return arn


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Returns what was logged, each line a JSON object."""
    written = io.BytesIO()
    (handler,) = upload.logger.handlers
    before = handler.setStream(io.TextIOWrapper(written, "utf-8", write_through=True))
    yield lambda: [json.loads(line) for line in written.getvalue().decode().splitlines()]
    handler.setStream(before)


@pytest.mark.parametrize(
    "key",
    [
        KEY,
        "incoming/a+b%20c.png",
        "incoming/Bär & Söhne.jpg",
        "incoming/🚲/写真.png",
        "incoming//x",
        "incoming/ ",
    ],
)
def test_an_upload_starts_the_state_machine_on_its_version_and_its_key_as_it_is(
    key: str, states: Stubber, context: Any, lines: Any
) -> None:
    arn = expect_start(states, key, "v1")
    assert upload.handler(make_batch(make_event(key, "v1")), context) == NOTHING_AGAIN
    (line,) = lines()
    assert (line["level"], line["message"], line["execution_id"]) == ("INFO", "Started", arn)
    assert (line["s3_key"], line["s3_version"], line["function_request_id"]) == (key, "v1", "5c3a")


def test_what_was_started_already_is_done(states: Stubber, context: Any, lines: Any) -> None:
    states.add_client_error("start_execution", "ExecutionAlreadyExists", expected_params=request(KEY, "v1"))
    assert upload.handler(make_batch(make_event(KEY, "v1")), context) == NOTHING_AGAIN
    (line,) = lines()
    assert line["execution_id"] == f"{EXECUTION}:{identify_photo(BUCKET, KEY, 'v1')}"


@pytest.mark.parametrize(
    ("key", "size", "reason"),
    [
        ("incoming/", 0, "the marker of a folder"),
        ("incoming/of mine/", 0, "the marker of a folder"),
        ("incoming/of mine/", 12, "the marker of a folder"),
        (KEY, 0, "an empty object"),
    ],
)
def test_what_can_be_no_photo_is_passed_over_with_a_line_in_the_log(
    key: str, size: int, reason: str, states: Stubber, context: Any, lines: Any
) -> None:
    assert upload.handler(make_batch(make_event(key, "v1", size)), context) == NOTHING_AGAIN
    (line,) = lines()
    assert (line["level"], line["message"]) == ("INFO", f"Passed over: {reason}")
    assert (line["s3_key"], line["s3_version"]) == (key, "v1")


@pytest.mark.parametrize(
    "error", ["ThrottlingException", "AccessDeniedException", "StateMachineDoesNotExist"]
)
def test_what_step_functions_refuses_comes_again_and_the_others_start(
    error: str, states: Stubber, context: Any, lines: Any
) -> None:
    expect_start(states, KEY, "v1")
    states.add_client_error("start_execution", error, expected_params=request(KEY, "v2"))
    expect_start(states, KEY, "v3")
    batch = make_batch(*(make_event(KEY, version) for version in ("v1", "v2", "v3")))
    assert upload.handler(batch, context) == come_again("m1")
    assert [line["level"] for line in lines()] == ["INFO", "ERROR", "INFO"]


def test_a_step_functions_that_does_not_answer_is_asked_again_later(
    context: Any, monkeypatch: pytest.MonkeyPatch, lines: Any
) -> None:
    def time_out(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://states.us-east-1.amazonaws.com")

    monkeypatch.setattr(upload.step_functions, "start_execution", time_out)
    assert upload.handler(make_batch(make_event(KEY, "v1")), context) == come_again("m0")
    (line,) = lines()
    assert line["error"] == "ConnectTimeoutError"


def change_detail(**changed: Any) -> dict[str, Any]:
    event = make_event(KEY, "v1")
    return {**event, "detail": {**event["detail"], **changed}}


def change_object(**changed: Any) -> dict[str, Any]:
    return change_detail(object={**make_event(KEY, "v1")["detail"]["object"], **changed})


FOREIGN = {
    "no JSON": "a photo, please",
    "nothing": "",
    "null": "null",
    "a number": "7",
    "a long number": "1" * 5_000,
    "a text": '"incoming/a.png"',
    "a list": "[]",
    "a deep list": "[" * 100_000,
    "half a surrogate pair in the key": change_object(key="incoming/\ud83d.png"),
    "half a surrogate pair in the version": change_object(**{"version-id": "\udead"}),
    "the notification that S3 would send itself": json.dumps(
        {"Records": [{"eventSource": "aws:s3", "s3": {"bucket": {"name": BUCKET}, "object": {"key": KEY}}}]}
    ),
    "S3's test of a notification": json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}),
    "the input of the state machine": request(KEY, "v1")["input"],
    "another source": make_event(KEY, "v1", source="aws.glacier"),
    "an application's own source": make_event(KEY, "v1", source="mine"),
    "a deletion": make_event(KEY, "v1", **{"detail-type": "Object Deleted"}),
    "a detail-type of no text": make_event(KEY, "v1", **{"detail-type": ["Object Created"]}),
    "another bucket": change_detail(bucket={"name": "another-bucket"}),
    "no bucket": change_detail(bucket=None),
    "no object": change_detail(object=[]),
    "no detail": make_event(KEY, "v1", detail="incoming"),
    "another prefix": change_object(key="review/0123/a.png"),
    "a prefix that begins alike": change_object(key="incoming"),
    "an address for a key": change_object(key=f"s3://{BUCKET}/{KEY}"),
    "a key of no text": change_object(key=7),
    "a key that is too long": change_object(key="incoming/" + "é" * 508),
    "no version": change_object(**{"version-id": None}),
    "an empty version": change_object(**{"version-id": ""}),
    "a version of no text": change_object(**{"version-id": 7}),
    "a version that is too long": change_object(**{"version-id": "v" * 1_025}),
    "no size": change_object(size=None),
    "a truth for a size": change_object(size=True),
    "a fraction for a size": change_object(size=7.5),
    "a text for a size": change_object(size="700"),
    "a size below none": change_object(size=-1),
    "no number for a size": change_object(size=float("nan")),
}


@pytest.mark.parametrize("event", FOREIGN.values(), ids=FOREIGN.keys())
def test_what_tells_of_no_upload_starts_nothing_and_comes_again_until_it_is_a_dead_letter(
    event: Any, states: Stubber, context: Any, lines: Any
) -> None:
    expect_start(states, KEY, "before")
    expect_start(states, KEY, "after")
    batch = make_batch(make_event(KEY, "before"), event, make_event(KEY, "after"))
    assert upload.handler(batch, context) == come_again("m1")
    before, line, after = lines()
    assert (before["message"], after["message"]) == ("Started", "Started")
    assert (line["level"], line["error"], line["message_id"]) == ("ERROR", "NoUpload", "m1")
    assert line["message"].startswith("Not started: ")
    assert len(line["message"]) < 400


texts = st.text() | st.sampled_from(["\ud800", "\U0001f6b2", "incoming/", BUCKET, "aws.s3", "Object Created"])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
# Nearly an upload: some value in the place of another, on the way from the event to the object.
near_uploads = (
    st.builds(
        lambda name, value: make_event(KEY, "v1", **{name: value}),
        st.sampled_from(["source", "detail-type", "detail"]),
        json_values,
    )
    | st.builds(
        lambda part, value: change_detail(**{part: value}),
        st.sampled_from(["bucket", "object"]),
        json_values,
    )
).filter(lambda event: event != make_event(KEY, "v1"))
foreign_bodies = st.text() | (json_values | near_uploads).map(json.dumps)


@given(body=foreign_bodies)
@example(body="\ud800")
@example(body='{"detail": {"bucket": {"name": "\\ud800"}}}')
def test_no_text_and_no_json_makes_the_function_fail_or_start(body: str) -> None:
    batch = {"Records": [make_message("m0", body)]}
    started = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upload.step_functions, "start_execution", lambda **asked: started.append(asked))
        patch.setattr(upload.logger, "error", lambda *_, **__: None)
        answer = upload.handler(batch, Context())  # type: ignore[arg-type]
    assert answer == come_again("m0")
    assert started == []


class Context:
    """What Lambda passes beside the event, as far as it is used."""

    function_name = "scones-upload"
    aws_request_id = "5c3a"


class Killed(BaseException):
    """Lambda ends the function's process."""


class StepFunctions:
    """Starts an execution of a name once; now and then throttles, or has the function killed after a start.

    Attributes:
        executions: Inputs by name.
        exceptions: As the real client has them.
    """

    exceptions = upload.step_functions.exceptions

    def __init__(self, fates: Iterator[str]) -> None:
        self.executions: dict[str, str] = {}
        self._fates = fates

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, str]:
        fate = next(self._fates, "answered")
        if fate == "throttled":
            raise self.exceptions.ClientError(
                {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "StartExecution"
            )
        if name in self.executions:
            assert self.executions[name] == input, "one name, two inputs"
            raise self.exceptions.ExecutionAlreadyExists({"Error": {}}, "StartExecution")
        self.executions[name] = input
        if fate == "killed":
            raise Killed
        return {"executionArn": f"{stateMachineArn}:{name}"}


uploads = st.tuples(
    st.sampled_from(["a.png", "b c.png", "ü+1.png"]).map("incoming/".__add__),
    st.sampled_from(["v1", "v2", "v3"]),
)
fates = st.sampled_from(["answered", "answered", "answered", "throttled", "killed"])


@given(
    told=st.lists(uploads, min_size=1, max_size=8),
    times=st.integers(1, 10),
    others=st.lists(foreign_bodies, max_size=3),
    chance=st.randoms(use_true_random=False),
    fate=st.lists(fates, max_size=60),
)
def test_each_version_starts_once_however_often_and_in_whatever_order_and_company_it_is_told(
    told: list[tuple[str, str]], times: int, others: list[str], chance: Any, fate: list[str]
) -> None:
    bodies = [json.dumps(make_event(*version)) for version in told for _ in range(times)]
    waiting = {str(number): body for number, body in enumerate([*bodies, *others])}
    receives = dict.fromkeys(waiting, 0)
    states = StepFunctions(iter(fate))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upload, "step_functions", states)
        for name in ("info", "error"):
            patch.setattr(upload.logger, name, lambda *_, **__: None)
        # All fates but one may be bad; then each message of an upload goes well, and each other one fails.
        while waiting and min(receives[identifier] for identifier in waiting) <= len(fate):
            batch = chance.sample(sorted(waiting), chance.randint(1, min(10, len(waiting))))
            for identifier in batch:
                receives[identifier] += 1
            records = [make_message(identifier, waiting[identifier]) for identifier in batch]
            try:
                answer = upload.handler({"Records": records}, Context())  # type: ignore[arg-type]
            except Killed:
                continue
            again = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            waiting = {name: body for name, body in waiting.items() if name not in batch or name in again}
    assert sorted(waiting.values()) == sorted(others)
    assert states.executions == {
        asked["name"]: asked["input"] for asked in (request(*version) for version in told)
    }
