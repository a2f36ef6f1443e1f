"""The symbol graph: MXNet's answers are ours, and what cannot be run, or asks for too much, is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.artifact import files as artifact
from training.network.fixed_network import FixedNetwork
from training.network.graph import InferredGraph, Network
from training.network.residual import add_output, build_resnet, initialise_randomly
from training.network.symbol import InvalidSymbol, Symbol, from_json, to_json
from training.network.trained_network import TrainedNetwork

# Written by MXNet 1.4.1 itself: record_mxnet_models.py.
RECORDED = Path(__file__).parents[1] / "recorded_mxnet_models"
SHAPE = (3, 28, 28)


@pytest.mark.parametrize(("name", "multi_label"), [("residual", False), ("efficient", True)])
def test_a_model_that_mxnet_saved_answers_as_it_did_there(name, multi_label):
    network = artifact.load(RECORDED / name)
    pixels = (np.arange(2 * 3 * 12 * 10) * 37 % 256).reshape(2, 3, 12, 10).astype(np.float32)
    pixels[1] /= 3
    answers = FixedNetwork(network).compute_all(pixels)
    expected = np.array(json.loads((RECORDED / name / "answers.json").read_text()))
    assert network.graph.multi_label == multi_label
    assert answers == pytest.approx(expected, abs=1e-6)
    assert expected.std(0).max() > 0.01


def chain(*nodes, outputs=3):
    """Returns the JSON of a symbol: the data through operators of one operand, then a last layer."""
    symbol = Symbol()
    x = symbol.add_variable("data")
    for number, (op, attributes, *parameters) in enumerate(nodes):
        weights = [symbol.add_variable(f"{number}_{name}") for name in parameters]
        x = symbol.add_operator(op, f"node{number}", [x, *weights], attributes)
    add_output(symbol, x, "fc", outputs, multi_label=False)
    return to_json(symbol)


def test_a_chain_of_known_operators_is_run():
    graph = InferredGraph(from_json(chain(("_copy", {}), ("Flatten", {}))), SHAPE)
    assert graph.shapes == {"arg:fc_weight": (3, 3 * 28 * 28), "arg:fc_bias": (3,)}


@pytest.mark.parametrize(
    ("nodes", "fault"),
    [
        ([("Custom", {"op_type": "x"})], "the operator 'Custom', which is not supported here"),
        ([("a\nb", {})], r"the operator 'a\\nb', which is not supported here"),
        ([("SoftmaxOutput", {})], "the operator 'SoftmaxOutput', which is not supported here"),
        (
            [("Activation", {"act_type": "tanh"})],
            "'node0' of its symbol has 'act_type' 'tanh', not supported",
        ),
        ([("Activation", {})], "'node0' of its symbol has 'act_type' '', not supported"),
        ([("clip", {"a_min": "0"})], "'node0' of its symbol lacks a_max"),
        ([("clip", {"a_min": "0", "a_max": "nan"})], "has 'a_max' 'nan', not supported"),
        ([("clip", {"a_min": "0", "a_max": "six"})], "has 'a_max' 'six', not supported"),
        (
            [("BatchNorm", {"eps": "-1"}, "gamma", "beta", "mean", "var")],
            "'node0' of its symbol has 'eps' '-1', not supported",
        ),
        ([("Flatten", {"new_option": "1"})], "has 'new_option' '1', not supported"),
        ([("Pooling", {"pool_type": "sum"})], "has 'pool_type' 'sum', not supported"),
        ([("Pooling", {"kernel": "(9)"})], r"has 'kernel' '\(9\)', not supported"),
        ([("Pooling", {"kernel": "(99999, 1)"})], r"has 'kernel' '\(99999, 1\)', not supported"),
        ([("Pooling", {"kernel": "(64, 64)"})], "'node0' of its symbol does not fit its inputs"),
        ([("Pooling", {"kernel": "(2, 2)", "stride": "(0, 1)"})], "'node0' of its symbol does not fit"),
        ([("Pad", {"pad_width": "(1, 0, 0, 0, 0, 0, 0, 0)"})], "its symbol pads images or channels"),
        ([("Convolution", {"kernel": "(3, 3)", "num_filter": "0"}, "w", "b")], "has 'num_filter' '0'"),
        (
            [("Convolution", {"kernel": "(3, 3)", "num_filter": "4"}, "w")],
            "'node0' of its symbol has 2 inputs",
        ),
        (
            [("Convolution", {"kernel": "(3, 3)", "num_filter": "4", "num_group": "2"}, "w", "b")],
            "'node0' of its symbol does not fit its inputs",
        ),
        ([("elemwise_add", {})], "'node0' of its symbol lacks an input"),
        ([("_contrib_BilinearResize2D", {"height": "9999", "width": "1"})], "resizes to 9999x1 pixels"),
        (
            [("_contrib_BilinearResize2D", {"height": "4096", "width": "4096"})] * 2
            + [("Pad", {"pad_width": "(0, 0, 0, 0, 4096, 4096, 4096, 4096)"})],
            "asks for more than 268435456 values at a time for one image",
        ),
        (
            [("Convolution", {"kernel": "(1, 1)", "num_filter": "999999"}, "w", "b")],
            "asks for more than 268435456 values at a time for one image",
        ),
    ],
)
def test_a_graph_that_cannot_be_run_here_is_refused_with_the_reason(nodes, fault):
    with pytest.raises(InvalidSymbol, match=fault) as caught:
        InferredGraph(from_json(chain(*nodes)), SHAPE)
    assert "\n" not in str(caught.value)


def resize(side):
    return "_contrib_BilinearResize2D", {"height": str(side), "width": str(side)}


def convolve(kernel, filters, **attributes):
    sides = {"kernel": f"({kernel}, {kernel})", "num_filter": str(filters), "no_bias": "True"}
    return "Convolution", {**sides, **attributes}, "w"


@pytest.mark.parametrize(
    "nodes",
    [
        [
            ("Pad", {"pad_width": "(0, 0, 0, 0, 2000, 2000, 2000, 2000)"}),
            ("Pooling", {"kernel": "(2000, 2000)", "pool_type": "avg"}),
        ],
        [("Pooling", {"kernel": "(4000, 4000)", "pad": "(2000, 2000)"})],
        [resize(4096), ("Pooling", {"kernel": "(99, 99)", "stride": "(8, 8)", "pool_type": "avg"})],
        [resize(1024), convolve(200, 8)],
        [resize(512), convolve(1, 512), convolve(9, 512)],
        [convolve(999, 64, pad="(2000, 2000)", dilate="(4, 4)")],
        [resize(2000), convolve(99, 3, num_group="3")],
        [resize(4096), ("FullyConnected", {"num_hidden": "99999", "no_bias": "True"}, "w")],
        [resize(999), *[("Activation", {"act_type": "relu"})] * 9000],
        [resize(4096)] * 99,
    ],
)
def test_a_graph_that_would_compute_for_minutes_or_hours_is_refused(nodes):
    told = "its symbol asks for more work than 549755813888 multiply-adds for one image"
    with pytest.raises(InvalidSymbol, match=told):
        InferredGraph(from_json(chain(*nodes)), SHAPE)


@pytest.mark.parametrize("side", [224, 1024])
def test_the_largest_network_of_the_algorithm_does_not_ask_for_too_much(side):
    assert InferredGraph(build_resnet(200, (3, side, side), 1000), (3, side, side)).num_classes == 1000


def test_a_branch_that_nobody_needs_is_bounded_too():
    symbol = Symbol()
    data = x = symbol.add_variable("data")
    x = symbol.add_operator(resize(4096)[0], "large", [x], resize(4096)[1])
    x = symbol.add_operator("Pad", "larger", [x], {"pad_width": "(0, 0, 0, 0, 4096, 4096, 4096, 4096)"})
    weight = symbol.add_variable("w")
    symbol.add_operator("FullyConnected", "unused", [x, weight], {"num_hidden": "2", "no_bias": "True"})
    add_output(symbol, data, "fc", 3, multi_label=False)
    with pytest.raises(InvalidSymbol, match="asks for more than 268435456 values at a time for one image"):
        InferredGraph(symbol, SHAPE)


def edited(change):
    """Returns the JSON of a 20-layer network after a change to its content."""
    content = json.loads(to_json(build_resnet(20, SHAPE, 3)))
    change(content)
    return json.dumps(content)


def rename(content, number, name):
    content["nodes"][number]["name"] = name


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda content: content.pop("heads"), "has no nodes, or not one output"),
        (lambda content: content.update(heads=[[0, 0, 0]]), "the output of its symbol is not the last node"),
        (lambda content: content.update(heads=content["heads"] * 2), "has no nodes, or not one output"),
        (lambda content: content["nodes"].clear(), "has no nodes, or not one output"),
        (lambda content: content["nodes"].extend([{}] * 10_000), "nodes, at most 10000 are read"),
        (lambda content: content["nodes"].insert(0, 7), "the output of its symbol is not the last node"),
        (lambda content: content["nodes"][3].pop("op"), "node 3 of its symbol lacks op, name or inputs"),
        (lambda content: content["nodes"][3].update(attrs=[]), "attributes of node 3 of its symbol are not"),
        (
            lambda content: content["nodes"][1].update(inputs=[[1, 0, 0]]),
            "node 1 of its symbol takes what does",
        ),
        (
            lambda content: content["nodes"][1].update(inputs=[[-1, 0, 0]]),
            "node 1 of its symbol takes what does",
        ),
        (
            lambda content: content["nodes"][1].update(inputs=[[0, 1, 0]]),
            "node 1 of its symbol takes what does",
        ),
        (lambda content: content["nodes"][1].update(inputs=["data"]), "node 1 of its symbol takes what does"),
        (lambda content: rename(content, 3, "bn_data_gamma"), "two nodes of its symbol have the same name"),
        (lambda content: rename(content, 0, "pixels"), "its symbol has no node 'data'"),
        (lambda content: rename(content, 3, "a.b"), "the name of node 3 of its symbol is 'a.b'"),
        (
            lambda content: content["nodes"][-1].update(op="Flatten"),
            "its symbol ends in 'Flatten', not in one",
        ),
        (
            lambda content: content["nodes"][-1].update(attrs={"multi_output": "True"}),
            "'softmax' of its symbol has 'multi_output' 'True', not supported here",
        ),
        (
            lambda content: content["nodes"][6].update(
                inputs=[[1, 0, 0], [0, 0, 0]] + [[n, 0, 0] for n in (3, 4, 5)]
            ),
            "'bn_data' of its symbol has no weight of its own",
        ),
        (
            lambda content: content["nodes"][6].update(
                inputs=[[1, 0, 0], [2, 0, 0], [3, 0, 0], [2, 0, 1], [5, 0, 1]]
            ),
            "'bn_data' of its symbol has no weight of its own",
        ),
    ],
)
def test_a_damaged_graph_is_refused_with_the_reason(change, fault):
    with pytest.raises(InvalidSymbol, match=fault):
        InferredGraph(from_json(edited(change)), SHAPE)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_graph_of_which_anything_is_changed_can_be_run_or_is_refused_in_one_line(data):
    value = st.none() | st.booleans() | st.integers(-2, 300) | st.floats() | st.text(max_size=8)
    anything = st.recursive(value, lambda inner: st.lists(inner, max_size=4), max_leaves=8)

    def change(content):
        node = data.draw(st.sampled_from(content["nodes"]))
        key = data.draw(st.sampled_from(sorted(node)))
        if key == "attrs":
            name = data.draw(st.sampled_from([*sorted(node["attrs"]), "new"]))
            node["attrs"][name] = data.draw(
                anything | st.sampled_from(["(0, 0)", "(4096, 4096)", "999999", "1"])
            )
        elif key == "op":
            node["op"] = data.draw(
                st.sampled_from(["null", "Flatten", "clip", "BatchNorm", "elemwise_add", ""])
            )
        else:
            node[key] = data.draw(anything)

    try:
        graph = InferredGraph(from_json(edited(change)), SHAPE)
    except InvalidSymbol as error:
        assert len(str(error).splitlines()) == 1
    else:
        assert graph.num_classes > 0


@pytest.mark.parametrize(
    "node",
    [
        (
            "Convolution",
            {"kernel": "(3, 2)", "num_filter": "4", "stride": "(2, 3)", "pad": "(1, 0)"},
            "w",
            "b",
        ),
        (
            "Convolution",
            {"kernel": "(3, 3)", "num_filter": "3", "dilate": "(2, 4)", "num_group": "3"},
            "w",
            "b",
        ),
        ("Convolution", {"kernel": "(1, 1)", "num_filter": "5", "no_bias": "True"}, "w"),
        ("Pooling", {"kernel": "(3, 5)", "stride": "(2, 3)", "pad": "(1, 2)", "pool_type": "avg"}),
        ("Pooling", {"kernel": "(3, 3)", "pool_type": "max", "global_pool": "True"}),
        ("Pad", {"pad_width": "(0, 0, 0, 0, 1, 2, 3, 4)", "mode": "constant"}),
        ("_contrib_BilinearResize2D", {"height": "9", "width": "4"}),
    ],
)
def test_the_size_of_what_an_operator_gives_is_known_beforehand(node):
    symbol = from_json(chain(node))
    graph = InferredGraph(symbol, SHAPE)
    network = Network(
        graph,
        {name: np.random.default_rng(1).random(shape, np.float32) for name, shape in graph.shapes.items()},
    )
    pixels = torch.rand(2, *SHAPE)
    given = FixedNetwork(network, "data", "node0").compute_all(pixels.numpy())
    assert given.shape == (2, *graph.outputs[symbol.find("node0")][1:])
    expected = TrainedNetwork(network).double()(pixels.double()).detach().numpy()
    assert FixedNetwork(network, "data", "fc").compute_all(pixels.numpy()) == pytest.approx(
        expected, rel=1e-5
    )


@pytest.mark.parametrize("limits", [("0", "6"), ("2", "-1"), ("-1e39", "0"), ("0", "1e39")])
def test_a_clip_after_a_convolution_says_the_same_while_trained_and_afterwards(limits):
    clip = dict(zip(("a_min", "a_max"), limits, strict=True))
    symbol = from_json(
        chain(("Convolution", {"kernel": "(3, 3)", "num_filter": "4"}, "w_weight", "b"), ("clip", clip))
    )
    network = initialise_randomly(symbol, SHAPE)
    pixels = torch.rand(2, *SHAPE)
    expected = TrainedNetwork(network)(pixels).detach().numpy()
    answers = FixedNetwork(network, "data", "fc").compute_all(pixels.numpy())
    assert answers == pytest.approx(expected, rel=1e-4, abs=1e-4)
