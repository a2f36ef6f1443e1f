"""CloudFormation's events as AWS tells them, and failures that are told at once."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ministack.services import cloudformation, lambda_svc
from ministack.services.cloudformation import custom_resource, handlers, helpers, stacks

from local.patching import find_original, wrap
from local.saving.disk_space import find_lack

Key = tuple[str, str]

DEPLOYING = ("CreateStack", "UpdateStack", "CreateChangeSet", "ExecuteChangeSet")
LONGEST_REASON = 1000


def install(home: Path) -> None:
    """Mends what a deploy sees of CloudFormation.

    Args:
        home: Folder of the embedded cloud.
    """
    _tell_of_changes_alone()
    for name in ("_pending", "deliver_response"):
        find_original(custom_resource, name)
    wrap(lambda_svc, "_execute_function_with_config_scope", answer_for_failed)
    actions = find_original(handlers, "_ACTION_HANDLERS")
    find_original(helpers, "_error")
    for name in DEPLOYING:
        actions[name] = partial(refuse_without_room, home, actions[name])
    find_original(cloudformation, "_stacks")
    actions["DescribeStacks"] = partial(describe_by_templates, actions["DescribeStacks"])


def describe_by_templates(handle: Callable[[Any], Any], parameters: Any) -> Any:
    """Describes stacks as their templates do; MiniStack forgets that where a change set made the stack."""
    for stack in cloudformation._stacks.values():
        stack["Description"] = (stack.get("_template") or {}).get("Description", "")
    return handle(parameters)


def refuse_without_room(home: Path, handle: Callable[[Any], Any], parameters: Any) -> Any:
    """Refuses to deploy onto a disk that is all but full, where a deploy would fail half way."""
    if lack := find_lack(home):
        return helpers._error("LimitExceededException", f"The embedded cloud's disk is full: {lack}", 400)
    return handle(parameters)


def answer_for_failed(execute: Callable[..., Any], function: Any, event: Any) -> Any:
    """Runs a function; where a custom resource waits for one that fails, CloudFormation is told of the error.

    AWS would run it twice more and then wait for an answer that never comes, an hour if the template does not
    say otherwise, without a word of why.
    """
    token = str(event.get("ResponseURL", "")).rpartition("/")[2] if isinstance(event, dict) else ""
    try:
        result = execute(function, event)
    except Exception as error:
        _fail(token, f"{type(error).__name__}: {error}")
        raise
    if result.get("error"):
        body = result.get("body")
        told = body if isinstance(body, dict) else {"errorMessage": body}
        _fail(token, ": ".join(str(told[key]) for key in ("errorType", "errorMessage") if told.get(key)))
    return result


def _fail(token: str, reason: str) -> None:
    waiting = custom_resource._pending.get(token)
    # A function may fail after it has answered.
    if waiting and not waiting["event"].is_set():
        reason = f"The function failed before it answered: {reason}"[:LONGEST_REASON]
        custom_resource.deliver_response(token, {"Status": "FAILED", "Reason": reason})


def _tell_of_changes_alone() -> None:
    """Holds the event that begins each resource's update back until it is known whether anything changes."""
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
