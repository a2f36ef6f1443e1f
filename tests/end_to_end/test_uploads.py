"""Uploads that route themselves, each exactly once, with the real CDK CLI on the embedded cloud.

The tests of this file depend on one another and run in the order written.
"""

import io
import json
import os
import signal
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from lambdas.workflow import places
from tests.end_to_end.deployed_home import NAME, SETTINGS
from tests.end_to_end.embedded_cloud import App, EmbeddedCloud, execute, succeeded
from tests.end_to_end.uploaded_photos import eventually, put, read_outcomes, wait_for_outcome

pytestmark = pytest.mark.end_to_end

BURST, BURST_SECONDS = 100, 180


@pytest.fixture(scope="module")
def app(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> App:
    """A deployment whose model is sure enough of every photo."""
    app = App(cloud, NAME, SETTINGS, tmp_path_factory.mktemp("assembly"))
    # What comes back to the queue comes again in a second, in place of minutes.
    sqs = app.cloud.client("sqs")
    sqs.set_queue_attributes(QueueUrl=find_queue(app), Attributes={"VisibilityTimeout": "1"})
    return app


def find_queue(app: App) -> str:
    return str(app.cloud.client("sqs").get_queue_url(QueueName=f"{app.name}-uploads")["QueueUrl"])


def draw(shade: int) -> bytes:
    """Returns the file of a photo."""
    written = io.BytesIO()
    Image.linear_gradient("L").resize((64, 64)).point(lambda grey: (grey + shade) % 256).convert("RGB").save(
        written, "PNG"
    )
    return written.getvalue()


def list_executions(app: App) -> list[str]:
    """Returns the names of all executions."""
    pages = app.cloud.client("stepfunctions").get_paginator("list_executions")
    found = pages.paginate(stateMachineArn=app.parameter("state-machine"))
    return [execution["name"] for page in found for execution in page["executions"]]


def is_quiet(app: App) -> bool:
    """Returns whether the queue is empty and no execution runs."""
    counts = app.cloud.client("sqs").get_queue_attributes(QueueUrl=find_queue(app), AttributeNames=["All"])
    running = app.cloud.client("stepfunctions").list_executions(
        stateMachineArn=app.parameter("state-machine"), statusFilter="RUNNING"
    )["executions"]
    waiting = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    return not running and all(counts["Attributes"][name] == "0" for name in waiting)


def read_log(app: App) -> list[dict[str, Any]]:
    """Returns the lines that the function has logged."""
    events = app.cloud.client("logs").get_paginator("filter_log_events")
    pages = events.paginate(logGroupName=f"/aws/lambda/{app.name}-upload")
    lines = [event["message"] for page in pages for event in page["events"]]
    return [json.loads(line) for line in lines if line.startswith("{") and '"message"' in line]


def test_an_upload_routes_itself(app: App) -> None:
    key = "incoming/Fähre + 100%/a photo 🚲.png"
    outcome = wait_for_outcome(app, key, version := put(app, key, draw(1)))
    assert (outcome["outcome"], outcome["key"], outcome["version"]) == ("routed", key, version)
    photo = places.identify_photo(app.parameter("bucket"), key, version)
    assert list_executions(app) == [photo]
    assert outcome["execution"].endswith(f":{photo}")


def test_a_key_that_is_overwritten_is_two_photos_each_routed_by_its_own_picture(app: App) -> None:
    key, pictures = "incoming/same.png", [draw(2), draw(90)]
    versions = [put(app, key, picture) for picture in pictures]
    outcomes = [wait_for_outcome(app, key, version) for version in versions]
    states = app.cloud.client("stepfunctions")
    for outcome, version, picture in zip(outcomes, versions, pictures, strict=True):
        eventually(lambda: is_quiet(app))
        output = json.loads(states.describe_execution(executionArn=outcome["execution"])["output"])
        assert output["s3_version"] == version
        direct = {"s3_bucket": app.parameter("bucket"), "s3_key": f"elsewhere/{version}.png"}
        put(app, direct["s3_key"], picture)
        assert json.loads(execute(app, direct)["output"])["inferences"] == output["inferences"]


def test_a_direct_start_of_an_upload_that_routed_itself_routes_it_again_under_its_own_name(app: App) -> None:
    key = "incoming/again.png"
    version = put(app, key, draw(3))
    first = wait_for_outcome(app, key, version)
    eventually(lambda: is_quiet(app))
    before = list_executions(app)
    succeeded(app.console("route", f"s3://{app.parameter('bucket')}/{key}"))
    assert len(list_executions(app)) == len(before) + 1
    # The photo has one outcome, now of the execution that routed it first.
    assert wait_for_outcome(app, key, version)["execution"] == first["execution"]


def test_a_photo_that_the_command_uploads_is_routed_once(app: App, tmp_path: Path) -> None:
    before = list_executions(app)
    (tmp_path / "my own.png").write_bytes(draw(4))
    routed = succeeded(app.console("route", str(tmp_path / "my own.png")))
    assert routed.stdout.splitlines()[1].split()[-2] == "routed"
    eventually(lambda: is_quiet(app))
    (name,) = set(list_executions(app)) - set(before)
    assert len(list_executions(app)) == len(before) + 1
    assert read_outcomes(app)[name]["file"] == "my own.png"
    started = [line for line in read_log(app) if line["message"] == "Started"]
    assert name in {line["execution_id"].rpartition(":")[2] for line in started}, "the event came too"


def test_folder_markers_and_empty_objects_start_nothing_and_are_in_the_log(app: App) -> None:
    before = list_executions(app)
    for key in ("incoming/folder/", "incoming/empty.png"):
        put(app, key, b"")
    reasons = {
        "incoming/folder/": "Passed over: the marker of a folder",
        "incoming/empty.png": "Passed over: an empty object",
    }
    eventually(
        lambda: reasons.items() <= {line.get("s3_key"): line["message"] for line in read_log(app)}.items()
    )
    eventually(lambda: is_quiet(app))
    assert list_executions(app) == before


def test_what_is_put_elsewhere_starts_nothing(app: App) -> None:
    before = list_executions(app)
    for key in ("review/0123/a.png", "incoming.png", "datasets/incoming/a.png"):
        put(app, key, draw(5))
    wait_for_outcome(app, "incoming/last.png", put(app, "incoming/last.png", draw(6)))
    assert len(list_executions(app)) == len(before) + 1


def make_event(app: App, key: str, version: str) -> dict[str, Any]:
    described = {"key": key, "size": 700, "etag": "d1c8", "version-id": version, "sequencer": "0062E99A"}
    detail = {"version": "0", "bucket": {"name": app.parameter("bucket")}, "object": described}
    return {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}


def test_the_same_event_ten_times_is_one_execution(app: App) -> None:
    key = "incoming/ten times.png"
    version = put(app, key, draw(7))
    photo = places.identify_photo(app.parameter("bucket"), key, version)
    sqs, queue = app.cloud.client("sqs"), find_queue(app)
    body = json.dumps(make_event(app, key, version))
    entries = [{"Id": str(number), "MessageBody": body} for number in range(10)]
    sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    wait_for_outcome(app, key, version)
    sqs.send_message(QueueUrl=queue, MessageBody=body)
    eventually(lambda: is_quiet(app))
    assert list_executions(app).count(photo) == 1
    started = [line for line in read_log(app) if line.get("s3_key") == key]
    assert [line["message"] for line in started] == 12 * ["Started"]


def test_malformed_and_foreign_messages_become_dead_letters_and_the_photo_beside_them_is_routed(
    app: App,
) -> None:
    before = list_executions(app)
    sqs, dead_letters = app.cloud.client("sqs"), app.parameter("dead-letters")
    foreign = make_event(app, "incoming/a.png", "v1")
    foreign["detail"]["bucket"]["name"] = "another-bucket"
    bodies = {"a photo, please", json.dumps({"Records": []}), json.dumps(foreign)}
    for body in bodies:
        sqs.send_message(QueueUrl=find_queue(app), MessageBody=body)
    wait_for_outcome(app, "incoming/beside.png", put(app, "incoming/beside.png", draw(8)))
    dead: set[str] = set()

    def all_are_dead() -> bool:
        received = sqs.receive_message(QueueUrl=dead_letters, MaxNumberOfMessages=10).get("Messages", [])
        dead.update(message["Body"] for message in received)
        return dead == bodies

    eventually(all_are_dead)
    eventually(lambda: is_quiet(app))
    assert len(list_executions(app)) == len(before) + 1


def test_a_photo_deleted_before_it_is_read_is_read_by_its_version_and_failed_by_name_once_that_is_gone(
    app: App,
) -> None:
    s3, bucket, key = app.cloud.client("s3"), app.parameter("bucket"), "incoming/deleted.png"
    rule, events = f"{app.name}-uploads", app.cloud.client("events")
    # The events come after the deletions.
    events.disable_rule(Name=rule)
    versions = [put(app, key, draw(9)), put(app, key, draw(10))]
    s3.delete_object(Bucket=bucket, Key=key)
    s3.delete_object(Bucket=bucket, Key=key, VersionId=versions[1])
    events.enable_rule(Name=rule)
    for version in versions:
        body = json.dumps(make_event(app, key, version))
        app.cloud.client("sqs").send_message(QueueUrl=find_queue(app), MessageBody=body)
    there, gone = (wait_for_outcome(app, key, version) for version in versions)
    assert there["outcome"] == "routed"
    assert (gone["outcome"], gone["error"]) == ("failed", "ImageNotFound")
    assert versions[1] in gone["cause"]


def find_processes(app: App) -> list[int]:
    """Returns the ids of the processes of the function that starts executions, of this cloud alone."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command, variables = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
        except OSError:
            continue
        ours = str(app.cloud.home).encode() in command
        if ours and f"AWS_LAMBDA_FUNCTION_NAME={app.name}-upload\0".encode() in variables + b"\0":
            found.append(int(process.name))
    return found


def kill_function(app: App) -> int:
    """Kills all processes of the function, whatever they are at; returns how many there were."""
    processes = find_processes(app)
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return len(processes)


def test_in_a_burst_with_the_function_killed_again_and_again_each_upload_is_routed_once(app: App) -> None:
    before = set(list_executions(app))
    keys = [f"incoming/burst/{number}.png" for number in range(BURST)]
    putting: list[Future[str]] = []
    with ThreadPoolExecutor(4) as pool:
        for end in (BURST // 3, 2 * BURST // 3, BURST):
            started = len(list_executions(app))
            putting += [pool.submit(put, app, keys[n], draw(n)) for n in range(len(putting), end)]
            eventually(lambda started=started: len(list_executions(app)) > started)
            # Some process starts these uploads, or will.
            eventually(lambda: kill_function(app))
        versions = [done.result() for done in putting]
    bucket = app.parameter("bucket")
    expected = {places.identify_photo(bucket, *photo) for photo in zip(keys, versions, strict=True)}
    assert len(expected) == BURST
    outcomes = eventually(lambda: expected <= (found := read_outcomes(app)).keys() and found, BURST_SECONDS)
    eventually(lambda: is_quiet(app))
    executions = list_executions(app)
    assert len(executions) == len(set(executions))
    assert set(executions) - before == expected
    assert {outcomes[photo]["outcome"] for photo in expected} == {"routed"}
    assert all(outcomes[photo]["execution"].endswith(f":{photo}") for photo in expected)
