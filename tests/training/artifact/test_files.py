"""The model artifact: what was stored is what is loaded, and nothing else is."""

import contextlib
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training.artifact import files as artifact
from training.artifact.parameters import InvalidParameters, read_parameters, write_parameters
from training.contract import CustomerError
from training.network.efficientnet import load_pretrained
from training.network.fixed_network import FixedNetwork
from training.network.residual import add_output, build_resnet, initialise_randomly
from training.network.symbol import Symbol
from training.network.trained_network import TrainedNetwork

SHAPE = (3, 28, 28)
PARAMETERS = "image-classification-0001.params"
SYMBOL = "image-classification-symbol.json"


@pytest.fixture
def folder(tmp_path):
    """A stored 20-layer network."""
    network = initialise_randomly(build_resnet(20, SHAPE, 3), SHAPE)
    artifact.describe(tmp_path, network.graph.symbol, SHAPE, 8)
    artifact.store_weights(tmp_path, network.values, epoch=0)
    return tmp_path, network


def test_the_files_are_those_of_an_aws_artifact(folder):
    path, _ = folder
    assert {file.name for file in path.iterdir()} == {PARAMETERS, SYMBOL, "model-shapes.json"}
    assert (path / "model-shapes.json").read_text() == '[{"shape": [8, 3, 28, 28], "name": "data"}]'


def test_a_stored_residual_network_is_the_same_after_loading(folder):
    path, network = folder
    loaded = artifact.load(path)
    graph = loaded.graph
    assert (graph.image_shape, graph.num_classes, graph.multi_label) == (SHAPE, 3, False)
    assert graph.symbol == network.graph.symbol
    assert_equal(loaded.values, network.values)


def assert_equal(values, expected):
    assert values.keys() == expected.keys()
    assert all(np.array_equal(values[name], expected[name]) for name in expected)


def test_a_stored_pretrained_network_is_the_same_after_loading(tmp_path):
    # As they are trained on, the weights of convolutions are laid out channels last.
    network = TrainedNetwork(load_pretrained(2, (3, 224, 224))).fix()
    artifact.describe(tmp_path, network.graph.symbol, (3, 224, 224), 8)
    artifact.store_weights(tmp_path, network.values, epoch=4)
    assert (tmp_path / "image-classification-0005.params").is_file()
    loaded = artifact.load(tmp_path)
    assert loaded.graph.symbol == network.graph.symbol
    assert_equal(loaded.values, network.values)


def test_several_labels_an_image_are_known_from_the_symbol(tmp_path):
    network = initialise_randomly(build_resnet(20, SHAPE, 3, multi_label=True), SHAPE)
    artifact.describe(tmp_path, network.graph.symbol, SHAPE, 8)
    artifact.store_weights(tmp_path, network.values, epoch=0)
    assert artifact.load(tmp_path).graph.multi_label


def test_of_several_checkpoints_the_latest_is_loaded(folder):
    path, network = folder
    network.values["arg:fc1_bias"].fill(7)
    artifact.store_weights(path, network.values, epoch=1)
    assert artifact.load(path).values["arg:fc1_bias"].tolist() == [7] * 3


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        ("model-shapes.json", "model-shapes.json"),
        (SYMBOL, SYMBOL),
        (PARAMETERS, "image-classification-NNNN.params"),
    ],
)
def test_a_missing_file_is_named_in_one_line(folder, missing, named):
    path, _ = folder
    (path / missing).unlink()
    with pytest.raises(CustomerError) as caught:
        artifact.load(path)
    assert str(caught.value) == f"The model in {path} lacks {named}."


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("model-shapes.json", "{", "model-shapes.json is not JSON"),
        ("model-shapes.json", "[" * 9000, "model-shapes.json is not JSON"),
        ("model-shapes.json", "[" * 20000, "model-shapes.json has more than"),
        ("model-shapes.json", "[]", "does not give the shape of RGB images"),
        ("model-shapes.json", '[{"shape": [8, 3, 100000, 28], "name": "data"}]', "the shape of RGB images"),
        ("model-shapes.json", '[{"shape": [8, 1, 28, 28], "name": "data"}]', "the shape of RGB images"),
        (SYMBOL, "[]", "its symbol has no nodes, or not one output"),
        (SYMBOL, "[" * 100_000, "its symbol is not JSON"),
        (SYMBOL, "\x80", "its symbol is not JSON"),
        (SYMBOL, " " * (9 << 20), "has more than 8388608 bytes"),
        (PARAMETERS, "not weights", "it is cut off"),
    ],
)
def test_a_foreign_file_is_one_line(folder, name, content, fault):
    path, _ = folder
    (path / name).write_text(content)
    with pytest.raises(CustomerError) as caught:
        artifact.load(path)
    assert str(caught.value).startswith(f"The model in {path} cannot be used: ")
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_weights_that_are_not_finite_are_refused(folder):
    path, network = folder
    network.values["arg:fc1_bias"][1] = float("nan")
    artifact.store_weights(path, network.values, epoch=1)
    with pytest.raises(CustomerError, match="not finite"):
        artifact.load(path)


