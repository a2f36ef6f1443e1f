"""A state machine is refused whose distributed Map states AWS would refuse."""

import json
from typing import Any

import pytest

from local.step_functions.distributed_map.definition import find_fault, name_label, narrow
from tests.local.cloud_process import Cloud
from tests.local.step_functions.distributed_map.maps import map_state, process
from tests.local.step_functions.test_redrive import a_name, refuse


def define(*states: dict[str, Any]) -> str:
    return json.dumps({"StartAt": "0", "States": {str(place): state for place, state in enumerate(states)}})


@pytest.mark.parametrize(
    ("states", "fault"),
    [
        ([map_state()], None),
        ([map_state(Label="a" * 41)], "characters or has one that no label has"),
        ([map_state(Label="two words")], "characters or has one that no label has"),
        ([map_state(), map_state()], "Label 'Each' must be unique"),
        ([map_state(), map_state(process(Map=map_state()), Label="Outer")], "Label 'Each' must be unique"),
        ([map_state(ItemBatcher={"BatchInput": {}})], "ItemBatcher needs MaxItemsPerBatch or"),
        ([map_state(ItemBatcher={"MaxItemsPerBatchPath": "$.most"})], None),
        (
            [map_state(MaxConcurrency=1, MaxConcurrencyPath="$.a")],
            "MaxConcurrency and MaxConcurrencyPath excl",
        ),
        ([map_state(process(kind="FAST"))], "ExecutionType must be one of STANDARD, EXPRESS"),
    ],
)
def test_a_distributed_map_state_is_taken_or_refused(states: list[dict[str, Any]], fault: str | None) -> None:
    found = find_fault(define(*states))
    assert found == fault or (fault or "none") in (found or "")


def test_a_state_without_a_label_has_the_same_one_each_time() -> None:
    state = map_state()
    del state["Label"]
    label = name_label("0", state)
    assert label == name_label("0", {**state, "MaxConcurrency": 1}) != name_label("1", state)
    # Where an execution of a Map Run finds what it runs.
    assert json.loads(narrow(define(state), label)) == {"StartAt": "Keep", "States": process()["States"]}


def test_a_state_machine_with_such_a_state_is_not_made(cloud: Cloud) -> None:
    api = cloud.client("stepfunctions")
    request = {"name": a_name(), "roleArn": cloud.role(), "definition": define(map_state(Label="a b"))}
    code, message = refuse(lambda: api.create_state_machine(**request))
    assert code == "InvalidDefinition"
    assert message.endswith("at the state '0'")
