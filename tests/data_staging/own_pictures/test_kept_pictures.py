"""Own pictures that a deployment trains on: only somebody who names other pictures can replace them."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from data_staging import bucket
from data_staging.stage import main
from tests.data_staging.deployment_on_moto import BUCKET, deploy, keys, staged_id
from tests.data_staging.own_pictures.photo_files import fill

CLASSES = ["bicycle", "motorcycle"]

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def deployed() -> Iterator[None]:
    """A deployment "scones" with its bucket, nothing staged."""
    with mock_aws():
        deploy()
        yield


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of own pictures."""
    return fill(tmp_path / "pictures", CLASSES)


@pytest.fixture
def archive(drawn: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive that the environment names, as a shell does that has once been set up."""
    monkeypatch.setenv("SCONES_CIFAR100", str(drawn))
    return drawn


def stage(*arguments: object) -> int:
    """Runs the command for bicycles and motorcycles; returns its exit status."""
    return main(["--name", "scones", "--classes", ",".join(CLASSES), *map(str, arguments)])


def kind_staged() -> str:
    key = f"datasets/{staged_id()}/manifest.json"
    manifest = json.load(boto3.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"])
    return str(manifest["source"]["kind"])


def test_own_pictures_come_to_s3_with_the_keys_that_they_have_in_a_folder(
    pictures: Path, tmp_path: Path, capsys: Captured
) -> None:
    assert stage("--images", pictures) == 0
    assert capsys.readouterr().out.endswith("2 test pictures of bicycle, motorcycle)\n")
    assert stage("--images", pictures, "--out", tmp_path / "out") == 0
    files = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*")}
    assert keys() == files
    assert kind_staged() == "images"


def test_an_upload_that_was_stopped_goes_on(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put, sent = bucket._Destination.put, []

    def put_some(destination: bucket._Destination, path: str, content: bytes, content_type: str) -> None:
        sent.append(path)
        if len(sent) > 5:
            raise KeyboardInterrupt
        put(destination, path, content, content_type)

    with monkeypatch.context() as patched:
        patched.setattr(bucket._Destination, "put", put_some)
        assert stage("--images", pictures) == 130
    before = keys()
    assert len(before) == 5
    assert staged_id() == "not-staged"
    s3 = boto3.client("s3")
    times = {key: s3.head_object(Bucket=BUCKET, Key=key)["LastModified"] for key in before}
    assert stage("--images", pictures) == 0
    assert {key: s3.head_object(Bucket=BUCKET, Key=key)["LastModified"] for key in before} == times
    assert len(keys()) == 12 + 4


def test_own_pictures_stay_where_no_others_are_named(pictures: Path, archive: Path, capsys: Captured) -> None:
    stage("--images", pictures)
    before, data_set = keys(), staged_id()
    capsys.readouterr()
    assert stage() == 0
    assert capsys.readouterr().out.startswith(f"Kept: s3://{BUCKET}/datasets/{data_set}/ (own pictures of ")
    assert (keys(), staged_id()) == (before, data_set)


def test_an_archive_that_is_named_takes_their_place(pictures: Path, archive: Path) -> None:
    stage("--images", pictures)
    assert stage("--archive", archive) == 0
    assert kind_staged() == "generated"
    assert stage("--images", pictures) == 0
    assert kind_staged() == "images"


def test_own_pictures_of_other_classes_are_not_replaced_in_silence(
    pictures: Path, archive: Path, capsys: Captured
) -> None:
    stage("--images", pictures)
    before = staged_id()
    assert main(["--name", "scones", "--classes", "motorcycle,bicycle"]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("stage.py: own pictures of bicycle, motorcycle are staged")
    assert "--images DIR" in line
    assert "--archive PATH" in line
    assert staged_id() == before


def test_pictures_of_cifar_100_are_replaced_by_those_that_the_environment_names(archive: Path) -> None:
    assert stage() == 0
    assert stage() == 0
    assert kind_staged() == "generated"


def test_other_places_than_the_deployments_get_what_is_asked_for(
    pictures: Path, archive: Path, tmp_path: Path
) -> None:
    stage("--images", pictures)
    boto3.client("s3").create_bucket(Bucket="another-bucket")
    assert stage("--bucket", "another-bucket") == 0
    assert stage("--out", tmp_path / "out") == 0
    assert keys("another-bucket")
    assert kind_staged() == "images"


def test_own_pictures_that_are_no_longer_there_keep_nobody_from_staging(
    pictures: Path, archive: Path
) -> None:
    stage("--images", pictures)
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=f"datasets/{staged_id()}/manifest.json")
    assert stage() == 0
    assert kind_staged() == "generated"
