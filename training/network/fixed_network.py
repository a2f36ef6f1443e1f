"""Runs a network whose weights stay as they are, with OpenVINO: when serving, scoring, and in frozen layers.

OpenVINO's graph is built from the symbol's node by node, for one image at a time: on a CPU, images that are
computed together save nothing, and so an answer does not depend on what else is asked.
"""

import os
import queue
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.contract import CustomerError
from training.network import operators
from training.network.graph import Float32, Network
from training.network.symbol import DATA

# Its tools for converting models send usage reports as soon as they are imported, which it does unless it
# finds that they are not there.
sys.modules["openvino.tools.ovc"] = None  # type: ignore[assignment]

import openvino  # noqa: E402
from openvino import Node, opset1, opset13  # noqa: E402

MOST = 16


class FixedNetwork:
    """Computes a part of a network for one image after the other; safe to call from many threads.

    Each core that may be used computes another image: two threads for the same one would wait for each other
    now and then, but have it computed sooner, which ``at_once`` 1 asks for.
    """

    def __init__(
        self, network: Network, start: str = DATA, end: str | None = None, at_once: int = MOST
    ) -> None:
        """Takes the names of the nodes whose values are given and wanted; without ``end`` the probabilities.

        Raises:
            CustomerError: OpenVINO cannot run it.
        """
        cores = min(_count_cores(), MOST)
        self.at_once = min(cores, at_once)
        properties = {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": cores,
            "NUM_STREAMS": self.at_once,
            "ENABLE_CPU_PINNING": False,
        }
        symbol = network.graph.symbol
        self._shape = network.graph.outputs[symbol.find(start)]
        try:
            model = _build(network, symbol.find(start), symbol.find(end) if end else None)
            compiled = openvino.Core().compile_model(model, "CPU", properties)
        except RuntimeError as error:
            reason = str(error).strip().splitlines()[-1][:200]
            raise CustomerError(f"The network cannot be run by OpenVINO: {reason}.") from None
        self._idle: queue.SimpleQueue[openvino.InferRequest] = queue.SimpleQueue()
        for _ in range(self.at_once):
            self._idle.put(compiled.create_infer_request())

    def compute(self, value: Float32) -> Float32:
        """Returns the value of the end for that of the start, both without the dimension of images."""
        request = self._idle.get()
        try:
            return request.infer([value.reshape(self._shape)], share_inputs=True)[0]
        finally:
            self._idle.put(request)

    def compute_all(self, values: Iterable[Float32]) -> Float32:
        """Returns what ``compute`` gives for each of the values, in their order."""
        with ThreadPoolExecutor(self.at_once) as threads:
            return np.concatenate(list(threads.map(self.compute, values)))


def _count_cores() -> int:
    # A process may be allowed fewer cores than the machine has; not every platform tells.
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _build(network: Network, start: int, end: int | None) -> openvino.Model:
    graph = network.graph
    data = opset13.parameter(graph.outputs[start], np.float32)
    nodes = {start: data}
    for step in graph.plan(start, graph.logits if end is None else end):
        operands = [nodes[source] for source in step.inputs[: step.operation.operands]]
        nodes[step.node] = _build_node(step.operation, operands, network.get_inputs(step.node))
    result = nodes[graph.logits if end is None else end]
    if end is None:
        result = opset13.sigmoid(result) if graph.multi_label else opset13.softmax(result, 1)
    return openvino.Model([result], [data])


def _build_node(operation: operators.Operation, operands: list[Node], parameters: list[Float32]) -> Node:
    x = operands[0]
    match operation:
        case operators.Convolution():
            return _build_convolution(operation, x, *parameters)
        case operators.BatchNorm():
            gamma, beta, mean, variance = (value.astype(np.float64) for value in parameters)
            scale = (1 if operation.fixed_scale else gamma) / np.sqrt(variance + operation.epsilon)
            scaled = opset13.multiply(x, _hold_by_channel(scale, x))
            return opset13.add(scaled, _hold_by_channel(beta - mean * scale, x))
        case operators.FullyConnected():
            weight, *bias = parameters
            product = opset13.matmul(_flatten(x), _hold(weight), False, True)
            return opset13.add(product, _hold(*bias)) if bias else product
        case operators.Relu():
            return opset13.relu(x)
        case operators.Clip():
            limits = _hold(np.float32(operation.low)), _hold(np.float32(operation.high))
            return opset13.minimum(opset13.maximum(x, limits[0]), limits[1])
        case operators.Pooling():
            return _build_pooling(operation, x)
        case operators.Pad():
            before, after = (0, 0, operation.top, operation.left), (0, 0, operation.bottom, operation.right)
            return opset13.pad(x, before, after, "constant", np.float32(operation.value))
        case operators.Resize():
            corners = {"coordinate_transformation_mode": "align_corners", "axes": [2, 3]}
            return opset13.interpolate(x, list(operation.size), "linear_onnx", "sizes", **corners)
        case operators.Add():
            return opset13.add(*operands)
        case operators.Flatten():
            return _flatten(x)
    return x


def _build_convolution(
    operation: operators.Convolution, x: Node, weight: Float32, bias: Float32 | None = None
) -> Node:
    window = [list(sides) for sides in (operation.stride, operation.pad, operation.pad, operation.dilate)]
    if operation.groups == 1:
        convolved = opset13.convolution(x, _hold(weight), *window)
    else:
        grouped = weight.reshape(operation.groups, -1, *weight.shape[1:])
        convolved = opset13.group_convolution(x, _hold(grouped), *window)
    return convolved if bias is None else opset13.add(convolved, _hold_by_channel(bias, x))


def _build_pooling(operation: operators.Pooling, x: Node) -> Node:
    if operation.everything:
        reduce = opset13.reduce_mean if operation.averages else opset13.reduce_max
        return reduce(x, [2, 3], True)
    stride, pad, kernel = list(operation.stride), list(operation.pad), list(operation.kernel)
    if operation.averages:
        return opset13.avg_pool(x, stride, pad, pad, kernel, not operation.pad_counts)
    return opset1.max_pool(x, stride, pad, pad, kernel)


def _flatten(x: Node) -> Node:
    return opset13.reshape(x, [0, -1], True)


def _hold(value: ArrayLike) -> Node:
    return opset13.constant(np.array(value, np.float32, order="C"))


def _hold_by_channel(value: NDArray[np.floating], x: Node) -> Node:
    """Holds one number for each channel of ``x``."""
    return _hold(value.reshape(-1, *[1] * (len(x.get_output_shape(0)) - 2)))
