"""Photos that the model does not know: a person labels them, the next training learns them, they are routed.

The tests of this file depend on one another and run in the order written.
"""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from lambdas.workflow import outcomes, places
from lambdas.workflow.execution import make_input
from tests.browser.fixtures.chromium import launch_browser
from tests.browser.fixtures.screens import WIDE
from tests.browser.fixtures.served_page import serve_page
from tests.end_to_end.deployed_home import NAME, SETTINGS
from tests.end_to_end.embedded_cloud import (
    REPOSITORY,
    App,
    EmbeddedCloud,
    execute,
    free_port,
    succeeded,
    training_jobs,
)
from tests.end_to_end.nights import CLASSES, draw_night, write_days
from tests.end_to_end.quick_training import QUICK_TRAINING
from tests.end_to_end.told_events import ToldEvents
from tests.end_to_end.uploaded_photos import eventually, put, read_outcomes, wait_for_outcome

pytestmark = pytest.mark.end_to_end

EPOCHS = "14"
THRESHOLD = 0.8
PATIENCE_MILLISECONDS = 60_000
PER_CLASS = 12
PHOTOS = {f"{name}-{number}.png": draw_night(name, number) for number in range(PER_CLASS) for name in CLASSES}
MOST = round(0.9 * len(PHOTOS))
"""What is meant by most photos. In five trainings of each model it was all of them."""
DELETED = f"{CLASSES[1]}-deleted.png"
LATE = "late.png"
DOCUMENT = (REPOSITORY / "docs" / "events.md").read_text()
SCHEMA = json.loads(re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)[-1])


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pictures of the first training."""
    path = tmp_path_factory.mktemp("archive") / "days.tar.gz"
    write_days(path)
    return path


@pytest.fixture(scope="module")
def app(cloud: EmbeddedCloud, archive: Path, tmp_path_factory: pytest.TempPathFactory) -> App:
    """A deployment whose model knows the day alone."""
    hyperparameters = {
        **QUICK_TRAINING,
        "epochs": EPOCHS,
        # The last epoch's model: so few validation pictures choose no better one.
        "checkpoint_frequency": EPOCHS,
        "learning_rate": "0.02",
    }
    settings = {**SETTINGS, "hyperparameters": hyperparameters, "confidence_threshold": THRESHOLD}
    app = App(cloud, NAME, settings, tmp_path_factory.mktemp("assembly"))
    succeeded(app.stage(archive))
    succeeded(app.deploy())
    return app


@pytest.fixture(scope="module")
def told(app: App) -> ToldEvents:
    """A queue with all that is told from now on."""
    return ToldEvents(app)


@pytest.fixture(scope="module")
def address(app: App) -> Iterator[str]:
    """Where the page is served."""
    with serve_page(app.cloud.environment, app.name, free_port()) as server:
        yield server.address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with sync_playwright() as playwright:
        browser = launch_browser(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def versions(app: App) -> dict[str, str]:
    """The version that each photo has in the bucket, by its file's name; the tests fill it."""
    return {}


def upload(app: App, contents: dict[str, bytes]) -> dict[str, str]:
    """Puts photos under ``incoming/``; returns their versions."""
    with ThreadPoolExecutor(4) as pool:
        put_all = pool.map(lambda name: put(app, places.INCOMING + name, contents[name]), contents)
        return dict(zip(contents, put_all, strict=True))


def identify(app: App, name: str, version: str) -> str:
    """Returns the id of an uploaded photo."""
    return places.identify_photo(app.parameter("bucket"), places.INCOMING + name, version)


