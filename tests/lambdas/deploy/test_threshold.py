"""The custom resource of the recommended threshold: what it asks, answers, keeps and refuses."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from lambdas.deploy import threshold
from lambdas.workflow.endpoint import Endpoint
from lambdas.workflow.errors import EndpointNotInService, EndpointThrottled
from tests.lambdas.deploy.deploy_cloud import BUCKET, DATASET, Cloud

MODEL = f"s3://{BUCKET}/models/scones-one/output/model.tar.gz"
CLASSES = ("bicycle", "motorcycle")
Classify = Callable[[bytes], list[float]]


def read_photo(image: bytes) -> tuple[int, float]:
    """Returns label and confidence that the content of a staged photo of this file tells."""
    label, confidence = image.decode().split()
    return int(label), float(confidence)


def all_right(image: bytes) -> list[float]:
    label, confidence = read_photo(image)
    return [1 - confidence, confidence] if label else [confidence, 1 - confidence]


def all_wrong(image: bytes) -> list[float]:
    return all_right(image)[::-1]


def stage(cloud: Cloud, photos: int) -> None:
    """Stages a validation split whose photos' confidences go up from 0.6."""
    lines = []
    for number in range(photos):
        label, path = number % 2, f"{CLASSES[number % 2]}/{number}.png"
        lines.append(f"{number}\t{label}\t{path}\n")
        key = f"datasets/{DATASET}/validation/{path}"
        cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=f"{label} {0.6 + number / 1000}".encode())
    cloud.s3.put_object(Bucket=BUCKET, Key=f"datasets/{DATASET}/validation.lst", Body="".join(lines).encode())


@pytest.fixture
def cloud(training: Cloud) -> Cloud:
    """How the model came about is no matter here."""
    return training


@pytest.fixture
def served() -> dict[str, Any]:
    """What DescribeEndpoint says: the configuration of this deploy, unless a test says otherwise."""
    return {"EndpointConfigName": "scones-config"}


@pytest.fixture
def asked(
    cloud: Cloud, served: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, Any]]:
    """Sends a request to the function with an endpoint that answers so; returns CloudFormation's answer."""

    def ask(classify: Classify, kind: str = "Create", **changes: Any) -> dict[str, Any]:
        def measure(_: Endpoint, image: bytes, InferenceId: str) -> list[float]:
            assert InferenceId == "evaluation", "data capture would take it for a delivery"
            return classify(image)

        described = {"EndpointName": "scones", "EndpointStatus": "InService", **served}
        monkeypatch.setattr(threshold.sagemaker, "describe_endpoint", lambda EndpointName: described)
        monkeypatch.setattr(Endpoint, "classify", measure)
        properties = {
            "ModelDataUrl": MODEL,
            "RoutedErrorTarget": "0.3",
            "RoutedErrorConfidence": "0.9",
            **changes,
        }
        threshold.handler(cloud.request(kind, **properties), None)
        return cloud.answers[-1]

    return ask


def unasked(_: bytes) -> list[float]:
    raise AssertionError("the endpoint is asked")


def test_the_threshold_and_where_it_comes_from_are_answered(cloud: Cloud, asked: Any) -> None:
    stage(cloud, 20)
    answer = asked(all_right)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "scones-threshold")
    assert answer["Data"] == {
        "Value": "0.6",
        "Source": (
            "recommended for model scones-one from 20 validation photos: at most 30 wrong in 100 routed "
            "with 90 % confidence"
        ),
    }
    # The workflow stack puts it into JSON as it is.
    assert json.loads(f'"{answer["Data"]["Source"]}"') == answer["Data"]["Source"]


def test_the_right_class_is_that_of_the_list(cloud: Cloud, asked: Any) -> None:
    stage(cloud, 40)

    def unsure_is_wrong(image: bytes) -> list[float]:
        return (all_wrong if read_photo(image)[1] < 0.61 else all_right)(image)

    value = float(asked(unsure_is_wrong)["Data"]["Value"])
    assert 0.605 < value < 0.615


def test_another_target_asks_the_endpoint_nothing(cloud: Cloud, asked: Any) -> None:
    stage(cloud, 20)
    asked(all_right)
    answer = asked(unasked, "Update", RoutedErrorTarget="0.4")
    assert "at most 40 wrong in 100" in answer["Data"]["Source"]


@pytest.mark.parametrize("changed", ["model", "data set"])
def test_another_model_or_data_set_is_asked_anew(cloud: Cloud, asked: Any, changed: str) -> None:
    stage(cloud, 20)
    asked(all_right)
    if changed == "model":
        changes = {"ModelDataUrl": MODEL.replace("one", "two")}
    else:
        for entry in cloud.s3.list_objects_v2(Bucket=BUCKET, Prefix=f"datasets/{DATASET}/")["Contents"]:
            cloud.s3.copy_object(
                Bucket=BUCKET,
                Key=entry["Key"].replace(DATASET, "other"),
                CopySource={"Bucket": BUCKET, "Key": entry["Key"]},
            )
        changes = {"Dataset": "other"}
    assert asked(all_wrong, "Update", **changes)["Status"] == "FAILED"


