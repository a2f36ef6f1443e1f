"""Lets a state machine do what its role allows, and no more."""

import json
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc, stepfunctions

from local.iam.access import assume_role, find_denial
from local.patching import find_original, wrap
from local.step_functions.runs import find_revision

_execution: ContextVar[dict[str, Any] | None] = ContextVar("execution whose task runs", default=None)


def install() -> None:
    """Asks IAM before a task calls a function or, through the SDK integration, a service that speaks JSON."""
    wrap(stepfunctions, "_execute_task", _execute_task)
    wrap(stepfunctions, "_call_lambda", _call_function)
    wrap(stepfunctions, "_dispatch_aws_sdk_json", _call_service)
    find_original(stepfunctions, "_AWS_SDK_ERROR_PREFIX")


def _execute_task(execute: Any, state: Any, state_input: Any, execution: dict[str, Any], context: Any) -> Any:
    token = _execution.set(execution if execution.get("stateMachineArn") else None)
    try:
        return execute(state, state_input, execution, context)
    finally:
        _execution.reset(token)


def _call_function(call: Any, function: str, event: Any) -> Any:
    _record, config, _name = lambda_svc._get_func_record_for_ref(function)
    if config:
        require("lambda:InvokeFunction", config["FunctionArn"], "Lambda.AWSLambdaException")
    return call(function, event)


def _call_service(call: Any, service: dict[str, Any], name: str, action: str, arguments: Any) -> Any:
    operation = action[0].upper() + action[1:]
    key = service.get("service_key", name)
    headers = {"x-amz-target": f"{service['target_prefix']}.{operation}"}
    request: tuple[Any, ...] = (key, "POST", "/", headers, json.dumps(arguments).encode(), {})
    permission = iam_actions.extract_iam_action(*request)
    if permission:
        resource = iam_actions.extract_resource_arn(*request, get_region(), get_account_id())
        prefix = stepfunctions._AWS_SDK_ERROR_PREFIX.get(name, name.capitalize())
        require(permission, resource, f"{prefix}.{prefix}Exception")
    return call(service, name, action, arguments)


def is_task_running() -> bool:
    """Returns whether a state machine's task runs on this thread."""
    return _execution.get() is not None


def find_execution() -> dict[str, Any] | None:
    """Returns the execution whose task runs on this thread; None for ``TestState``, which has none."""
    return _execution.get()


def require(action: str, resource: str, error: str, **context: Any) -> None:
    """Refuses an action that the running state machine's role does not allow; ``TestState`` runs none.

    Args:
        action: Action as IAM names it.
        resource: ARN of the resource that it is done to.
        error: Name under which a state machine sees the refusal.
        context: Condition keys of the request and their values.

    Raises:
        stepfunctions._ExecutionError: The role does not allow it.
    """
    execution = _execution.get()
    if execution is not None:
        require_of(execution, action, resource, error, **context)


def require_of(execution: dict[str, Any], action: str, resource: str, error: str, **context: Any) -> None:
    """Refuses an action that the role of an execution's state machine does not allow.

    Takes and raises beside the execution what ``require`` does.
    """
    role = (find_revision(execution) or {}).get("roleArn", "")
    key, _ = assume_role(role, "StepFunctions")
    if denial := find_denial(key, role, action, resource, **context):
        raise stepfunctions._ExecutionError(error, f"{denial} (Status Code: 403)")
