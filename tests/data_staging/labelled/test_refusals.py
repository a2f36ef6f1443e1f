"""Where labelled photos cannot be asked for, one line says so, and nothing is half staged."""

from typing import Any

import boto3
import botocore.client
import pytest

from data_staging.photos import MAX_BYTES
from lambdas.workflow import places
from tests.data_staging.deployment_on_moto import BUCKET, keys, staged_id
from tests.data_staging.labelled.outcomes_on_moto import (
    TABLE,
    label_photo,
    png,
    put_outcome,
    stage,
    staged_manifest,
)
from tests.data_staging.own_pictures.photo_files import shapes

Captured = pytest.CaptureFixture[str]

pytestmark = pytest.mark.usefixtures("deployed", "archive")


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Returns a function that makes AWS answer a call with an error, where its parameters contain a text."""
    make = botocore.client.BaseClient._make_api_call

    def refuse(operation: str, code: str, telling: str = "") -> None:
        def answer(client: Any, asked: str, parameters: dict[str, Any]) -> Any:
            if asked == operation and telling in str(parameters):
                error = {"Error": {"Code": code, "Message": "No."}}
                raise botocore.client.ClientError(error, operation)  # type: ignore[arg-type]
            return make(client, asked, parameters)

        monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", answer)

    return refuse


def fail(capsys: Captured) -> str:
    """Runs the command, which fails and changes nothing; returns its one line."""
    before, data_set = keys(), staged_id()
    assert stage() == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert (keys(), staged_id()) == (before, data_set)
    (line,) = [line for line in captured.err.splitlines() if not line.startswith("Reading labelled")]
    assert line.startswith("stage.py: ")
    return line


@pytest.mark.parametrize(
    ("operation", "code", "advice"),
    [
        ("Query", "ProvisionedThroughputExceededException", "run it again in a minute"),
        ("Query", "ThrottlingException", "run it again in a minute"),
        ("Query", "AccessDeniedException", "these credentials may not"),
        ("GetObject", "AccessDenied", "these credentials may not"),
        ("GetObject", "SlowDown", "run it again in a minute"),
    ],
)
def test_a_refusal_is_one_line_and_nothing_is_staged(
    operation: str, code: str, advice: str, capsys: Captured, answer: Any
) -> None:
    label_photo(png(shapes(1)), "bicycle")
    answer(operation, code)
    line = fail(capsys)
    assert code in line
    assert operation in line
    assert advice in line


def test_a_table_that_is_gone_is_one_line(capsys: Captured) -> None:
    boto3.client("dynamodb").delete_table(TableName=TABLE)
    assert f"there is no table {TABLE} in us-east-1" in fail(capsys)


def test_a_photo_of_somebody_else_s_bucket_that_may_not_be_read_is_left_out(answer: Any) -> None:
    put_outcome("a" * 32, bucket={"S": "theirs"}, key={"S": "photo.png"})
    answer("GetObject", "AccessDenied", "theirs")
    assert stage() == 0
    assert (
        "'s3://theirs/photo.png' can be read (AccessDenied)"
        in staged_manifest()["source"]["labelled_left_out"]["a" * 32]
    )


def test_a_photo_longer_than_is_read_is_not_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = label_photo(png(shapes(1)), "bicycle")
    make = botocore.client.BaseClient._make_api_call

    class Unread:
        def read(self) -> bytes:
            raise AssertionError("it was downloaded")

    def answer(client: Any, asked: str, parameters: dict[str, Any]) -> Any:
        if asked == "GetObject" and parameters["Key"].startswith(places.REVIEW):
            return {"ContentLength": MAX_BYTES + 1, "Body": Unread()}
        return make(client, asked, parameters)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", answer)
    assert stage() == 0
    assert staged_manifest()["source"]["labelled_left_out"] == {
        photo: f"{MAX_BYTES + 1} bytes long: at most {MAX_BYTES} are read"
    }


def test_a_photo_that_changes_while_it_is_staged_leaves_no_data_set(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = label_photo(png(shapes(1)), "bicycle", "incoming/one.png")
    make = botocore.client.BaseClient._make_api_call

    def change_before_uploads(client: Any, asked: str, parameters: dict[str, Any]) -> Any:
        if asked == "ListObjectsV2":
            copy = {"Bucket": BUCKET, "Key": places.review_key(photo, "incoming/one.png")}
            make(client, "PutObject", copy | {"Body": png(shapes(2))})
        return make(client, asked, parameters)

    with monkeypatch.context() as patched:
        patched.setattr(botocore.client.BaseClient, "_make_api_call", change_before_uploads)
        assert stage() == 1
    line = capsys.readouterr().err.splitlines()[-1]
    assert line == "stage.py: the labelled photo 'incoming/one.png' was changed meanwhile: run it again"
    assert staged_id() == "not-staged"
    assert [key for key in keys() if key.endswith("manifest.json")] == []


def test_an_attribute_of_another_type_leaves_its_photo_out_with_a_line(capsys: Captured) -> None:
    values: list[dict[str, Any]] = [{"N": "7"}, {"BOOL": True}, {"L": []}, {"NULL": True}, {"B": b"x"}]
    attributes = ["bucket", "key", "version", "label", "reviewed_by"]
    for attribute, value in zip(attributes, values, strict=True):
        put_outcome(attribute, **{attribute: value})
    assert stage() == 0
    errors = capsys.readouterr().err
    for attribute in attributes:
        assert f"labelled photo '{attribute}' is without a {attribute} (a text) in the table" in errors


def test_of_many_that_are_left_out_the_first_are_shown_and_the_manifest_has_all(capsys: Captured) -> None:
    for number in range(12):
        put_outcome(f"{number:032}", label={"S": "tricycle"})
    assert stage() == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Left out: ")]
    assert len(lines) == 11
    assert lines[-1] == "Left out: 2 more; manifest.json names them all (source.labelled_left_out)"
    assert len(staged_manifest()["source"]["labelled_left_out"]) == 12
