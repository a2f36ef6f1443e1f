"""The executions of a Map Run have each item once, in its order, in batches as big as the state says."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.services import stepfunctions

from local.step_functions.distributed_map.batches import make_inputs
from local.step_functions.distributed_map.fields import Fields
from local.step_functions.distributed_map.formats import list_items
from local.step_functions.machines import PAYLOAD_BYTES

CONTEXT = {"State": {"Name": "Map"}, "QueryLanguage": "JSONata", "Execution": {"Id": "arn"}}
ITEMS = st.lists(
    st.one_of(st.integers(), st.text(max_size=8), st.dictionaries(st.text(max_size=3), st.none()))
)


def batch(items: list[Any], batcher: dict[str, Any] | None, state_input: Any = None) -> list[tuple[int, Any]]:
    fields = Fields({"ItemBatcher": batcher} if batcher else {}, state_input, CONTEXT, 2)
    return [(count, json.loads(text)) for count, text in make_inputs(fields, list_items(items))]


@given(ITEMS)
def test_without_batches_each_item_is_an_input(items: list[Any]) -> None:
    assert batch(items, None) == [(1, item) for item in items]


@given(ITEMS, st.integers(1, 5), st.integers(40, 80))
def test_batches_hold_as_many_items_and_bytes_as_they_may(items: list[Any], most: int, size: int) -> None:
    batches = batch(items, {"MaxItemsPerBatch": most, "MaxInputBytesPerBatch": size})
    assert [item for _, each in batches for item in each["Items"]] == items
    for place, (count, each) in enumerate(batches):
        assert count == len(each["Items"]) <= most
        written = json.dumps(each, ensure_ascii=False, separators=(",", ":"))
        assert len(written.encode()) <= size or count == 1
        if place + 1 < len(batches) and count < most:
            # The next item had no room any more.
            more = {"Items": [*each["Items"], batches[place + 1][1]["Items"][0]]}
            assert len(json.dumps(more, ensure_ascii=False, separators=(",", ":")).encode()) > size


def test_each_batch_has_the_batch_input_and_both_languages_say_how_big_it_is() -> None:
    batcher = {
        "MaxItemsPerBatch": "{% $states.input.most %}",
        "BatchInput": {"execution": "{% $states.context.Execution.Id %}", "fixed": 1},
    }
    fixed = {"execution": "arn", "fixed": 1}
    wanted = [(2, {"Items": [1, 2], "BatchInput": fixed}), (1, {"Items": [3], "BatchInput": fixed})]
    assert batch([1, 2, 3], batcher, {"most": 2}) == wanted
    path = {"MaxItemsPerBatchPath": "$.most", "BatchInput": {"execution.$": "$$.Execution.Id", "fixed": 1}}
    fields = Fields({"ItemBatcher": path, "QueryLanguage": "JSONPath"}, {"most": 2}, CONTEXT, 2)
    inputs = make_inputs(fields, list_items([1, 2, 3]))
    assert [(count, json.loads(text)) for count, text in inputs] == wanted


@given(
    st.recursive(st.none() | st.integers() | st.text(max_size=3), lambda value: st.lists(value, max_size=2))
)
def test_a_path_to_a_value_of_an_item_finds_what_an_evaluation_finds(value: Any) -> None:
    paths = {name: f"$states.context.Map.Item.Value.{name}" for name in ("a", "b.c")}
    fields = Fields({}, None, CONTEXT, 2)
    context = {**CONTEXT, "Map": {"Item": {"Index": 0, "Value": {"a": value, "b": {"c": value}}}}}
    plain = fields.fill({name: f"{{% {path} %}}" for name, path in paths.items()}, context)
    evaluated = fields.fill({name: f"{{% ({path}) %}}" for name, path in paths.items()}, context)
    assert plain == evaluated


def test_a_batch_is_full_at_the_biggest_input_of_an_execution() -> None:
    batches = batch(["a" * (PAYLOAD_BYTES // 2 - 40)] * 3, {"MaxItemsPerBatch": 100})
    assert [count for count, _ in batches] == [2, 1]
    with pytest.raises(stepfunctions._ExecutionError) as caught:
        batch(["a" * PAYLOAD_BYTES], None)
    assert caught.value.error == "States.DataLimitExceeded"


@pytest.mark.parametrize("batcher", [{"BatchInput": 1}, {"MaxItemsPerBatch": 0}])
def test_a_batch_without_a_limit_is_refused(batcher: dict[str, Any]) -> None:
    with pytest.raises(stepfunctions._ExecutionError, match="ItemBatcher needs MaxItemsPerBatch or"):
        batch([1], batcher)
