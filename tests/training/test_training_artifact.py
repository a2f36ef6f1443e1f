"""The model artifact: what was stored is what is loaded, and nothing else is."""

import contextlib
import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training import artifact
from training.contract import CustomerError
from training.efficientnet import pretrained
from training.mxnet_parameters import InvalidParameters, read_parameters, write_parameters
from training.residual_network import randomly_initialised

SHAPE = (3, 28, 28)


@pytest.fixture
def folder(tmp_path):
    """A stored 20-layer network."""
    network = randomly_initialised(20, SHAPE, 3).eval()
    artifact.describe(tmp_path, "resnet-20", SHAPE, 8)
    artifact.store_weights(tmp_path, network, epoch=0)
    return tmp_path, network


def test_a_stored_residual_network_predicts_the_same_after_loading(folder):
    path, network = folder
    pixels = torch.rand(2, *SHAPE) * 255
    loaded, shape = artifact.load(path)
    assert shape == SHAPE
    with torch.inference_mode():
        assert torch.equal(loaded(pixels), network(pixels))


def test_a_stored_pretrained_network_predicts_the_same_after_loading(tmp_path):
    network = pretrained(2).eval()
    artifact.describe(tmp_path, artifact.EFFICIENTNET, (3, 224, 224), 8)
    artifact.store_weights(tmp_path, network, epoch=4)
    assert (tmp_path / "image-classification-0005.params").is_file()
    pixels = torch.rand(1, 3, 224, 224) * 255
    loaded, _ = artifact.load(tmp_path)
    with torch.inference_mode():
        assert torch.equal(loaded(pixels), network(pixels))


def test_of_several_checkpoints_the_latest_is_loaded(folder):
    path, network = folder
    with torch.no_grad():
        network.fc1.bias.fill_(7)
    artifact.store_weights(path, network, epoch=1)
    loaded, _ = artifact.load(path)
    assert torch.equal(loaded.fc1.bias, network.fc1.bias)


def test_the_shapes_are_written_as_in_aws_artifacts(folder):
    path, _ = folder
    assert (path / "model-shapes.json").read_text() == '[{"shape": [8, 3, 28, 28], "name": "data"}]'


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ("model-shapes.json", "model-shapes.json"),
        ("network.json", "network.json"),
        ("image-classification-0001.params", "image-classification-NNNN.params"),
    ],
)
def test_a_missing_file_is_named_in_one_line(folder, missing, named):
    path, _ = folder
    (path / missing).unlink()
    with pytest.raises(CustomerError) as caught:
        artifact.load(path)
    assert str(caught.value) == f"The model in {path} lacks {named}."


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model-shapes.json", "{"),
        ("model-shapes.json", "[]"),
        ("model-shapes.json", '[{"shape": [8, 3, 100000, 28], "name": "data"}]'),
        ("model-shapes.json", '[{"shape": [8, 1, 28, 28], "name": "data"}]'),
        ("network.json", "[]"),
        ("network.json", '{"network": "vgg"}'),
        ("network.json", '{"network": "resnet-32"}'),
        ("image-classification-0001.params", "not weights"),
    ],
)
def test_a_foreign_file_is_one_line(folder, name, content):
    path, _ = folder
    (path / name).write_text(content)
    with pytest.raises(CustomerError, match="cannot be used") as caught:
        artifact.load(path)
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_finite_are_refused(folder):
    path, network = folder
    with torch.no_grad():
        network.fc1.bias.fill_(float("nan"))
    artifact.store_weights(path, network, epoch=1)
    with pytest.raises(CustomerError, match="not finite"):
        artifact.load(path)


def test_parameters_have_the_bytes_that_mxnet_writes(tmp_path):
    path = tmp_path / "one.params"
    write_parameters(path, {"arg:w": np.array([1.5, -2], dtype=np.float32)})
    expected = (
        "1201000000000000" "0000000000000000" "0100000000000000"  # list magic, reserved, one array
        "c9fa93f9" "00000000" "01000000" "0200000000000000"  # version 2, dense, one dimension, of two
        "01000000" "00000000" "00000000" "0000c03f" "000000c0"  # CPU 0, float32, the numbers
        "0100000000000000" "0500000000000000" "6172673a77"  # one name, five bytes, arg:w
    )  # fmt: skip
    assert path.read_bytes().hex() == expected


@settings(max_examples=200)
@given(data=st.data())
def test_every_truncated_or_damaged_file_is_refused_or_read_whole(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("params") / "some.params"
    write_parameters(path, {"arg:a": np.ones((2, 3), np.float32), "aux:b": np.zeros(4, np.float32)})
    content = path.read_bytes()
    cut = data.draw(st.integers(0, len(content) - 1))
    path.write_bytes(content[:cut])
    with pytest.raises(InvalidParameters):
        read_parameters(path)
    damaged = bytearray(content)
    damaged[cut] ^= data.draw(st.integers(1, 255))
    path.write_bytes(damaged)
    with contextlib.suppress(InvalidParameters):
        assert len(read_parameters(path)) == 2


def test_model_shapes_are_json(folder):
    path, _ = folder
    assert json.loads((path / "network.json").read_text()) == {"network": "resnet-20"}