def test_more_arrays_than_a_graph_has_nodes_are_refused_before_any_is_read(tmp_path):
    path = tmp_path / "many.params"
    path.write_bytes(struct.pack("<QQQ", 0x112, 0, 10_001))
    with pytest.raises(InvalidParameters, match="it has 10001 arrays, at most 10000 are read"):
        read_parameters(path)


def test_half_precision_is_refused_by_its_name_and_with_what_to_do(tmp_path):
    path = tmp_path / "half.params"
    head = struct.pack("<QQQIiIqiii", 0x112, 0, 1, 0xF993FAC9, 0, 1, 2, 1, 0, 2)
    path.write_bytes(head + np.ones(2, "<f2").tobytes() + struct.pack("<QQ", 1, 5) + b"arg:a")
    told = "an array in it is float16, which is not read here; train with precision_dtype float32"
    with pytest.raises(InvalidParameters, match=told):
        read_parameters(path)


def test_a_negative_variance_is_refused(folder):
    path, network = folder
    network.values["aux:bn1_moving_var"][2] = -0.5
    artifact.store_weights(path, network.values, epoch=1)
    with pytest.raises(CustomerError, match="'aux:bn1_moving_var' has a variance below 0"):
        artifact.load(path)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda values: values.pop("arg:fc1_bias"), "its weights lack 'arg:fc1_bias'"),
        (
            lambda values: values.update({"arg:x\n": np.ones(1, np.float32)}),
            r"its weights have 'arg:x\\n', which",
        ),
        (
            lambda values: values.update({"arg:fc1_bias": np.ones(4, np.float32)}),
            r"'arg:fc1_bias' has the shape \(4,\), not \(3,\)",
        ),
    ],
)
def test_weights_of_another_network_are_refused(folder, change, fault):
    path, network = folder
    change(network.values)
    artifact.store_weights(path, network.values, epoch=1)
    with pytest.raises(CustomerError, match=fault):
        artifact.load(path)


def test_the_line_about_a_shape_is_short_whatever_the_shape(folder):
    path, network = folder
    network.values["arg:fc1_bias"] = np.ones((1,) * 31 + (12345,), np.float32)
    artifact.store_weights(path, network.values, epoch=1)
    with pytest.raises(CustomerError, match="'arg:fc1_bias' has the shape ") as caught:
        artifact.load(path)
    assert len(str(caught.value).removeprefix(f"The model in {path}")) < 250


def test_a_small_model_that_would_compute_for_hours_is_refused(tmp_path):
    symbol = Symbol()
    x = symbol.add_variable("data")
    x = symbol.add_operator("Pad", "pad", [x], {"pad_width": "(0, 0, 0, 0, 2000, 2000, 2000, 2000)"})
    x = symbol.add_operator("Pooling", "pool", [x], {"kernel": "(2000, 2000)", "stride": "(9, 9)"})
    add_output(symbol, x, "fc", 2, multi_label=False)
    artifact.describe(tmp_path, symbol, SHAPE, 8)
    shape = (2, 3 * 226 * 226)
    artifact.store_weights(tmp_path, {"arg:fc_weight": np.zeros(shape), "arg:fc_bias": np.zeros(2)}, 0)
    with pytest.raises(CustomerError) as caught:
        artifact.load(tmp_path)
    told = "its symbol asks for more work than 549755813888 multiply-adds for one image."
    assert str(caught.value) == f"The model in {tmp_path} cannot be used: {told}"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_symbol_is_run_or_refused_in_one_line(folder, data):
    path, network = folder
    artifact.describe(path, network.graph.symbol, SHAPE, 8)
    text = (path / SYMBOL).read_text()
    where = data.draw(st.integers(0, len(text) - 1))
    damage = data.draw(st.text(max_size=3))
    (path / SYMBOL).write_text(text[:where] + damage + text[where + data.draw(st.integers(0, 3)) :])
    try:
        loaded = artifact.load(path)
    except CustomerError as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert FixedNetwork(loaded).compute(np.ones(SHAPE, np.float32)).shape == (1, 3)


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


@pytest.mark.parametrize("side", [0, -1, 1 << 40, (1 << 63) - 1])
def test_an_array_of_an_impossible_size_is_refused_before_memory_is_taken(tmp_path, side):
    path = tmp_path / "some.params"
    write_parameters(path, {"arg:a": np.ones((2, 3), np.float32)})
    content = path.read_bytes()
    shape = struct.pack("<qq", 2, 3)
    assert content.count(shape) == 1
    path.write_bytes(content.replace(shape, struct.pack("<qq", side, 3)))
    with pytest.raises(InvalidParameters, match=r"cut off|a side below 1"):
        read_parameters(path)


def test_a_file_that_is_too_large_is_refused_unread(tmp_path):
    path = tmp_path / "some.params"
    with path.open("wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(InvalidParameters, match=r"some\.params has more than 1073741824 bytes"):
        read_parameters(path)


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
