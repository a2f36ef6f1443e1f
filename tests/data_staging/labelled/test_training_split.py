"""What people labelled is staged for training, each picture once, and never what the model is judged by."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from PIL import Image

from data_staging.dataset import DataSet
from data_staging.photos import digest_pixels
from lambdas.workflow import places
from lambdas.workflow.event import MAX_IMAGE_BYTES
from lambdas.workflow.photos.photo import make_small_image
from tests.data_staging.deployment_on_moto import BUCKET, keys, staged_id
from tests.data_staging.labelled.outcomes_on_moto import (
    CLASSES,
    DECIDED_AT,
    REVIEWER,
    label_photo,
    png,
    put_outcome,
    read_staged,
    stage,
    staged_manifest,
)
from tests.data_staging.own_pictures.photo_files import fill, shapes

Captured = pytest.CaptureFixture[str]

pytestmark = pytest.mark.usefixtures("deployed", "archive")


def taken() -> dict[str, dict[str, str]]:
    return dict(staged_manifest()["source"]["labelled"])


def left_out() -> dict[str, str]:
    return dict(staged_manifest()["source"]["labelled_left_out"])


def test_labelled_photos_come_to_the_training_split_and_to_no_other() -> None:
    stage()
    before = staged_manifest()
    label_photo(png(shapes(1)), "bicycle", "incoming/one.png")
    label_photo(png(shapes(2)), "motorcycle", "incoming/two.png")
    assert stage() == 0
    after = staged_manifest()
    added = after["files"].keys() - before["files"].keys()
    assert before["files"].keys() < after["files"].keys()
    assert {tuple(path.split("/")[:2]) for path in added} == {("train", "bicycle"), ("train", "motorcycle")}
    assert after["splits"]["train"] == {"count": 20, "classes": {"bicycle": 10, "motorcycle": 10}}
    for split in ("validation", "test"):
        assert after["splits"][split] == before["splits"][split]
    for path in added:
        label = CLASSES.index(path.split("/")[1])
        assert after["files"][path]["label"] == label
        assert f"\t{label}\t{path.removeprefix('train/')}\n" in read_staged("train.lst").decode()


def test_a_label_that_can_still_be_undone_waits_for_the_next_staging(capsys: Captured) -> None:
    stage()
    before = staged_id()
    photo = label_photo(png(shapes(1)), "bicycle")
    table = boto3.client("dynamodb")
    (name,) = table.list_tables()["TableNames"]
    undoable = {"TableName": name, "Key": {"photo": {"S": photo}}}
    table.update_item(
        **undoable, UpdateExpression="SET untold = :yes", ExpressionAttributeValues={":yes": {"BOOL": True}}
    )
    stage()
    assert "Not taken yet: 1 of the labels can still be undone" in capsys.readouterr().err
    assert staged_id() == before
    table.update_item(**undoable, UpdateExpression="REMOVE untold")
    stage()
    assert "1 labelled photo taken into the training split" in capsys.readouterr().err
    assert staged_id() != before


def test_a_labelled_photo_is_staged_as_serving_shows_it_to_the_model() -> None:
    photo = png(shapes("large", (900, 700)))
    label_photo(photo, "bicycle")
    stage()
    (path,) = taken()
    staged, served = (
        Image.open(io.BytesIO(content))
        for content in (read_staged(path), make_small_image(photo, MAX_IMAGE_BYTES))
    )
    assert (staged.format, staged.size) == ("PNG", served.size)
    assert staged.tobytes() == served.tobytes()


def test_the_manifest_names_each_with_who_labelled_it_and_when() -> None:
    photo = label_photo(png(shapes(1)), "motorcycle", "incoming/ab/one.png", "v1")
    stage()
    (facts,) = taken().values()
    assert facts == {
        "photo": photo,
        "bucket": BUCKET,
        "key": "incoming/ab/one.png",
        "version": "v1",
        "label": "motorcycle",
        "reviewed_by": REVIEWER,
        "decided_at": DECIDED_AT,
    }


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_copy_of_a_picture_of_any_split_is_left_out(
    split: str, data_set: DataSet, capsys: Captured
) -> None:
    picture = data_set.splits[split][0]
    photo = label_photo(picture.encode(), "motorcycle", "incoming/copy.png")
    assert stage() == 0
    assert staged_id() == data_set.id
    assert left_out() == {photo: f"the same picture as '{split}/{picture.path}'"}
    assert taken() == {}
    lines = capsys.readouterr().err.splitlines()
    assert (
        f"Left out: labelled photo '{photo}' ('incoming/copy.png') is the same picture as "
        f"'{split}/{picture.path}'" in lines
    )
    assert "0 labelled photos taken into the training split, 1 left out" in lines


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_copy_of_an_own_picture_of_any_split_is_left_out(split: str, tmp_path: Path) -> None:
    pictures = fill(tmp_path / "pictures", CLASSES)
    stage("--images", pictures)
    files = staged_manifest()["source"]["originals"]
    path = next(path for path in files if path.startswith(f"{split}/"))
    photo = label_photo((pictures / files[path]).read_bytes(), "bicycle")
    assert stage("--images", pictures) == 0
    assert left_out() == {photo: f"the same picture as '{path}'"}


def test_a_copy_is_known_by_its_pixels_whatever_its_file() -> None:
    stage()
    uncompressed = shapes(1).convert("RGBA")
    photos = [
        label_photo(content, "bicycle", f"incoming/{number}.png")
        for number, content in enumerate((png(shapes(1)), png(uncompressed)))
    ]
    stage()
    first, second = sorted(photos)
    assert [facts["photo"] for facts in taken().values()] == [first]
    assert left_out() == {second: f"the same picture as photo {first}"}


def test_copies_that_were_labelled_as_two_classes_are_all_left_out() -> None:
    photos = [
        label_photo(png(shapes(1)), label, f"incoming/{number}.png")
        for number, label in enumerate(("bicycle", "motorcycle", "bicycle"))
    ]
    stage()
    assert taken() == {}
    assert left_out().keys() == set(photos)
    assert f"the same picture as photo {photos[1]}, labelled motorcycle" in left_out()[photos[0]]


def test_a_label_that_is_none_of_the_classes_is_left_out_with_a_line(capsys: Captured) -> None:
    photo = label_photo(png(shapes(1)), "tricycle", "incoming/odd.png")
    assert stage() == 0
    assert left_out() == {photo: "labelled 'tricycle', which is none of the classes"}
    assert "('incoming/odd.png') is labelled 'tricycle', which is none of" in capsys.readouterr().err


def test_photos_that_were_not_labelled_are_not_looked_at() -> None:
    for number, outcome in enumerate(("routed", "refused", "failed", "discarded")):
        put_outcome(f"{number:032x}", outcome={"S": outcome})
    stage()
    assert "labelled" not in staged_manifest()["source"]


def test_without_its_copy_the_version_that_was_judged_is_read() -> None:
    s3 = boto3.client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    key = "incoming/one.png"
    version = s3.put_object(Bucket=BUCKET, Key=key, Body=png(shapes("judged")))["VersionId"]
    s3.put_object(Bucket=BUCKET, Key=key, Body=png(shapes("another")))
    put_outcome(places.identify_photo(BUCKET, key, version), key={"S": key}, version={"S": version})
    stage()
    (path,) = taken()
    assert path == f"train/bicycle/labelled-{digest_pixels(shapes('judged'))[:32]}.png"


@pytest.mark.parametrize("bucket", [BUCKET, "no-such-bucket", "no bucket's name"])
def test_a_photo_that_is_gone_is_left_out_with_a_line(bucket: str, capsys: Captured) -> None:
    put_outcome("a" * 32, bucket={"S": bucket}, key={"S": "incoming/gone.png"})
    assert stage() == 0
    assert taken() == {}
    assert left_out()["a" * 32].startswith("not to be had any more: neither its copy nor ")
    assert "gone.png') is not to be had any more" in capsys.readouterr().err


def test_what_serving_would_refuse_is_left_out_as_of_own_pictures() -> None:
    photo = label_photo(b"no photo", "bicycle")
    stage()
    assert "no image" in left_out()[photo]


def test_the_lines_say_how_many_are_new_and_that_the_next_deploy_trains(capsys: Captured) -> None:
    stage()
    for number in range(2):
        label_photo(png(shapes(number)), "bicycle", f"incoming/{number}.png")
    capsys.readouterr()
    stage()
    captured = capsys.readouterr()
    assert captured.out.startswith("Staged: ")
    lines = captured.err.splitlines()
    assert "2 labelled photos taken into the training split, 0 left out" in lines
    trains = "2 labelled photos (2 of them new since the staged data set): the next deploy trains a new model"
    assert trains in lines
    # It costs nothing yet when it is said.
    uploads = [number for number, line in enumerate(lines) if line.startswith("Uploading")]
    assert lines.index(trains) < uploads[0]
    label_photo(png(shapes(2)), "bicycle", "incoming/2.png")
    stage()
    assert "3 labelled photos (1 of them new since" in capsys.readouterr().err


def test_labels_add_to_the_data_set_s_id_and_the_same_labels_give_the_same(capsys: Captured) -> None:
    stage()
    without = staged_id()
    for number in range(3):
        label_photo(png(shapes(number)), CLASSES[number % 2], f"incoming/{number}.png")
    stage()
    assert (once := staged_id()) != without
    capsys.readouterr()
    stage()
    captured = capsys.readouterr()
    assert staged_id() == once
    assert captured.out.startswith("Up to date: ")
    assert "the next deploy trains" not in captured.err


def test_the_order_of_labels_does_not_matter() -> None:
    photos = [(png(shapes(number)), CLASSES[number % 2], f"incoming/{number}.png") for number in range(4)]
    for photo in photos:
        label_photo(*photo)
    stage()
    first, manifest = staged_id(), staged_manifest()
    for photo in reversed(photos):
        identified = places.identify_photo(BUCKET, photo[2], "1")
        boto3.client("dynamodb").delete_item(TableName="scones-outcomes", Key={"photo": {"S": identified}})
    for photo in reversed(photos):
        label_photo(*photo)
    boto3.client("s3").delete_object(Bucket=BUCKET, Key=places.manifest_key(first))
    stage()
    assert (staged_id(), staged_manifest()) == (first, manifest)


def test_a_further_copy_makes_no_other_data_set_but_the_manifest_names_it(capsys: Captured) -> None:
    first = label_photo(png(shapes(1)), "bicycle", "incoming/first.png")
    stage()
    before, files = staged_id(), staged_manifest()["files"]
    second = label_photo(png(shapes(1)), "bicycle", "incoming/second.png")
    capsys.readouterr()
    stage()
    assert capsys.readouterr().out.startswith("Up to date: ")
    assert staged_id() == before
    assert staged_manifest()["files"] == files
    assert {facts["photo"] for facts in taken().values()} | left_out().keys() == {first, second}


def test_the_setting_turns_it_off_and_staging_says_so(capsys: Captured, turn_off: Callable[[], None]) -> None:
    stage()
    before = staged_id()
    turn_off()
    stage()
    assert "labelled" not in capsys.readouterr().err
    label_photo(png(shapes(1)), "bicycle")
    assert stage() == 0
    captured = capsys.readouterr()
    assert "1 labelled photo not taken: the setting labels_in_training is false" in captured.err.splitlines()
    assert staged_id() == before


def test_a_folder_gets_no_labelled_photos_for_it_asks_nothing_of_aws(
    tmp_path: Path, capsys: Captured
) -> None:
    label_photo(png(shapes(1)), "bicycle")
    assert stage("--out", tmp_path) == 0
    (manifest,) = tmp_path.glob("datasets/*/manifest.json")
    assert "labelled" not in json.loads(manifest.read_text())["source"]
    assert "labelled" not in capsys.readouterr().err


def test_another_bucket_gets_the_deployment_s_labelled_photos_and_no_deploy_is_announced(
    capsys: Captured,
) -> None:
    boto3.client("s3").create_bucket(Bucket="another-bucket")
    stage()
    label_photo(png(shapes(1)), "bicycle")
    capsys.readouterr()
    assert stage("--bucket", "another-bucket") == 0
    errors = capsys.readouterr().err
    assert [key for key in keys("another-bucket") if "/train/bicycle/labelled-" in key] != []
    assert "1 labelled photo taken into the training split, 0 left out" in errors
    assert "next deploy" not in errors


def test_a_deployment_without_a_table_stages_as_before(data_set: DataSet, capsys: Captured) -> None:
    boto3.client("ssm").delete_parameter(Name="/scones/outcomes")
    assert stage() == 0
    assert staged_id() == data_set.id
    assert "labelled" not in capsys.readouterr().err


def test_more_labels_than_a_page_has_are_all_taken() -> None:
    # Two pages: one holds a megabyte.
    filling = {"cause": {"S": "x" * 380_000}}
    for number in range(4):
        key = f"incoming/{number}.png"
        photo = label_photo(png(shapes(number)), "bicycle", key)
        put_outcome(photo, key={"S": key}, **filling)
    stage()
    assert len(taken()) == 4
