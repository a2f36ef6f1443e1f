"""Batches, each photo of which has one outcome, and their command, on the embedded cloud.

The tests of this file depend on one another and run in the order written.
"""

import io
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from PIL import Image

from lambdas.workflow import places
from tests.end_to_end.batches.runs import read_rows, route_batch, start_batch, wait_for_end
from tests.end_to_end.deployed_home import NAME, SETTINGS
from tests.end_to_end.embedded_cloud import App, EmbeddedCloud, succeeded, wait_in_service
from tests.end_to_end.told_events import ToldEvents
from tests.end_to_end.uploaded_photos import eventually, read_outcomes

pytestmark = pytest.mark.end_to_end

BATCH, PREFIX, PHOTOS = "deliveries-01234567", "elsewhere/Über + 100%/", 58
BROKEN = ("cut off.png", "no photo.txt", "=1+1.jpg")


@pytest.fixture(scope="module")
def app(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> App:
    """A deployment whose model is sure enough of every photo."""
    return App(cloud, NAME, SETTINGS, tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="module")
def told(app: App) -> ToldEvents:
    """What the deployment tells."""
    return ToldEvents(app)


def draw(shade: int) -> bytes:
    """Returns the file of a photo."""
    written = io.BytesIO()
    ramp = Image.linear_gradient("L").resize((48, 48)).rotate(90 * (shade % 4))
    ramp.point(lambda grey: (grey + 4 * shade) % 256).convert("RGB").save(written, "PNG")
    return written.getvalue()


def put_all(app: App, contents: dict[str, bytes]) -> dict[str, str]:
    """Puts objects; returns their versions."""
    bucket, s3 = app.parameter("bucket"), app.cloud.client("s3")

    def put(key: str) -> str:
        return str(s3.put_object(Bucket=bucket, Key=key, Body=contents[key])["VersionId"])

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(contents, pool.map(put, contents), strict=True))


def test_each_photo_has_one_outcome_and_what_is_none_fails_alone(app: App, told: ToldEvents) -> None:
    photos = {f"{PREFIX}{number % 3}/{number}.png": draw(number) for number in range(PHOTOS)}
    broken = {f"{PREFIX}{name}": draw(1)[: 7 * number] for number, name in enumerate(BROKEN, 1)}
    passed_over = {PREFIX: b"", f"{PREFIX}empty.png": b""}
    versions = put_all(app, {**photos, **broken, **passed_over, "elsewhere/beside.png": draw(0)})
    summary = route_batch(app, BATCH, PREFIX, "one")
    rows = read_rows(app, BATCH)
    assert rows.keys() == photos.keys() | broken.keys()
    outcomes = read_outcomes(app)
    bucket = app.parameter("bucket")
    assert outcomes.keys() == {places.identify_photo(bucket, key, versions[key]) for key in rows}
    for key, row in rows.items():
        kept = outcomes[row["photo"]]
        assert (kept["key"], kept["outcome"]) == (key, row["outcome"])
        assert row["outcome"] == ("failed" if key in broken else "routed")
        assert kept["execution"] == summary["execution"]
    assert {rows[key]["error"] for key in broken} == {"InvalidImage"}
    assert (summary["photos"], summary["asked"], summary["kept"]) == (61, 61, 0)
    assert (summary["failed"], summary["passed_over"]) == ({"InvalidImage": 3}, 2)
    assert sum(summary["routed"].values()) == PHOTOS
    assert summary["model"] == places.read_model_name(app.parameter("model"))
    events = Counter(event["detail"]["photo"]["id"] for event in told.receive())
    assert events == dict.fromkeys(outcomes, 1)


def test_another_run_asks_only_for_what_is_new_or_failed(app: App, told: ToldEvents) -> None:
    before = len(told.receive())
    new = [f"{PREFIX}new/{number}.png" for number in range(2)]
    put_all(app, {key: draw(100 + number) for number, key in enumerate([*new, f"{PREFIX}0/0.png"])})
    first = read_rows(app, BATCH)
    summary = route_batch(app, BATCH, PREFIX, "two")
    rows = read_rows(app, BATCH)
    asked = {key for key, row in rows.items() if row["asked"]}
    assert asked == {*new, f"{PREFIX}0/0.png", *(f"{PREFIX}{name}" for name in BROKEN)}
    assert (summary["photos"], summary["asked"], summary["kept"]) == (63, 6, 57)
    for key in rows.keys() - asked:
        assert rows[key] == {**first[key], "asked": False}
    # What failed again is told already.
    assert len(told.receive()) == before + 3


def set_threshold(app: App, threshold: float) -> None:
    """Has the function of batches hold photos to another threshold."""
    functions, name = app.cloud.client("lambda"), f"{app.name}-batch"
    known = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    variables = {**known, "CONFIDENCE_THRESHOLD": str(threshold)}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})


def test_a_photo_below_the_threshold_waits_for_a_person_with_a_copy(app: App) -> None:
    confidences = [row["confidence"] for row in read_rows(app, BATCH).values() if "confidence" in row]
    set_threshold(app, median(confidences) + 1e-9)
    contents = {f"elsewhere/again/{number}.png": draw(number) for number in range(PHOTOS)}
    put_all(app, contents)
    summary = route_batch(app, "again-01234567", "elsewhere/again/", "one")
    refused = {
        key: row for key, row in read_rows(app, "again-01234567").items() if row["outcome"] == "refused"
    }
    assert 0 < len(refused) == summary["refused"] < PHOTOS
    assert sum(summary["routed"].values()) == PHOTOS - len(refused)
    outcomes, s3 = read_outcomes(app), app.cloud.client("s3")
    for key, row in refused.items():
        assert outcomes[row["photo"]]["outcome"] == "refused"
        copy = s3.get_object(Bucket=app.parameter("bucket"), Key=places.review_key(row["photo"], key))
        assert copy["Body"].read() == contents[key]
    set_threshold(app, 0.5)


