"""Saves stacks when an operation ends, and rolls back one that the end of the server has cut off."""

from collections.abc import Awaitable
from typing import Any

from ministack import app
from ministack.core.responses import request_scope
from ministack.services import cloudformation
from ministack.services.cloudformation import changesets, handlers, stacks

from local.patching import find_original, replace
from local.saving.saver import FOLLOWING, note_change_of_all, write_changed

Stack = dict[str, Any]

UNDER_WAY = "_under_way"
"""Member of a stack's record that holds what a rollback needs, in MiniStack's own form."""
REASON = "The embedded cloud was stopped while the operation ran"


def install() -> None:
    """Notes what operations do, and has it all in files before anybody sees that one has ended."""
    add_event = find_original(stacks, "_add_event")
    deploy = find_original(stacks, "_deploy_stack_async")
    describe_failure = find_original(stacks, "_failed_operation")
    find_original(cloudformation, "_PERSISTED_STORES")
    for name in ("_roll_back_operation", "_delete_stack_async", "_create_stack_task_in_region"):
        find_original(stacks, name)

    def add_and_save(*event: str, **named: str) -> None:
        add_event(*event, **named)
        services = set(note_change_of_all())
        _, stack, logical_id, kind, status, *_ = event
        is_the_stack = kind == "AWS::CloudFormation::Stack" and logical_id == stack
        if is_the_stack and not status.endswith("_IN_PROGRESS"):
            # Soon, not now: the operation still has something to record about itself.
            loop = find_original(app, "_MAIN_LOOP")
            loop.call_soon_threadsafe(write_changed, services - FOLLOWING)

    def note_and_deploy(
        name: str,
        stack_id: str,
        template: Any,
        values: Any,
        *rest: Any,
        is_update: bool = False,
        previous_stack: Any = None,
        retain_except_on_create: bool = False,
        imports: Any = None,
    ) -> Awaitable[None]:
        stack = cloudformation._stacks[name]
        # Now, not when the task begins: the request is answered, and saved, before that.
        stack[UNDER_WAY] = describe_failure(
            is_update=is_update,
            previous_stack=previous_stack,
            created=[],
            failed_update=None,
            failed_logical_id=None,
            replaced_ids=[],
            cancelled=False,
            template=template,
            param_values=values,
            retain_except_on_create=retain_except_on_create,
            stack_tags=stack.get("Tags"),
            previous_tags=(previous_stack or {}).get("Tags"),
            imports=imports,
        )
        task = deploy(
            *(name, stack_id, template, values, *rest),
            is_update=is_update,
            previous_stack=previous_stack,
            retain_except_on_create=retain_except_on_create,
            imports=imports,
        )
        return _run_and_forget(task, stack)

    replace(stacks, "_add_event", add_and_save)
    replace(cloudformation, "get_state", _give_state)
    for module in (handlers, changesets):
        replace(module, "_deploy_stack_async", note_and_deploy)


def _give_state() -> dict[str, Any]:
    """Returns what is saved of all stacks, as it is: copying it takes twice as long as writing it."""
    return {key: store() for store, key in cloudformation._PERSISTED_STORES}


async def _run_and_forget(task: Awaitable[None], stack: Stack) -> None:
    try:
        await task
    finally:
        stack.pop(UNDER_WAY, None)


def resume() -> None:
    """Goes on with a deletion, and rolls back a creation or an update, that was under way."""
    for (account, region, name), stack in cloudformation._stacks.all_items():
        operation = stack.pop(UNDER_WAY, None)
        status = stack["StackStatus"]
        if not status.endswith("_IN_PROGRESS") or status == "REVIEW_IN_PROGRESS":
            continue
        stack_id = stack["StackId"]
        with request_scope(account, region):
            if status == "DELETE_IN_PROGRESS":
                task = stacks._delete_stack_async(name, stack_id)
            elif operation:
                before = (operation["previous_stack"] or {}).get("_resources", {})
                operation["created"] = [
                    logical_id
                    for logical_id, resource in stack["_resources"].items()
                    if resource != before.get(logical_id)
                ]
                task = stacks._roll_back_operation(name, stack_id, stack, operation, REASON)
            else:
                stack["StackStatus"] = status.replace("IN_PROGRESS", "FAILED")
                stack["StackStatusReason"] = REASON
                continue
            stacks._create_stack_task_in_region(task, stack, stack_id)
