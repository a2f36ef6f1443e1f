"""A stack's events as CloudFormation tells them: none of a resource that an update leaves as it is."""

from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import stacks

from local.patching import original, replace

Key = tuple[str, str]


def install() -> None:
    """Holds the event that begins each resource's update back until it is known whether anything changes."""
    add_event = original(stacks, "_add_event")
    update = original(stacks, "_update_keeping_seed")
    create = original(stacks, "_provision_keeping_seed")
    held: dict[Key, Callable[[], None]] = {}
    unchanged: set[Key] = set()

    def tell(key: Key) -> None:
        if key in held:
            held.pop(key)()

    def add_if_changed(
        stack_id: str,
        stack: str,
        logical_id: str,
        kind: str,
        status: str,
        reason: str = "",
        physical_id: str = "",
        **named: Any,
    ) -> None:
        def add() -> None:
            add_event(stack_id, stack, logical_id, kind, status, reason, physical_id, **named)

        key = (stack, logical_id)
        if status == "UPDATE_IN_PROGRESS" and logical_id != stack and not reason and not physical_id:
            held[key] = add
        elif status == "UPDATE_COMPLETE" and key in unchanged:
            unchanged.discard(key)
            held.pop(key, None)
        else:
            tell(key)
            add()

    def update_and_tell(kind: str, physical_id: str, old: Any, new: Any, *rest: Any) -> Any:
        stack, logical_id = rest[:2]
        if old == new:
            unchanged.add((stack, logical_id))
        else:
            tell((stack, logical_id))
        return update(kind, physical_id, old, new, *rest)

    def create_and_tell(kind: str, logical_id: str, properties: Any, stack: str) -> Any:
        tell((stack, logical_id))
        return create(kind, logical_id, properties, stack)

    replace(stacks, "_add_event", add_if_changed)
    replace(stacks, "_update_keeping_seed", update_and_tell)
    replace(stacks, "_provision_keeping_seed", create_and_tell)
