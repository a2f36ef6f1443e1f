"""Makes the inputs of a Map Run's executions of its items: one each, or one for a batch.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemselector.html
https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ministack.services import stepfunctions

from local.step_functions.distributed_map.fields import Fields
from local.step_functions.machines import PAYLOAD_BYTES, measure

Document = dict[str, Any]
Inputs = Iterator[tuple[int, str]]
"""How many items an execution has, and its input as JSON."""


def make_inputs(fields: Fields, items: Iterator[tuple[Any, Document]]) -> Inputs:
    """Yields the input of each execution.

    Args:
        fields: The state's fields.
        items: Each item with what the context object's ``Map.Item`` tells of it beside its index.

    Raises:
        stepfunctions._ExecutionError: A field is not what it must be, or an input is too big.
    """
    selected = _select(fields, items)
    batcher = fields.state.get("ItemBatcher")
    if batcher is None:
        for item in selected:
            yield 1, _write(item)
        return
    most = fields.find_integer("MaxItemsPerBatch", batcher)
    most_bytes = fields.find_integer("MaxInputBytesPerBatch", batcher)
    if not most and not most_bytes:
        raise fields.fail("ItemBatcher needs MaxItemsPerBatch or MaxInputBytesPerBatch, of 1 or more.")
    fixed = {"BatchInput": fields.fill(batcher["BatchInput"])} if "BatchInput" in batcher else {}
    batch = _Batch(fixed, most, min(most_bytes or PAYLOAD_BYTES, PAYLOAD_BYTES))
    for item in selected:
        size = measure(item)
        if not batch.has_room(size):
            yield batch.take()
        batch.add(item, size)
    if batch.items:
        yield batch.take()


def _select(fields: Fields, items: Iterator[tuple[Any, Document]]) -> Iterator[Any]:
    selector = fields.state.get("ItemSelector") or (
        None if fields.is_jsonata else fields.state.get("Parameters")
    )
    for index, (item, told) in enumerate(items):
        if selector is None:
            yield item
        else:
            yield fields.fill(selector, {**fields.context, "Map": {"Item": {"Index": index, **told}}})


def _write(document: Any) -> str:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode(errors="surrogatepass")) > PAYLOAD_BYTES:
        raise stepfunctions._ExecutionError(
            "States.DataLimitExceeded",
            f"The input of a child workflow execution exceeds the maximum of {PAYLOAD_BYTES} bytes",
        )
    return text


@dataclass
class _Batch:
    """Items that go to one execution.

    Attributes:
        fixed: What goes with them.
        most: How many there may be at most.
        most_bytes: How many bytes of JSON the whole input may have at most.
    """

    fixed: Document
    most: int | None
    most_bytes: int
    items: list[Any] = field(default_factory=list)
    size: int = 0

    def has_room(self, size: int) -> bool:
        """Returns whether an item of a size goes in; the first one always does."""
        if not self.items:
            return True
        # The bytes of the items, of the commas between them, and of what stands around them.
        whole = measure({"Items": [], **self.fixed}) + self.size + size + len(self.items)
        return (self.most is None or len(self.items) < self.most) and whole <= self.most_bytes

    def add(self, item: Any, size: int) -> None:
        """Puts an item in."""
        self.items.append(item)
        self.size += size

    def take(self) -> tuple[int, str]:
        """Returns the batch as an execution's input, and begins the next one."""
        taken = len(self.items), _write({"Items": self.items, **self.fixed})
        self.items, self.size = [], 0
        return taken
