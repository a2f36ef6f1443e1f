"""What `python -m console demo` says of the staged test photos."""

import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

from console.__main__ import main
from console.commands.demo import PHOTOS_SHOWN, choose_examples, summarize
from console.commands.printing import format_routings
from console.executions.routing import Photo, Routing


def routing(outcome: Any, predicted_class: str | None, key: str) -> Routing:
    error = None if outcome == "routed" else "ImageNotFound"
    return Routing(Photo(key, "b", key), outcome, predicted_class, 0.5, error, "why", 7)


def test_accuracy_counts_refused_photos_and_failed_ones_too() -> None:
    routings = [
        routing("routed", "bicycle", "1"),
        routing("routed", "bicycle", "2"),
        routing("refused", "motorcycle", "3"),
        routing("failed", None, "4"),
    ]
    lines = list(summarize(routings, {"1": "bicycle", "2": "motorcycle", "3": "motorcycle", "4": "bicycle"}))
    assert lines == [
        "Accuracy over all 4 test photos: 50.0% (2 right)",
        "Routed: 2, 1 of them right",
        "Refused for a confidence below the threshold: 1",
        "Failed: 1",
    ]


def test_photos_that_went_wrong_are_shown_after_those_that_went_right() -> None:
    wrong = [
        routing("routed", "motorcycle", "wrong"),
        routing("refused", "bicycle", "unsure"),
        routing("failed", None, "broken"),
    ]
    right = [routing("routed", "bicycle", str(number)) for number in range(2 * PHOTOS_SHOWN)]
    true_classes = {each.photo.key: "bicycle" for each in wrong + right}
    assert choose_examples(wrong + right, true_classes) == right[: PHOTOS_SHOWN - 3] + wrong


@mock_aws
@pytest.mark.parametrize("outcome", ["routed", "refused", "failed"])
@pytest.mark.parametrize("kind", ["cifar-100", "generated", "images"])
def test_the_demonstration_of_an_older_deployment_routes_the_test_photos_and_ends_with_what_they_are(
    kind: str,
    outcome: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manifest = {
        "dataset": "1d",
        "classes": ["bicycle", "motorcycle"],
        "source": {"kind": kind},
        "files": {"test/bicycle/b.png": {}, "test/motorcycle/m.png": {}, "train/bicycle/t.png": {}},
    }
    boto3.client("s3").create_bucket(Bucket="bucket")
    boto3.client("s3").put_object(
        Bucket="bucket", Key="datasets/1d/manifest.json", Body=json.dumps(manifest).encode()
    )
    for which, value in {"bucket": "bucket", "dataset": "1d"}.items():
        boto3.client("ssm").put_parameter(Name=f"/scones/{which}", Value=value, Type="String")
    monkeypatch.setattr(
        "console.commands.printing.route_photos",
        lambda _, photos: [Routing(photo, outcome, "bicycle", 0.9, None, None, 5) for photo in photos],
    )
    assert main(["demo"]) == (1 if outcome == "failed" else 0)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Routing the 2 staged test photos"
    assert "  python -m console route s3://bucket/datasets/1d/test/bicycle/b.png" in lines
    assert (
        "The model knows bicycle and motorcycle only: whatever else a photo shows, it is called one of them."
        in lines
    )
    assert any(line.startswith("No upload routes itself here") and "make deploy" in line for line in lines)
    assert any("make demo IMAGES=DIR again" in line for line in lines) is (kind == "images")
    assert lines[-1].startswith("NOTE: these pictures are a generated stand-in") is (kind == "generated")


def test_the_table_has_a_true_class_only_where_it_is_known() -> None:
    rows = [routing("routed", "bicycle", "a.png"), routing("refused", "bicycle", "b.png")]
    known = format_routings(rows, {"a.png": "bicycle", "b.png": "motorcycle"}).splitlines()
    assert known[0].split() == ["photo", "true", "class", "routed", "as", "confidence", "outcome", "ms"]
    assert known[2].split() == ["b.png", "motorcycle", "-", "0.500", "refused", "(bicycle?)", "7"]
    assert "true class" not in format_routings(rows)
