"""How many labels the model in service was not trained on, and when that is said."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from console.reviews import labels
from console.reviews.labels import count_untrained_labels, suggest_retraining
from console.reviews.queue import Reviews
from evaluation.deployment import Deployment, NotDeployed
from lambdas.workflow import places
from stacks.configuration.settings import Settings
from tests.console.reviews.waiting_photos import BUCKET, client, put, read_item, refuse
from tests.console.server.served_endpoint import IMAGE, ROLE, serving

DATA_SET = "0123456789abcdef"


@pytest.fixture
def trained(deployment: Deployment) -> Iterator[Deployment]:
    """A deployment whose model was trained by a job, on a data set with nothing labelled in it."""
    if not client("sagemaker").list_training_jobs()["TrainingJobSummaries"]:
        train()
    write_manifest({})
    with serving("scones--1"):
        yield deployment


def train() -> None:
    channel = {
        "ChannelName": "train",
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": places.s3_uri(BUCKET, places.data_set_key(DATA_SET, "train/")),
            }
        },
    }
    resources: Any = {"InstanceType": "ml.g4dn.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 20}
    client("sagemaker").create_training_job(
        TrainingJobName="scones--1",
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=ROLE,
        InputDataConfig=[channel],
        OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/models/"},
        ResourceConfig=resources,
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )


def write_manifest(source: dict[str, Any]) -> None:
    client("s3").put_object(
        Bucket=BUCKET, Key=places.manifest_key(DATA_SET), Body=json.dumps({"source": source}).encode()
    )


def label(deployment: Deployment, name: str, as_class: str | None) -> str:
    photo = refuse(name)
    Reviews(deployment, "arn:ann#tab").judge(photo, as_class)
    return photo


def set_retraining(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    monkeypatch.setattr(labels, "read_cdk_json", lambda: Settings(**settings))


def test_labels_count_that_the_model_in_service_was_not_trained_on(trained: Deployment) -> None:
    known, other, left_out = (label(trained, f"{number}.png", "bicycle") for number in range(3))
    label(trained, "none.png", None)
    label(trained, "new.png", "motorcycle")
    refuse("waits.png")
    assert count_untrained_labels(trained) == 4
    write_manifest(
        {
            "labelled": {
                "train/bicycle/0.png": {"photo": known, "label": "bicycle"},
                "train/motorcycle/1.png": {"photo": other, "label": "motorcycle"},
            },
            "labelled_left_out": {left_out: "the same picture as one of the test split"},
        }
    )
    # The new one, and the one that the training set has under another label.
    assert count_untrained_labels(trained) == 2


def test_an_item_of_a_foreign_writer_is_no_label(trained: Deployment) -> None:
    photo = label(trained, "bike.png", "bicycle")
    put(read_item(photo) | {"label": "../etc"})
    assert count_untrained_labels(trained) == 0


def test_for_a_given_model_there_is_no_last_training(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_retraining(monkeypatch, retrain_after_labels=1)
    label(deployment, "bike.png", "bicycle")
    with serving("given-0123"):
        assert count_untrained_labels(deployment) is None
        assert suggest_retraining(deployment) is None


def test_a_data_set_that_is_gone_is_a_line(trained: Deployment) -> None:
    client("s3").delete_object(Bucket=BUCKET, Key=places.manifest_key(DATA_SET))
    with pytest.raises(NotDeployed, match=f"^The data set {DATA_SET} of the model in service is gone$"):
        count_untrained_labels(trained)


@pytest.mark.parametrize(
    ("after", "labelled", "said"),
    [
        (0, 2, None),
        (3, 2, None),
        (2, 2, "2 labels since the last training: `make deploy` retrains"),
        (1, 1, "1 label since the last training: `make deploy` retrains"),
    ],
)
def test_retraining_is_suggested_from_the_set_number_of_labels_on(
    trained: Deployment, monkeypatch: pytest.MonkeyPatch, after: int, labelled: int, said: str | None
) -> None:
    set_retraining(monkeypatch, retrain_after_labels=after)
    for number in range(labelled):
        label(trained, f"{number}.png", "bicycle")
    assert suggest_retraining(trained) == said


def test_it_is_not_suggested_where_labels_are_no_part_of_training(
    trained: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_retraining(monkeypatch, retrain_after_labels=1, labels_in_training=False)
    label(trained, "bike.png", "bicycle")
    assert suggest_retraining(trained) is None


def test_it_is_not_suggested_where_there_is_no_endpoint(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_retraining(monkeypatch, retrain_after_labels=1)
    label(deployment, "bike.png", "bicycle")
    assert suggest_retraining(deployment) is None


def test_where_it_is_off_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    set_retraining(monkeypatch)
    monkeypatch.setattr(boto3.Session, "client", None)
    assert suggest_retraining(Deployment("scones")) is None