def test_a_roll_back_gets_the_former_threshold_with_another_model_in_service(
    cloud: Cloud, asked: Any
) -> None:
    stage(cloud, 20)
    former = asked(all_right)
    refused = asked(all_wrong, "Update", ModelDataUrl=MODEL.replace("one", "two"))
    assert refused["Status"] == "FAILED"
    back = asked(all_wrong, "Update")
    assert (back["Status"], back["Data"]) == ("SUCCESS", former["Data"])


@pytest.mark.parametrize(
    ("photos", "classify", "words"),
    [
        (8, all_right, "of the 8 most confident of 8 validation photos 0 are wrong; about 3 more"),
        (20, all_wrong, "validation photos 11 are wrong; more photos like these would not help"),
        (0, all_right, "no validation pictures"),
    ],
)
def test_what_proves_no_threshold_is_refused_in_one_line(
    cloud: Cloud, asked: Any, photos: int, classify: Classify, words: str
) -> None:
    stage(cloud, photos)
    answer = asked(classify)
    assert answer["Status"] == "FAILED"
    assert words in answer["Reason"]
    assert "\n" not in answer["Reason"]
    assert not photos or (
        "set confidence_threshold to a number. Until then the former threshold" in answer["Reason"]
    )


@pytest.mark.parametrize(("times", "status"), [(3, "SUCCESS"), (4, "SUCCESS"), (5, "FAILED")])
def test_an_endpoint_that_is_busy_is_asked_again_after_ever_longer_waits(
    cloud: Cloud, asked: Any, monkeypatch: pytest.MonkeyPatch, times: int, status: str
) -> None:
    stage(cloud, 20)
    waits: list[float] = []
    monkeypatch.setattr(threshold.time, "sleep", waits.append)
    asks: list[bytes] = []

    def busy_for_one_photo(image: bytes) -> list[float]:
        asks.append(image)
        if read_photo(image) == (1, 0.601) and asks.count(image) <= times:
            raise EndpointThrottled("too many calls")
        return all_right(image)

    assert asked(busy_for_one_photo)["Status"] == status
    assert waits == [2, 4, 8, 16][:times]


def test_an_endpoint_that_does_not_answer_fails_the_deploy_and_nothing_is_kept(
    cloud: Cloud, asked: Any
) -> None:
    stage(cloud, 20)

    def absent(_: bytes) -> list[float]:
        raise EndpointNotInService("Endpoint scones is not in service")

    answer = asked(absent)
    assert answer["Status"] == "FAILED"
    assert "Endpoint scones is not in service" in answer["Reason"]
    assert cloud.s3.list_objects_v2(Bucket=BUCKET, Prefix="validations/")["KeyCount"] == 0


def test_the_answers_of_an_endpoint_that_was_put_back_are_not_taken_for_the_new_models(
    cloud: Cloud, asked: Any, served: dict[str, Any]
) -> None:
    stage(cloud, 20)
    served |= {"EndpointConfigName": "former-config", "FailureReason": "no\ncapacity"}
    answer = asked(unasked)
    assert answer["Status"] == "FAILED"
    assert "serves configuration former-config and not scones-config" in answer["Reason"]
    assert "no capacity" in answer["Reason"]
    assert "update-endpoint --endpoint-name scones --endpoint-config-name scones-config" in answer["Reason"]
    assert cloud.s3.list_objects_v2(Bucket=BUCKET, Prefix="validations/")["KeyCount"] == 0


def test_a_roll_back_gets_its_threshold_whatever_the_endpoint_serves(
    cloud: Cloud, asked: Any, served: dict[str, Any]
) -> None:
    stage(cloud, 20)
    former = asked(all_right)
    served["EndpointConfigName"] = "later-config"
    assert asked(unasked, "Update")["Data"] == former["Data"]


def test_an_endpoint_that_is_too_slow_fails_the_deploy_before_lambda_ends_the_function(
    cloud: Cloud, asked: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(cloud, 20)
    monkeypatch.setattr(threshold, "LONGEST_SECONDS", -1)
    answer = asked(all_right)
    assert answer["Status"] == "FAILED"
    assert "all 20 validation photos within" in answer["Reason"]


def test_a_data_set_that_is_not_there_fails_the_deploy(asked: Any) -> None:
    answer = asked(all_right, Dataset="absent")
    assert answer["Status"] == "FAILED"
    assert "python data_staging/stage.py" in answer["Reason"]


def test_a_deletion_is_answered_and_asks_nothing(asked: Any) -> None:
    assert asked(unasked, "Delete")["Status"] == "SUCCESS"


def test_what_is_kept_are_the_confidences_and_what_is_right(cloud: Cloud, asked: Any) -> None:
    stage(cloud, 20)
    asked(all_right)
    kept = cloud.s3.get_object(Bucket=BUCKET, Key=f"validations/scones-one/{DATASET}.json")["Body"]
    assert json.load(kept) == {"confidences": [0.6 + n / 1000 for n in range(20)], "right": [True] * 20}
