"""The daily report of drift: what is compared with what, on a bucket, a table and parameters of moto."""

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import moto
import numpy as np
import pytest
from PIL import Image

from lambdas.operations import drift, drift_baseline, drift_photos
from lambdas.workflow import measures, places
from tests.lambdas.operations.upload_events import BUCKET
from tests.outcome_table import create_outcome_table

TABLE = "scones-outcomes"
MODEL = "scones--0123456789ab"
DATA_SET = "0123456789abcdef"
DAY = "2026-11-26"
CLASSES = ("bicycle", "motorcycle")
VARIANT = places.name_variant(CLASSES)
MORNING = {"time": "2026-11-27T03:00:00Z"}


def draw(number: int, brightness: float = 100, contrast: float = 30) -> bytes:
    """Returns a picture of noise, another one for each number."""
    noise = np.random.default_rng(number).normal(brightness + number % 20, contrast, (12, 12, 3))
    written = io.BytesIO()
    Image.fromarray(noise.clip(0, 255).astype(np.uint8)).save(written, "PNG")
    return written.getvalue()


def capture(confidence: float, picture: bytes, *others: float, **metadata: str) -> bytes:
    """Returns a line of data capture; ``others`` are the probabilities of further classes."""
    answer = {"encoding": "JSON", "data": json.dumps([confidence, 1 - confidence, *others])}
    asked = {"encoding": "BASE64", "data": base64.b64encode(picture).decode()}
    moment = {"inferenceTime": f"{DAY}T10:00:00Z", **metadata}
    record = {"captureData": {"endpointInput": asked, "endpointOutput": answer}, "eventMetadata": moment}
    return json.dumps(record).encode() + b"\n"


class Cloud:
    """A deployment whose model was judged by sixty pictures, of which half are bicycles."""

    def __init__(self) -> None:
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)
        self.dynamodb = boto3.client("dynamodb")
        create_outcome_table(self.dynamodb, TABLE)
        uri = places.s3_uri(BUCKET, places.model_key(MODEL))
        boto3.client("ssm").put_parameter(Name="/scones/model", Value=uri, Type="String")
        self.keep_answers(predicted=["bicycle", "motorcycle"] * 30)
        for number in range(60):
            self.put(places.data_set_key(DATA_SET, f"validation/bicycle/{number}.png"), draw(number))

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def keep_answers(self, **more: Any) -> None:
        answers = {"confidences": confidences(60), "right": [True] * 60, **more}
        self.put(places.validation_answers_key(MODEL, DATA_SET), json.dumps(answers).encode())

    def capture(self, *lines: bytes, hour: int = 10, day: str = DAY, variant: str = VARIANT) -> None:
        prefix = places.captured_day_prefix("scones", variant, day)
        self.put(f"{prefix}{hour:02}/{len(lines)}.jsonl", b"".join(lines))

    def decide(self, number: int, confidence: float, outcome: str = "routed", **changed: str) -> None:
        decided = f"{DAY}T{number % 24:02}:00:00.000Z"
        item = {
            "photo": f"{number:032x}",
            "outcome": outcome,
            "bucket": BUCKET,
            "key": f"incoming/{number}.png",
            "version": "",
            "started_at": decided,
            "decided_at": decided,
            "predicted_class": CLASSES[number % 2],
            **changed,
        }
        attributes = {name: {"S": value} for name, value in item.items()}
        self.dynamodb.put_item(TableName=TABLE, Item={**attributes, "confidence": {"N": str(confidence)}})


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    # As in Lambda: the dimension of every metric.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "scones")
    with moto.mock_aws():
        for module in (drift, drift_photos, drift_baseline):
            monkeypatch.setattr(module, "s3", boto3.client("s3"))
        monkeypatch.setattr(drift, "ssm", boto3.client("ssm"))
        monkeypatch.setattr(drift_photos, "dynamodb", boto3.resource("dynamodb"))
        yield Cloud()


def confidences(count: int) -> list[float]:
    """Returns confidences from 0.6 to 1, evenly."""
    return [0.6 + 0.4 * number / count for number in range(count)]


def usual_lines(count: int = 60) -> list[bytes]:
    """Returns lines of traffic like the validation split."""
    return [
        capture(confidence if number % 2 else 1 - confidence, draw(number))
        for number, confidence in enumerate(confidences(count))
    ]


def judge(context: Any) -> dict[str, Any]:
    """Returns the report, and of its measures a dictionary by name."""
    report = drift.handler(MORNING, context)
    return {**report, "measures": {measure["measure"]: measure for measure in report["measures"]}}


