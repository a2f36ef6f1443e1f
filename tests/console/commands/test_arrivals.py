"""What `python -m console demo` shows of uploads that route themselves, and of a photo that waits."""

import io
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from PIL import Image

from console.commands import arrivals
from console.commands.arrivals import blend, show_arrivals
from console.executions.routing import Photo, Routing
from evaluation.deployment import Deployment
from lambdas.workflow import outcomes, places
from tests.console.reviews.waiting_photos import (
    BUCKET,
    client,
    deployed,
    draw,
    empty,
    put,
    read_item,
    refuse,
    table,
)

# The state machine of these tests is the surer that a picture shows a bicycle the less red it is.
BICYCLE, MOTORCYCLE = 0, 200


@pytest.fixture(scope="module")
def deployment_of_module() -> Iterator[Deployment]:
    with deployed() as it:
        yield it


@pytest.fixture
def deployment(deployment_of_module: Deployment, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    """A deployment in which nothing has become of any photo, and nothing starts by itself."""
    monkeypatch.setattr(arrivals, "_POLL_SECONDS", 0.01)
    empty()
    return deployment_of_module


class StateMachine:
    """Routes, in a test's process, what is uploaded to ``incoming/``; an upload to elsewhere starts nothing.

    Attributes:
        uploads: The key and the picture of each upload that was routed or refused.
    """

    def __init__(self, deployment: Deployment, threshold: float, error: str = "") -> None:
        self.uploads: list[tuple[str, bytes]] = []
        self._threshold = threshold
        self._error = error
        self._events = deployment.client("s3").meta.events
        self._events.register("before-parameter-build.s3.PutObject", self._route)

    def stop(self) -> None:
        self._events.unregister("before-parameter-build.s3.PutObject", self._route)

    def _route(self, params: dict[str, Any], **_: Any) -> None:
        key, content = params["Key"], params["Body"]
        if not key.startswith(places.INCOMING):
            return
        self.uploads.append((key, content))
        pixel = Image.open(io.BytesIO(content)).convert("RGB").getpixel((0, 0))
        assert isinstance(pixel, tuple)
        bicycle = 1 - Decimal(pixel[0]) / MOTORCYCLE
        confidence = max(bicycle, 1 - bicycle)
        decided = {
            "outcome": outcomes.ROUTED if confidence >= self._threshold else outcomes.REFUSED,
            "predicted_class": "bicycle" if bicycle > Decimal("0.5") else "motorcycle",
            "confidence": confidence,
        }
        if self._error:
            decided = {"outcome": outcomes.FAILED, "error": self._error, "cause": "it says why"}
        photo = places.identify_photo(BUCKET, key, "")
        put({"photo": photo, "decided_at": "2026-01-31T12:00:00.000Z", **decided})


@pytest.fixture
def start(deployment: Deployment) -> Iterator[Any]:
    """Starts state machines, which end with the test."""
    started = []

    def begin(threshold: float, error: str = "") -> StateMachine:
        started.append(StateMachine(deployment, threshold, error))
        return started[-1]

    yield begin
    for machine in started:
        machine.stop()


def stage(*photos: tuple[str, int], outcome: Any = "routed") -> tuple[list[Routing], dict[str, str]]:
    """Puts test photos into the bucket; returns what became of each, and their true classes."""
    routings, true_classes = [], {}
    for true_class, shade in photos:
        key = f"datasets/1d/test/{true_class}/{shade}.png"
        client("s3").put_object(Bucket=BUCKET, Key=key, Body=draw(shade))
        true_classes[key] = true_class
        photo = Photo(f"{shade}.png", BUCKET, key)
        routings.append(Routing(photo, outcome, true_class, 0.9, None, None, 5))
    return routings, true_classes


def test_an_upload_that_nobody_starts_is_said_to_have_routed_itself(
    deployment: Deployment, start: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = start(threshold=0.8)
    refuse("incoming/unsure.png")
    assert show_arrivals(deployment, *stage(("bicycle", BICYCLE), ("motorcycle", MOTORCYCLE)))
    routed, waiting = capsys.readouterr().out.splitlines()
    assert routed.startswith("Uploaded 0.png to incoming/: it routed itself as bicycle (1.000) in ")
    assert waiting == "1 photo waits for a person: python -m console review, or the page's view Review"
    ((key, content),) = machine.uploads
    assert key.endswith("/0.png")
    assert content == draw(BICYCLE)


def test_all_photos_that_wait_are_counted(
    deployment: Deployment, start: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    start(threshold=0.8)
    for number in range(3):
        refuse(f"incoming/{number}.png", at=number)
    show_arrivals(deployment, *stage(("bicycle", BICYCLE)))
    assert capsys.readouterr().out.splitlines()[-1].startswith("3 photos wait for a person: ")


def test_where_no_photo_waits_blends_are_uploaded_until_one_is_refused(
    deployment: Deployment, start: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    # To this model half of each is a motorcycle at 0.6, a quarter of the second a bicycle at 0.6.
    machine = start(threshold=0.59)
    assert show_arrivals(deployment, *stage(("bicycle", 40), ("motorcycle", MOTORCYCLE)))
    _, announced, half, quarter, between, waiting = capsys.readouterr().out.splitlines()
    assert announced == "No photo waits: blends of bicycle and motorcycle follow until one is refused"
    uploaded = "Uploaded bicycle-and-{}-percent-motorcycle.png to incoming/: it "
    assert half.startswith(uploaded.format(50) + "routed itself as motorcycle (0.600)")
    assert quarter.startswith(uploaded.format(25) + "routed itself as bicycle (0.600)")
    assert between.startswith(uploaded.format(38) + "was refused (motorcycle? 0.500)")
    assert waiting.startswith("1 photo waits for a person: ")
    refused = places.identify_photo(BUCKET, machine.uploads[-1][0], "")
    assert read_item(refused)["outcome"] == outcomes.REFUSED


def test_a_blend_is_of_photos_that_were_routed_as_what_they_are_where_there_are_any(
    deployment: Deployment, start: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = start(threshold=0.59)
    routings, true_classes = stage(("bicycle", BICYCLE), ("motorcycle", MOTORCYCLE))
    # Called a bicycle, and none to the model: between it and a motorcycle nothing would be refused.
    (wrong,), true_class = stage(("bicycle", MOTORCYCLE))
    wrong = replace(wrong, predicted_class="motorcycle")
    assert show_arrivals(deployment, [wrong, *routings], {**true_class, **true_classes})
    assert Image.open(io.BytesIO(machine.uploads[1][1])).getpixel((0, 0)) == (100, 90, 30)


def test_that_no_blend_was_refused_is_said_and_breaks_nothing(
    deployment: Deployment, start: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = start(threshold=0.0)
    assert show_arrivals(deployment, *stage(("bicycle", BICYCLE), ("motorcycle", MOTORCYCLE)))
    assert len(machine.uploads) == 1 + arrivals.BLENDS
    assert capsys.readouterr().out.splitlines()[-1].startswith("No photo waits for a person: ")


def test_test_photos_of_one_class_make_no_blend(
    deployment: Deployment, start: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    machine = start(threshold=0.8)
    assert show_arrivals(deployment, *stage(("bicycle", BICYCLE)))
    assert len(machine.uploads) == 1
    _, none = capsys.readouterr().out.splitlines()
    assert none.startswith("No photo waits for a person: ")


def test_an_upload_that_fails_is_said_by_name_and_counts_as_broken(
    deployment: Deployment, start: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    start(threshold=0.8, error="EndpointNotInService")
    assert not show_arrivals(deployment, *stage(("bicycle", BICYCLE), outcome="failed"))
    (line,) = capsys.readouterr().out.splitlines()
    assert line == "Uploaded 0.png to incoming/: it failed: EndpointNotInService: it says why"


def test_an_upload_of_which_nothing_becomes_ends_with_a_line_that_says_where_to_look(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(arrivals, "WAIT_SECONDS", 0.0)
    assert not show_arrivals(deployment, *stage(("bicycle", BICYCLE)))
    (line,) = capsys.readouterr().out.splitlines()
    for where in ("scones-uploads", "/aws/lambda/scones-upload", "scones-uploads-dead-letters", "0.png"):
        assert where in line
    assert table().scan()["Items"] == []


def test_a_blend_has_the_size_of_the_first_picture_and_its_share_of_the_second() -> None:
    second = io.BytesIO()
    Image.new("L", (9, 90), 100).save(second, "PNG")
    blended = Image.open(io.BytesIO(blend(draw(0), second.getvalue(), 0.25)))
    assert blended.size == (32, 32)
    assert blended.getpixel((5, 5)) == (25, 92, 47)
