"""The custom resource of the recommended threshold: it reads what is kept, and asks nothing else."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lambdas.deploy import threshold
from tests.lambdas.deploy.deploy_cloud import BUCKET, DATASET, Cloud

MODEL = f"s3://{BUCKET}/models/scones-one/output/model.tar.gz"
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def cloud(training: Cloud) -> Cloud:
    """How the model came about is no matter here."""
    return training


@pytest.fixture
def asked(cloud: Cloud) -> Ask:
    """Sends a request to the function; returns CloudFormation's answer."""

    def ask(kind: str = "Create", **changes: Any) -> dict[str, Any]:
        target = {"RoutedErrorTarget": "0.3", "RoutedErrorConfidence": "0.9"}
        threshold.handler(cloud.request(kind, **{"ModelDataUrl": MODEL, **target, **changes}), None)
        return cloud.answers[-1]

    return ask


def keep(cloud: Cloud, confidences: list[float], right: list[bool], model: str = "scones-one") -> None:
    """Leaves what a model answered, as the training stack does."""
    body = json.dumps({"confidences": confidences, "right": right}).encode()
    cloud.s3.put_object(Bucket=BUCKET, Key=f"validations/{model}/{DATASET}.json", Body=body)


def rising(photos: int) -> list[float]:
    return [0.6 + number / 1000 for number in range(photos)]


def test_the_threshold_and_where_it_comes_from_are_answered(cloud: Cloud, asked: Ask) -> None:
    keep(cloud, rising(20), [True] * 20)
    answer = asked()
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "scones-threshold")
    assert answer["Data"] == {
        "Value": "0.6",
        "Source": (
            "recommended for model scones-one from 20 validation photos: at most 30% of the routed "
            "photos wrong, with 90% confidence"
        ),
    }
    # The workflow stack puts it into JSON as it is.
    assert json.loads(f'"{answer["Data"]["Source"]}"') == answer["Data"]["Source"]


def test_the_threshold_parts_the_sure_answers_from_those_that_are_wrong(cloud: Cloud, asked: Ask) -> None:
    keep(cloud, rising(40), [confidence >= 0.61 for confidence in rising(40)])
    assert 0.605 < float(asked()["Data"]["Value"]) < 0.615


def test_another_target_is_judged_by_the_same_answers(cloud: Cloud, asked: Ask) -> None:
    keep(cloud, rising(20), [True] * 20)
    asked()
    answer = asked("Update", RoutedErrorTarget="0.4")
    assert "at most 40% of the routed photos wrong" in answer["Data"]["Source"]


def test_a_roll_back_gets_the_former_threshold(cloud: Cloud, asked: Ask) -> None:
    keep(cloud, rising(20), [True] * 20)
    former = asked()
    keep(cloud, rising(20), [False] * 20, "scones-two")
    assert asked("Update", ModelDataUrl=MODEL.replace("one", "two"))["Status"] == "FAILED"
    back = asked("Update")
    assert (back["Status"], back["Data"]) == ("SUCCESS", former["Data"])


@pytest.mark.parametrize(
    ("photos", "right", "words"),
    [
        (8, True, "of the 8 most confident of 8 validation photos 0 are wrong; about 3 more"),
        (20, False, "validation photos 11 are wrong; more photos like these would not help"),
    ],
)
def test_what_proves_no_threshold_is_refused_in_one_line(
    cloud: Cloud, asked: Ask, photos: int, right: bool, words: str
) -> None:
    keep(cloud, rising(photos), [right] * photos)
    answer = asked()
    assert answer["Status"] == "FAILED"
    assert words in answer["Reason"]
    assert "set confidence_threshold to a number. Model and threshold stay as they were" in answer["Reason"]
    assert "\n" not in answer["Reason"]


@pytest.mark.parametrize(
    "changes",
    [{"ModelDataUrl": MODEL.replace("one", "two")}, {"Dataset": "other"}],
    ids=["model", "data set"],
)
def test_where_no_answers_are_kept_the_line_says_what_keeps_some(
    cloud: Cloud, asked: Ask, changes: dict[str, str]
) -> None:
    keep(cloud, rising(20), [True] * 20)
    answer = asked("Update", **changes)
    assert answer["Status"] == "FAILED"
    assert (
        "deploy the training stack as well, which has the model evaluated (make deploy)" in answer["Reason"]
    )
    assert "\n" not in answer["Reason"]


def test_a_deletion_is_answered_and_reads_nothing(asked: Ask) -> None:
    assert asked("Delete")["Status"] == "SUCCESS"