def readings(report: dict[str, Any]) -> dict[str, str]:
    return {name: measure["reading"] for name, measure in report["measures"].items()}


def told(lines: str) -> dict[str, Any]:
    """Returns the metrics in what was written to the log, by the value of ``measure``."""
    found = {}
    for line in lines.splitlines():
        record = json.loads(line)
        if "_aws" in record:
            (directive,) = record["_aws"]["CloudWatchMetrics"]
            assert directive["Namespace"] == "SconesUnlimited"
            (metric,) = directive["Metrics"]
            (dimensions,) = directive["Dimensions"]
            assert set(dimensions) - {"measure"} == {"service"}
            value = record[metric["Name"]]
            found[record.get("measure", metric["Name"])] = value[0] if isinstance(value, list) else value
    return found


def test_traffic_like_the_validation_split_has_not_drifted(
    cloud: Cloud, context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = usual_lines()
    cloud.capture(*lines[:40], hour=0)
    cloud.capture(*lines[40:], hour=23)

    report = judge(context)

    assert readings(report) == dict.fromkeys(measures.DRIFTING, "none")
    assert (report["source"], report["photos"], report["day"], report["model"]) == (
        "captured",
        60,
        DAY,
        MODEL,
    )
    assert (report["from"], report["until"]) == ("2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z")
    kept = json.load(cloud.s3.get_object(Bucket=BUCKET, Key=f"reports/drift/{DAY}.json")["Body"])
    assert {measure["measure"]: measure for measure in kept["measures"]} == report["measures"]
    metrics = told(capsys.readouterr().out)
    assert metrics.pop("DriftAboveNoise") == 0
    assert metrics == {name: measure["index"] for name, measure in report["measures"].items()}


@pytest.mark.parametrize(
    ("measure", "lines"),
    [
        ("brightness", [capture(value, draw(number, 200)) for number, value in enumerate(confidences(60))]),
        ("contrast", [capture(value, draw(number, 100, 8)) for number, value in enumerate(confidences(60))]),
        ("class_mix", [capture(value, draw(number)) for number, value in enumerate(confidences(60))]),
        ("confidence", [capture(0.55, draw(number)) for number in range(60)]),
    ],
)
def test_what_has_moved_is_told_by_its_measure(
    cloud: Cloud,
    context: Any,
    capsys: pytest.CaptureFixture[str],
    measure: str,
    lines: list[bytes],
) -> None:
    cloud.capture(*lines)

    report = judge(context)

    assert readings(report)[measure] == "major"
    assert told(capsys.readouterr().out)["DriftAboveNoise"] == 1


def test_repeats_measurements_other_days_and_broken_lines_do_not_count(cloud: Cloud, context: Any) -> None:
    lines = usual_lines()
    measured = capture(0.5, draw(1000), inferenceId="evaluation")
    cloud.capture(*lines, *lines, measured, b"{}\n", b"no JSON\n", b"\n")
    cloud.capture(capture(0.5, draw(1001)), day="2026-11-25")
    cloud.capture(capture(0.5, draw(1002)), day="2026-11-27")

    assert judge(context)["photos"] == 60


def test_a_picture_that_cannot_be_read_counts_by_its_answer_alone(cloud: Cloud, context: Any) -> None:
    cloud.capture(*usual_lines(), capture(0.9, b"no picture"))

    measures = judge(context)["measures"]

    assert (measures["confidence"]["photos"], measures["sharpness"]["photos"]) == (61, 60)


def test_without_captured_traffic_the_outcomes_are_judged(cloud: Cloud, context: Any) -> None:
    for number, confidence in enumerate(confidences(60)):
        cloud.put(f"incoming/{number}.png", draw(number))
        cloud.decide(number, confidence, "refused" if number % 3 else "routed")
    cloud.decide(100, 0.9, decided_at="2026-11-25T23:59:59.999Z")
    cloud.decide(101, 0.9, decided_at="2026-11-27T00:00:00.000Z")

    report = judge(context)

    assert (report["source"], report["photos"]) == ("outcomes", 60)
    assert set(readings(report).values()) == {"none"}
    assert report["measures"]["brightness"]["photos"] == 60


def test_a_photo_that_was_reviewed_since_is_of_the_day_on_which_it_was_asked_for(
    cloud: Cloud, context: Any
) -> None:
    cloud.decide(1, 0.7, "discarded", decided_at="2026-11-27T02:00:00.000Z")
    cloud.decide(2, 0.7, "routed by review", started_at="2026-11-20T02:00:00.000Z")

    assert judge(context)["photos"] == 1


def test_photos_that_are_gone_or_lie_elsewhere_are_judged_by_their_answers(
    cloud: Cloud, context: Any
) -> None:
    for number, confidence in enumerate(confidences(60)):
        cloud.decide(number, confidence, **({"bucket": "another"} if number % 2 else {}))

    assert readings(judge(context)) == {
        "confidence": "none",
        "class_mix": "none",
        **dict.fromkeys(("brightness", "contrast", "sharpness"), "too few"),
    }


def test_a_day_without_photos_has_a_report_and_no_metric(
    cloud: Cloud, context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    report = judge(context)

    assert report["photos"] == 0
    assert set(readings(report).values()) == {"too few"}
    assert told(capsys.readouterr().out) == {}


def test_a_model_whose_answers_are_not_kept_is_not_judged(cloud: Cloud, context: Any) -> None:
    cloud.s3.delete_object(Bucket=BUCKET, Key=places.validation_answers_key(MODEL, DATA_SET))
    cloud.capture(*usual_lines())

    report = judge(context)

    assert report["photos"] == 60
    assert set(readings(report).values()) == {"too few"}


def test_answers_that_were_kept_without_classes_have_no_class_mix(cloud: Cloud, context: Any) -> None:
    cloud.keep_answers()
    cloud.capture(*usual_lines())

    found = readings(judge(context))

    assert (found["confidence"], found["class_mix"]) == ("none", "too few")


def test_the_validation_pictures_are_measured_once(cloud: Cloud, context: Any) -> None:
    cloud.capture(*usual_lines())
    first = judge(context)
    for number in range(60):
        key = places.data_set_key(DATA_SET, f"validation/bicycle/{number}.png")
        cloud.s3.delete_object(Bucket=BUCKET, Key=key)

    assert judge(context) == first


def test_of_a_big_day_a_sample_is_judged(cloud: Cloud, context: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drift_photos, "MOST_PHOTOS", 50)
    monkeypatch.setattr(drift_photos, "MOST_READ_BYTES", 100_000)
    cloud.capture(*usual_lines(400))

    assert judge(context)["photos"] == 50


def test_a_sample_takes_any_photo_as_soon_as_another() -> None:
    sample = drift_photos.Sample(500)
    for number in range(5000):
        sample.offer(str(number), lambda number=number: number)  # type: ignore[misc]
        sample.offer("0", lambda: -1)
    taken = sample.list_photos()

    assert len(set(taken)) == len(taken) == 500
    assert -1 not in taken
    assert np.mean(taken) == pytest.approx(2500, rel=0.1)
    assert sum(number < 500 for number in taken) == pytest.approx(50, abs=25)


@pytest.mark.parametrize("source", ["captured", "outcomes"])
def test_what_the_model_takes_for_the_other_class_is_no_part_of_the_comparison(
    cloud: Cloud, context: Any, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """A third of the validation split is of it, of a day's photos hardly any."""
    classes = (*CLASSES, "other")
    monkeypatch.setattr(drift, "CLASSES", classes)
    monkeypatch.setattr(drift, "OTHER_CLASS", "other")
    cloud.keep_answers(
        confidences=[*confidences(60), *[0.999] * 30],
        right=[True] * 90,
        predicted=[*CLASSES * 30, *["other"] * 30],
    )
    for number in range(30):
        key = places.data_set_key(DATA_SET, f"validation/other/{number}.png")
        cloud.put(key, draw(1000 + number, 220, 5))
    if source == "captured":
        usual = [line.replace(b']"', b', 0.0]"') for line in usual_lines()]
        cloud.capture(*usual, capture(0.5, draw(60), 0.9), variant=places.name_variant(classes))
    for number, confidence in enumerate(confidences(60)):
        cloud.put(f"incoming/{number}.png", draw(number))
        cloud.decide(number, confidence)
    cloud.decide(60, 0.9, "refused", predicted_class="other")

    report = judge(context)

    assert readings(report) == dict.fromkeys(measures.DRIFTING, "none")
    assert (report["source"], report["photos"]) == (source, 60)
    assert {measure["baseline_photos"] for measure in report["measures"].values()} == {60}


def test_a_day_may_be_asked_for(cloud: Cloud, context: Any) -> None:
    assert drift.handler({"day": "2026-11-20"}, context)["day"] == "2026-11-20"
    with pytest.raises(ValueError, match="Invalid isoformat"):
        drift.handler({"day": "yesterday"}, context)
