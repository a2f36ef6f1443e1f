"""What a channel holds is told by its content type, or else by its files; the rest is refused in one line."""

import json
import re
import shutil

import pytest

from tests.training.data.record_writer import image_record
from training.container_paths import ContainerPaths
from training.contract import CustomerError
from training.data.channels import read_channel
from training.hyperparameters import Hyperparameters

TWO_CLASSES = Hyperparameters(num_classes=2, num_training_samples=24)


def as_records(job, channel):
    """Puts the channel's pictures into a RecordIO file in place of the files and their list."""
    folder = job.root / "input" / "data" / channel
    lists = folder.with_name(f"{channel}_lst")
    rows = [line.split("\t") for line in (lists / f"{channel}.lst").read_text().splitlines()]
    content = b"".join(image_record(float(label), (folder / name).read_bytes()) for _, label, name in rows)
    for old in (folder, lists):
        shutil.rmtree(old)
    folder.mkdir()
    (folder / f"{channel}.rec").write_bytes(content)


def configure(job, **channels):
    file = job.root / "input" / "config" / "inputdataconfig.json"
    file.write_text(json.dumps(channels))


def read(job, channel="train"):
    return read_channel(ContainerPaths(job.root), channel, TWO_CLASSES)


def test_records_train_to_the_same_weights_as_the_files_that_they_were_made_of(job, run):
    def weights():
        status, out, err = run(job)
        assert status == 0, err
        (path,) = (job.root / "model").glob("*.params")
        return out, path.read_bytes()

    job.set_hyperparameters(epochs="1", augmentation_type="crop")
    _, of_files = weights()
    as_records(job, "train")
    as_records(job, "validation")
    out, of_records = weights()
    assert of_records == of_files
    assert "Searching for .rec files in /opt/ml/input/data/train.\n" in out


def test_a_damaged_picture_in_a_record_is_named(job, run):
    as_records(job, "train")
    file = job.root / "input/data/train/train.rec"
    file.write_bytes(image_record(1.0, b"no picture") + file.read_bytes())
    status, _, err = run(job)
    assert status == 1
    assert err == (
        "Customer Error: Unable to read the image train.rec record 0 at byte 0 in the train channel: "
        "not a PNG or JPEG image.\n"
    )
    assert err == job.read_failure() + "\n"


def test_the_content_type_decides_where_a_channel_holds_both(job):
    (job.root / "input/data/train/train.rec").write_bytes(image_record(1.0, b"image"))
    configure(job, train={"ContentType": "application/x-image", "TrainingInputMode": "File"})
    assert len(read(job)) == 24
    configure(job, train={"ContentType": "application/x-recordio; label-format=multi-hot"})
    assert len(read(job)) == 1
    configure(job, validation={"ContentType": "application/x-image"})
    assert len(read(job)) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"TrainingInputMode": "Pipe"},
            "The train channel is in Pipe mode, which is not supported here; use File",
        ),
        ({"ContentType": "text/csv"}, "The content type 'text/csv' of the train channel is not one of "),
        (
            {"ContentType": "application/x-recordio; label-format=class-id"},
            "label-format=class-id of the train channel is not supported here; use label-format=multi-hot",
        ),
        (
            {"ContentType": "application/x-recordio"},
            "Invalid rec file in the train channel. Expected one .rec in train, found 0.",
        ),
    ],
)
def test_other_kinds_of_channel_are_refused_in_one_line(job, settings, message):
    configure(job, train=settings)
    with pytest.raises(CustomerError) as caught:
        read(job)
    assert str(caught.value).startswith(f"Customer Error: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", '{"train": []}', '{"train": {"ContentType": 1}}'])
def test_channel_settings_that_cannot_be_read_are_one_line(job, text):
    (job.root / "input/config/inputdataconfig.json").write_text(text)
    with pytest.raises(CustomerError, match=r"inputdataconfig\.json (is not JSON|must map channels)"):
        read(job)


def test_images_without_their_list_channel_are_told_which_channels_there_must_be(job):
    shutil.rmtree(job.root / "input/data/train_lst")
    with pytest.raises(CustomerError, match=r"There is no train_lst channel\. The channels must be train, "):
        read(job)


@pytest.mark.parametrize("kind", ["lst", "rec"])
def test_no_list_or_record_file_and_two_of_them_are_refused(job, kind):
    if kind == "rec":
        as_records(job, "train")
    folder = job.root / "input/data" / ("train_lst" if kind == "lst" else "train")
    configure(job, train={"ContentType": "application/x-recordio"} if kind == "rec" else {})
    (folder / f"other.{kind}").touch()
    expected = (
        f"Customer Error: Invalid {kind} file in the train channel. Expected one .{kind} in {folder.name}"
    )
    with pytest.raises(CustomerError, match=re.escape(f"{expected}, found 2.")):
        read(job)
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(CustomerError, match=re.escape(f"{expected}, found 0.")):
        read(job)
