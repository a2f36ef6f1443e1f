"""CloudFormation's events as AWS tells them."""

from collections.abc import Callable
from functools import partial
from typing import Any

from ministack.services.cloudformation import stacks

from local.patching import wrap

Key = tuple[str, str]


def install() -> None:
    """Tells of no resource that an update leaves as it is.

    The event that begins a resource's update is held back until it is known whether anything changes.
    """
    held: dict[Key, Callable[[], None]] = {}
    unchanged: set[Key] = set()

    def tell(key: Key) -> None:
        held.pop(key, lambda: None)()

    def add_if_changed(add_event: Any, *event: str, **named: str) -> None:
        _, stack, logical_id, _, status, *rest = event
        key = (stack, logical_id)
        if status == "UPDATE_IN_PROGRESS" and logical_id != stack and not rest and not named:
            held[key] = partial(add_event, *event)
        elif status == "UPDATE_COMPLETE" and key in unchanged:
            unchanged.discard(key)
            held.pop(key, None)
        else:
            tell(key)
            add_event(*event, **named)

    def update_and_tell(update: Any, kind: str, physical_id: str, old: Any, new: Any, *rest: Any) -> Any:
        key = (rest[0], rest[1])
        if old == new:
            unchanged.add(key)
        else:
            tell(key)
        return update(kind, physical_id, old, new, *rest)

    def create_and_tell(create: Any, kind: str, logical_id: str, properties: Any, stack: str) -> Any:
        tell((stack, logical_id))
        return create(kind, logical_id, properties, stack)

    wrap(stacks, "_add_event", add_if_changed)
    wrap(stacks, "_update_keeping_seed", update_and_tell)
    wrap(stacks, "_provision_keeping_seed", create_and_tell)
