"""RecordIO files that MXNet writes are read here, records that it split included."""

from pathlib import Path

import numpy as np

from benchmarks.model.job_folder import read_split
from training.data.record_file import MAGIC, read_records
from training.hyperparameters import parse


def test_images_and_labels_that_mxnet_packs_are_read(dataset: Path, mxnet, tmp_path: Path) -> None:
    pictures = sorted(read_split(dataset, "validation"), key=lambda picture: picture.path.name)
    images = tmp_path / "images"
    images.mkdir()
    for number, picture in enumerate(pictures):
        (images / f"{number:04d}").write_bytes(picture.path.read_bytes())
    # MXNet splits a record where a word of it is the magic number.
    (images / "9999").write_bytes(MAGIC * 2 + b"12345678" + MAGIC + b"123")
    labels = [picture.label for picture in pictures] + [1]
    channel = tmp_path / "train"
    channel.mkdir()
    mxnet.record(images, np.array(labels, np.float32), channel / "train.rec")
    hyperparameters = parse({"num_classes": "2", "num_training_samples": str(len(labels))})
    found = read_records(channel / "train.rec", channel, hyperparameters)
    assert [record.label for record in found] == labels
    assert [record.content() for record in found] == [path.read_bytes() for path in sorted(images.iterdir())]


def test_several_labels_that_mxnet_packs_are_read(mxnet, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for name in "ab":
        (images / name).write_bytes(name.encode())
    labels = np.array([[1, 0, 1], [0, 0, 1]], np.float32)
    channel = tmp_path / "train"
    channel.mkdir()
    mxnet.record(images, labels, channel / "train.rec")
    hyperparameters = parse({"num_classes": "3", "num_training_samples": "2", "multi_label": "1"})
    found = read_records(channel / "train.rec", channel, hyperparameters)
    assert [record.label for record in found] == [(1, 0, 1), (0, 0, 1)]
    assert [record.content() for record in found] == [b"a", b"b"]