def wait_for_all(app: App, versions: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Returns what became of uploaded photos, by their names."""
    ids = {identify(app, name, version): name for name, version in versions.items()}
    items = eventually(lambda: ids.keys() <= (found := read_outcomes(app)).keys() and found)
    return {name: items[photo] for photo, name in ids.items()}


def count_outcome(items: dict[str, dict[str, Any]], outcome: str) -> int:
    return sum(item["outcome"] == outcome for item in items.values())


def find_judged(app: App, versions: dict[str, str]) -> str:
    """Returns the name of a photo by night that a person has judged."""
    items = wait_for_all(app, {name: versions[name] for name in PHOTOS})
    return next(name for name, item in items.items() if item["outcome"] == outcomes.ROUTED_BY_REVIEW)


def start_again(app: App, name: str, version: str) -> dict[str, Any]:
    """Runs the state machine on an uploaded photo under another name; returns how that ended."""
    return execute(app, make_input(app.parameter("bucket"), places.INCOMING + name, version))


@contextmanager
def open_review(browser: Browser, address: str) -> Iterator[Page]:
    """Opens the view Review; at its end nothing has failed in it."""
    faults: list[str] = []
    context = browser.new_context(viewport=WIDE, locale="en-GB")
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()
    page.on("console", lambda message: message.type in ("error", "warning") and faults.append(message.text))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(f"{address}/#/review")
    yield page
    context.close()
    assert faults == []


def see_photo(page: Page) -> str:
    """Waits until a photo is shown; returns the name that stands over it."""
    heading = page.get_by_role("heading", level=2)
    expect(heading).to_have_text(re.compile(r"\.png$"), timeout=PATIENCE_MILLISECONDS)
    picture = page.get_by_role("region", name="Photo to judge").get_by_role("img")
    name = heading.text_content() or ""
    expect(picture).to_have_accessible_name(f"Photo {name}", timeout=PATIENCE_MILLISECONDS)
    expect(picture).not_to_have_js_property("naturalWidth", 0, timeout=PATIENCE_MILLISECONDS)
    return name


def press_label(page: Page, name: str) -> None:
    """Presses the key of the class that a photo shows, and waits for what comes next."""
    page.keyboard.press(str(1 + CLASSES.index(name.split("-")[0])))
    expect(page.get_by_role("heading", level=2)).not_to_have_text(name, timeout=PATIENCE_MILLISECONDS)


def wait_for_the_end(page: Page) -> None:
    """Waits until the view says that nobody has to judge anything."""
    end = page.get_by_role("heading", name="Nothing waits for you.")
    expect(end).to_be_visible(timeout=PATIENCE_MILLISECONDS)


def test_the_execution_of_a_refused_photo_fails_by_the_threshold(
    app: App, told: ToldEvents, versions: dict[str, str]
) -> None:
    # A picture that no other photo shows.
    versions |= upload(app, {DELETED: draw_night(CLASSES[1], PER_CLASS)})
    item = wait_for_outcome(app, places.INCOMING + DELETED, versions[DELETED])
    step_functions = app.cloud.client("stepfunctions")

    def find_end() -> dict[str, Any] | None:
        found = step_functions.describe_execution(executionArn=item["execution"])
        return found if found["status"] != "RUNNING" else None

    ended = eventually(find_end)
    assert (ended["status"], ended["error"]) == ("FAILED", "ThresholdConfidenceNotMet")
    assert f"is below the threshold {THRESHOLD} (set by confidence_threshold)" in ended["cause"]
    assert (item["outcome"], item["error"], item["cause"]) == (
        outcomes.REFUSED,
        ended["error"],
        ended["cause"],
    )


def test_a_photo_that_was_deleted_before_its_review_is_seen_and_labelled(
    app: App, address: str, browser: Browser, versions: dict[str, str]
) -> None:
    s3, bucket, key = app.cloud.client("s3"), app.parameter("bucket"), places.INCOMING + DELETED
    s3.delete_object(Bucket=bucket, Key=key, VersionId=versions[DELETED])
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket, Prefix=key)
    with open_review(browser, address) as page:
        assert see_photo(page) == DELETED
        press_label(page, DELETED)
        wait_for_the_end(page)
        eventually(lambda: wait_for_outcome(app, key, versions[DELETED]).get("label") == CLASSES[1])


def test_photos_by_night_are_refused_by_a_model_that_knows_the_day(
    app: App, versions: dict[str, str]
) -> None:
    uploaded = upload(app, PHOTOS)
    versions |= uploaded
    before = wait_for_all(app, uploaded)
    refused = count_outcome(before, outcomes.REFUSED)
    print(f"before: {refused} of {len(PHOTOS)} photos refused")
    assert refused >= MOST


def test_a_person_labels_them_with_a_key_each(
    app: App, address: str, browser: Browser, versions: dict[str, str]
) -> None:
    uploaded = {name: versions[name] for name in PHOTOS}
    waiting = {
        name for name, item in wait_for_all(app, uploaded).items() if item["outcome"] == outcomes.REFUSED
    }
    seen = []
    with open_review(browser, address) as page:
        for _ in waiting:
            seen.append(see_photo(page))
            press_label(page, seen[-1])
        wait_for_the_end(page)
        expect(page.get_by_text(f"0 left, {len(waiting)} judged by you")).to_be_visible()
        eventually(
            lambda: count_outcome(wait_for_all(app, uploaded), outcomes.ROUTED_BY_REVIEW) == len(waiting)
        )
    assert sorted(seen) == sorted(waiting)
    for name, item in wait_for_all(app, uploaded).items():
        assert name not in waiting or item["label"] == name.split("-")[0]


def test_a_judged_photo_stays_judged_when_it_is_started_again(app: App, versions: dict[str, str]) -> None:
    name = find_judged(app, versions)
    judged = wait_for_outcome(app, places.INCOMING + name, versions[name])
    assert start_again(app, name, versions[name])["error"] == "ThresholdConfidenceNotMet"
    left = wait_for_outcome(app, places.INCOMING + name, versions[name])
    # The page takes away the mark of what is to be told when it tells it.
    fields = ("outcome", "label", "reviewed_by", "decided_at", "execution", "model")
    assert [left[field] for field in fields] == [judged[field] for field in fields]


def test_a_refused_photo_that_is_started_again_is_refused_and_told_once(
    app: App, told: ToldEvents, versions: dict[str, str]
) -> None:
    # It shows the same as one that was labelled, so that the next model knows it.
    versions |= upload(app, {LATE: PHOTOS[find_judged(app, versions)]})
    first = wait_for_outcome(app, places.INCOMING + LATE, versions[LATE])
    again = start_again(app, LATE, versions[LATE])
    assert again["error"] == first["error"] == "ThresholdConfidenceNotMet"
    assert wait_for_outcome(app, places.INCOMING + LATE, versions[LATE]) == first
    photo = identify(app, LATE, versions[LATE])
    events = eventually(lambda: told.find(photo))
    assert [event["detail-type"] for event in events] == ["Photo Refused"]
    assert events[0]["detail"]["execution"] == first["execution"] != again["executionArn"]


def test_a_photo_that_fails_is_told_with_error_and_cause(app: App, told: ToldEvents) -> None:
    version = upload(app, {"invoice.pdf": b"%PDF-1.7"})["invoice.pdf"]
    (event,) = eventually(lambda: told.find(identify(app, "invoice.pdf", version)))
    detail = event["detail"]
    assert (event["detail-type"], detail["outcome"], detail["error"]) == (
        "Photo Failed",
        outcomes.FAILED,
        "InvalidImage",
    )
    assert "invoice.pdf is no image of a known format" in detail["cause"]


def test_staging_takes_the_labels_into_the_training_split_and_says_that_the_next_deploy_trains(
    app: App, archive: Path
) -> None:
    # A label that can still be undone is not taken.
    eventually(lambda: not any("untold" in item for item in read_outcomes(app).values()))
    labelled = count_outcome(read_outcomes(app), outcomes.ROUTED_BY_REVIEW)
    before, trained = app.parameter("dataset"), len(training_jobs(app))
    staged = succeeded(app.stage(archive))
    assert f"{labelled} labelled photos taken into the training split, 0 left out" in staged.stderr
    assert (
        f"{labelled} labelled photos ({labelled} of them new since the staged data set): the next deploy "
        "trains a new model" in staged.stderr
    )
    assert app.parameter("dataset") != before
    assert len(training_jobs(app)) == trained
    s3, bucket = app.cloud.client("s3"), app.parameter("bucket")
    key = places.manifest_key(app.parameter("dataset"))
    manifest = json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])
    keys = {entry["key"] for entry in manifest["source"]["labelled"].values()}
    assert len(keys) == labelled
    assert places.INCOMING + DELETED in keys


def test_the_model_of_the_next_deploy_routes_the_same_photos(app: App) -> None:
    before, trained = app.parameter("model"), len(training_jobs(app))
    succeeded(app.deploy())
    assert len(training_jobs(app)) == trained + 1
    assert app.parameter("model") != before
    after = wait_for_all(app, upload(app, PHOTOS))
    routed = {name for name, item in after.items() if item["outcome"] == outcomes.ROUTED}
    right = {name for name in routed if after[name]["predicted_class"] == name.split("-")[0]}
    print(f"after: {len(routed)} of {len(PHOTOS)} photos routed, {len(right)} of them as what they show")
    assert len(right) >= MOST
    assert {item["model"] for item in after.values()} == {places.read_model_name(app.parameter("model"))}


def test_refusals_and_what_a_person_said_of_them_arrive_in_a_queue_as_documented(
    app: App, told: ToldEvents, versions: dict[str, str]
) -> None:
    items = wait_for_all(app, versions)
    judged = {name for name, item in items.items() if item["outcome"] == outcomes.ROUTED_BY_REVIEW}
    assert len(judged) > MOST
    for name in judged:
        photo = identify(app, name, versions[name])
        events = eventually(lambda photo=photo: len(found := told.find(photo)) >= 2 and found)
        assert [(event["detail-type"], event["detail"]["outcome"]) for event in events] == [
            ("Photo Refused", outcomes.REFUSED),
            ("Photo Routed", outcomes.ROUTED_BY_REVIEW),
        ]
        assert events[1]["detail"]["label"] == name.split("-")[0]
        assert events[1]["detail"]["reviewed_by"].startswith("arn:aws:")
    for event in told.receive():
        assert event["source"] == outcomes.name_source(app.name)
        jsonschema.validate(event["detail"], SCHEMA)


def test_a_refused_photo_that_the_better_model_is_sure_of_is_routed_and_what_a_person_said_stays(
    app: App, told: ToldEvents, versions: dict[str, str]
) -> None:
    judged = find_judged(app, versions)
    said = wait_for_outcome(app, places.INCOMING + judged, versions[judged])
    again = {name: start_again(app, name, versions[name]) for name in (LATE, judged)}
    assert {ended["status"] for ended in again.values()} == {"SUCCEEDED"}
    routed = wait_for_outcome(app, places.INCOMING + LATE, versions[LATE])
    assert (routed["outcome"], routed["execution"]) == (outcomes.ROUTED, again[LATE]["executionArn"])
    assert "error" not in routed
    photo = identify(app, LATE, versions[LATE])
    events = eventually(lambda: len(found := told.find(photo)) == 2 and found)
    assert [event["detail-type"] for event in events] == ["Photo Refused", "Photo Routed"]
    assert wait_for_outcome(app, places.INCOMING + judged, versions[judged]) == said