def hasten(app: App, attempts: int) -> None:
    """Has an outage tried again after a second, in place of minutes."""
    states, machine = app.cloud.client("stepfunctions"), app.parameter("batch-machine")
    defined = json.loads(states.describe_state_machine(stateMachineArn=machine)["definition"])
    child = defined["States"]["Route the photos"]["ItemProcessor"]["States"]["Route a part"]
    (retrier,) = (found for found in child["Retry"] if "EndpointNotInService" in found["ErrorEquals"])
    retrier.update(IntervalSeconds=1, MaxDelaySeconds=2, MaxAttempts=attempts)
    states.update_state_machine(stateMachineArn=machine, definition=json.dumps(defined))


def find_children(app: App, execution: str) -> list[dict[str, Any]]:
    """Returns the child executions of a run."""
    states = app.cloud.client("stepfunctions")
    (map_run,) = states.list_map_runs(executionArn=execution)["mapRuns"]
    return list(states.list_executions(mapRunArn=map_run["mapRunArn"])["executions"])


def test_an_outage_is_tried_again_fails_the_run_and_is_redriven(app: App) -> None:
    sagemaker, states = app.cloud.client("sagemaker"), app.cloud.client("stepfunctions")
    endpoint = app.parameter("endpoint")
    configuration = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    put_all(app, {f"elsewhere/outage/{number}.png": draw(number) for number in range(6)})
    sagemaker.delete_endpoint(EndpointName=endpoint)
    hasten(app, attempts=1)
    execution = start_batch(app, "outage-01234567", "elsewhere/outage/", "one")
    ended = wait_for_end(app, execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    (child,) = find_children(app, execution)
    pages = states.get_paginator("get_execution_history").paginate(executionArn=child["executionArn"])
    failures = [
        event["taskFailedEventDetails"]["error"]
        for page in pages
        for event in page["events"]
        if event["type"] == "TaskFailed"
    ]
    assert failures == 2 * ["EndpointNotInService"]
    before = len(read_outcomes(app))
    sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=configuration)
    wait_in_service(app)
    states.redrive_execution(executionArn=execution)
    ended = wait_for_end(app, execution)
    assert ended["status"] == "SUCCEEDED", ended
    rows = read_rows(app, "outage-01234567")
    assert [row["outcome"] for row in rows.values()] == 6 * ["routed"]
    assert len(read_outcomes(app)) == before + 6
    summary = json.loads(ended["output"])
    assert (summary["asked"], summary["photos_per_second"]) == (6, None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three photos and a file that is none."""
    folder = tmp_path_factory.mktemp("folders") / "Dock 7"
    (folder / "in").mkdir(parents=True)
    for number, name in enumerate(("one.png", "two.png", "in/three.png")):
        (folder / name).write_bytes(draw(200 + number))
    (folder / "notes.txt").write_text("no photo")
    return folder


def test_the_command_uploads_a_folder_routes_it_and_asks_for_nothing_twice(app: App, folder: Path) -> None:
    first = succeeded(app.console("batch", str(folder)))
    told = first.stdout.splitlines()
    assert told[0].endswith("/photos/: 3; there already: 0")
    assert told[1] == "Left out, being no photos: 1 ('notes.txt')"
    assert "3 photos in " in first.stdout
    assert ": 3 asked for, 0 answered before" in first.stdout
    batch = told[2].removeprefix("Started batch ")
    assert {key.rpartition("/photos/")[2] for key in read_rows(app, batch)} == {
        "one.png",
        "two.png",
        "in/three.png",
    }
    again = succeeded(app.console("batch", str(folder)))
    assert again.stdout.startswith("Nothing to upload: there already in ")
    assert ": 0 asked for, 3 answered before" in again.stdout
    followed = succeeded(app.console("batch", "--follow", batch))
    assert ": 0 asked for, 3 answered before" in followed.stdout


def test_the_command_cancels_a_batch_that_waits_for_the_endpoint_and_goes_on_with_it(
    app: App, folder: Path
) -> None:
    sagemaker, states = app.cloud.client("sagemaker"), app.cloud.client("stepfunctions")
    endpoint, machine = app.parameter("endpoint"), app.parameter("batch-machine")
    configuration = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    sagemaker.delete_endpoint(EndpointName=endpoint)
    hasten(app, attempts=60)
    (folder / "four.png").write_bytes(draw(203))
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(app.console, "batch", str(folder))
        eventually(
            lambda: states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
        )
        cancelled = succeeded(app.console("batch", "--cancel", str(folder)))
        ended = following.result()
    assert ended.returncode == 1
    assert " was cancelled" in ended.stdout
    assert "/photos/: 1; there already: 3" in ended.stdout
    batch = cancelled.stdout.split(". ")[0].removeprefix("Cancelled ")
    sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=configuration)
    wait_in_service(app)
    redriven = succeeded(app.console("batch", "--redrive", batch))
    assert "4 photos: 1 asked for, 3 answered before" in redriven.stdout
    assert {row["outcome"] for row in read_rows(app, batch).values()} == {"routed"}
