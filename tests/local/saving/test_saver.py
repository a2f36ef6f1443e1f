"""What a stack has made or changed is never in a file before the stack's record of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from ministack.core import persistence

from local.saving import saver
from local.saving.items import ItemJournal


@pytest.fixture
def states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """Services' states that are saved in a folder."""
    kept: dict[str, dict[str, Any]] = {"cloudformation": {}, "cloudwatch": {}, "ssm": {}, "s3": {}}
    monkeypatch.setattr(persistence, "STATE_DIR", str(tmp_path))
    monkeypatch.setattr(saver, "_collect_states", lambda: {name: state.copy for name, state in kept.items()})
    monkeypatch.setattr(saver, "_changed", set(kept))
    monkeypatch.setattr(saver, "_journal", ItemJournal(tmp_path / "items"), raising=False)
    return kept


def read_all(folder: Path) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text())["payload"] for path in folder.glob("*.json")}


def test_a_changed_stack_is_written_with_what_it_changed(states: dict[str, Any], tmp_path: Path) -> None:
    saver.write_changed(["ssm"])
    assert set(read_all(tmp_path)) == {"ssm", "cloudformation"}
    states["ssm"]["/value"] = states["cloudformation"]["Value"] = "after"
    saver._changed |= {"ssm", "cloudformation"}
    saver.write_changed(["ssm"])
    assert read_all(tmp_path) == {"ssm": {"/value": "after"}, "cloudformation": {"Value": "after"}}


def test_stacks_are_not_written_where_they_have_not_changed_or_only_what_follows_is(
    states: dict[str, Any], tmp_path: Path
) -> None:
    saver.write_changed(["cloudwatch"])
    assert set(read_all(tmp_path)) == {"cloudwatch"}
    saver._changed.discard("cloudformation")
    saver.write_changed(["ssm"])
    assert set(read_all(tmp_path)) == {"cloudwatch", "ssm"}


def test_a_state_that_changes_while_it_is_written_is_written_again(
    states: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[object] = []

    def change_at_the_first_look(what: object) -> str:
        looked.append(what)
        if len(looked) == 1:
            raise RuntimeError("dictionary changed size during iteration")
        return "there"

    monkeypatch.setattr(persistence, "_json_default", change_at_the_first_look)
    states["ssm"]["/value"] = object()
    saver.write_changed(["ssm"])
    assert read_all(tmp_path)["ssm"] == {"/value": "there"}
    assert len(looked) == 2
