"""CloudFormation's events as AWS tells them, and failures that are told at once."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from ministack.core import iam_actions
from ministack.services import cloudformation, lambda_svc
from ministack.services.cloudformation import changesets, custom_resource, engine, handlers, helpers, stacks

from local.patching import find_original, wrap
from local.saving.disk_space import find_lack

Key = tuple[str, str]

DEPLOYING = ("CreateStack", "UpdateStack", "CreateChangeSet", "ExecuteChangeSet")
LONGEST_REASON = 1000
UNCHANGED = "The submitted information didn't contain changes."


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
    actions["CreateChangeSet"] = partial(see_changed_outputs, actions["CreateChangeSet"])
    find_original(engine, "_evaluate_conditions")
    find_original(changesets, "_find_change_set")
    find_original(stacks, "_resolve_stack_outputs")
    wrap(changesets, "_resolve_props_for_diff", leave_out_switched_off)
    wrap(stacks, "_roll_back_operation", roll_back_with_conditions)
    wrap(stacks, "_delete_resource", tell_of_removal)
    wrap(iam_actions, "extract_resource_arn", name_whole_stack)


def describe_by_templates(handle: Callable[[Any], Any], parameters: Any) -> Any:
    """Describes stacks as their templates do; MiniStack forgets that where a change set made the stack."""
    for stack in cloudformation._stacks.values():
        stack["Description"] = (stack.get("_template") or {}).get("Description", "")
    return handle(parameters)


def see_changed_outputs(handle: Callable[[Any], Any], parameters: Any) -> Any:
    """Makes a change set; where outputs alone change it can be executed, and lists no changes, as on AWS.

    MiniStack compares resources, and calls such a change set one without changes.
    """
    answer = handle(parameters)
    named = [helpers._p(parameters, key) for key in ("ChangeSetName", "StackName")]
    _, made = changesets._find_change_set(*named)
    if answer[0] >= 400 or made["ExecutionStatus"] != "UNAVAILABLE" or made["ChangeSetType"] != "UPDATE":
        return answer
    stack = cloudformation._stacks[made["StackName"]]
    template, values = made["_template"], made["_resolved_params"]
    outputs, _ = stacks._resolve_stack_outputs(
        template.get("Outputs", {}),
        engine._evaluate_conditions(template, values),
        stack["_resources"],
        values,
        template.get("Mappings", {}),
        made["StackName"],
        made["StackId"],
    )
    if made["StatusReason"].startswith(UNCHANGED) and outputs != stack["Outputs"]:
        made |= {"Status": "CREATE_COMPLETE", "ExecutionStatus": "AVAILABLE", "StatusReason": ""}
    return answer


def leave_out_switched_off(resolve: Callable[..., Any], template: Any, parameters: Any, *stack: str) -> Any:
    """Returns the resources that a template has with these parameters, for a change set to compare.

    MiniStack compares all that are in the text, and sees no change where a parameter switches one by its
    condition.
    """
    resolved = resolve(template, parameters, *stack)
    conditions = engine._evaluate_conditions(template, parameters)
    kept = {
        name: resource
        for name, resource in resolved.get("Resources", {}).items()
        if conditions.get(resource.get("Condition"), True)
    }
    return {**resolved, "Resources": kept}


async def roll_back_with_conditions(
    roll_back: Callable[..., Any], name: str, stack_id: str, stack: Any, operation: Any, *rest: Any
) -> None:
    """Rolls an operation back and with it what the stack's conditions were, which order its deletion."""
    await roll_back(name, stack_id, stack, operation, *rest)
    if previous := operation.get("previous_stack"):
        stack["_conditions"] = previous["_conditions"]


def tell_of_removal(
    delete: Callable[..., Any], kind: str, physical_id: str, properties: Any, name: str, logical_id: str
) -> None:
    """Deletes a resource; where an update takes it out of its stack, events tell of it as on AWS."""
    stack = cloudformation._stacks.get(name) or {}
    tells = stack.get("StackStatus") == "UPDATE_IN_PROGRESS"

    def tell(status: str) -> None:
        if tells:
            stacks._add_event(stack["StackId"], name, logical_id, kind, status, physical_id=physical_id)

    tell("DELETE_IN_PROGRESS")
    delete(kind, physical_id, properties, name, logical_id)
    tell("DELETE_COMPLETE")


def name_whole_stack(extract: Callable[..., str], service: str, *request: Any) -> str:
    """Returns the ARN that IAM judges: of a stack that is there its own, with its id, however it is named."""
    arn = extract(service, *request)
    if service != "cloudformation" or not arn.endswith("/*"):
        return arn
    stack = cloudformation._stacks.get(arn.split("/")[1]) or {}
    return str(stack["StackId"]) if stack.get("StackStatus", "DELETE_COMPLETE") != "DELETE_COMPLETE" else arn


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
