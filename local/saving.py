"""Saves the state at the end of every stack operation; MiniStack does so only when it is stopped in order."""

from typing import Any

from ministack import app
from ministack.core import persistence
from ministack.services.cloudformation import stacks

from local.patching import original, replace


def install() -> None:
    """Makes a deployment survive a server that is killed, or a machine that loses its power."""
    add_event = original(stacks, "_add_event")
    states = original(app, "_build_persistence_save_dict")
    save = original(persistence, "save_all")

    def add_event_and_save(
        stack_id: str, stack: str, logical_id: str, kind: str, status: str, *rest: Any, **named: Any
    ) -> None:
        add_event(stack_id, stack, logical_id, kind, status, *rest, **named)
        of_the_stack = kind == "AWS::CloudFormation::Stack" and logical_id == stack
        if of_the_stack and not status.endswith("_IN_PROGRESS"):
            # Soon, not now: the operation still has a word to write about itself.
            original(app, "_MAIN_LOOP").call_soon_threadsafe(lambda: save(states()))

    replace(stacks, "_add_event", add_event_and_save)
