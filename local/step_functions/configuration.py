"""A state machine's logging and tracing, which MiniStack keeps in a template's spelling or not at all.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_LoggingConfiguration.html
"""

import json
from typing import Any

from ministack.core.responses import error_response_json, json_response
from ministack.services import cloudwatch_logs, stepfunctions
from ministack.services.cloudformation import provisioners

from local.patching import find_original, wrap
from local.step_functions import machines
from local.step_functions.runs import DEFINED, find_revision

TYPE = "AWS::StepFunctions::StateMachine"
NO_LOGGING = {"level": "OFF", "includeExecutionData": False}
NO_TRACING = {"enabled": False}
Document = dict[str, Any]


def install() -> None:
    """Lets CloudFormation and the API keep and show both as AWS does."""
    wrap(stepfunctions, "_create_state_machine", _create)
    wrap(stepfunctions, "_update_state_machine", _update)
    for operation in ("_describe_state_machine", "_describe_state_machine_for_execution"):
        wrap(stepfunctions, operation, _describe)
    wrap(stepfunctions, "_describe_state_machine_for_execution", _describe_for_execution)
    find_original(stepfunctions, "_resolve_state_machine_arn")
    find_original(cloudwatch_logs, "_log_groups")
    _complete_cloudformation()


def read_logging(machine: Document) -> Document:
    """Returns a state machine's logging configuration."""
    logging: Document = machine.get("loggingConfiguration", NO_LOGGING)
    # A home that was made before this module was has it as MiniStack took it from the template.
    return convert_logging(logging) if "Level" in logging else logging


def find_group(logging: Document) -> str | None:
    """Returns the name of the log group that a logging configuration names; None where it names none."""
    destinations = logging.get("destinations") or [{}]
    arn = destinations[0].get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "")
    return arn.partition(":log-group:")[2].removesuffix(":*") or None


def find_fault(logging: Document) -> str | None:
    """Returns what AWS finds wrong with a logging configuration, None where it finds nothing."""
    given, group = len(logging.get("destinations") or []), find_group(logging)
    if given > 1 or (logging["level"] != "OFF" and group is None):
        return "Invalid Logging Configuration: Must specify exactly one Log Destination."
    if group is not None and group not in cloudwatch_logs._log_groups:
        return "Invalid Logging Configuration: Log Destination not found."
    return None


def convert_logging(property_: Document) -> Document:
    """Returns the API's form of the property ``LoggingConfiguration``."""
    logging: Document = {
        "level": property_.get("Level", "OFF"),
        "includeExecutionData": _is_true(property_.get("IncludeExecutionData")),
    }
    if "Destinations" in property_:
        logging["destinations"] = [
            {"cloudWatchLogsLogGroup": {"logGroupArn": destination["CloudWatchLogsLogGroup"]["LogGroupArn"]}}
            for destination in property_["Destinations"]
        ]
    return logging


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _refuse(code: str, message: str) -> Any:
    return error_response_json(code, message, 400)


def _word_failure(code: str, message: str) -> str:
    return f"{message} (Service: AWSStepFunctions; Status Code: 400; Error Code: {code})"


def _create(create: Any, request: Document) -> Any:
    logging = NO_LOGGING | request.get("loggingConfiguration", {})
    tracing = NO_TRACING | request.get("tracingConfiguration", {})
    if fault := find_fault(logging):
        return _refuse("InvalidLoggingConfiguration", fault)
    before = set(stepfunctions._state_machines)
    response = create({**request, "loggingConfiguration": logging})
    if response[0] == 200:
        arn = json.loads(response[2])["stateMachineArn"]
        machine = stepfunctions._state_machines[arn]
        if arn in before and machine.get("tracingConfiguration", NO_TRACING) != tracing:
            return _refuse("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")
        machine["tracingConfiguration"] = tracing
    return response


def _update(update: Any, request: Document) -> Any:
    machine = stepfunctions._state_machines.get(request.get("stateMachineArn"))
    changing = {"definition", "roleArn", "loggingConfiguration", "tracingConfiguration"}
    if machine and not (changing | {"encryptionConfiguration"}) & request.keys():
        return _refuse(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration "
            "must be specified",
        )
    if "loggingConfiguration" in request:
        request = {**request, "loggingConfiguration": NO_LOGGING | request["loggingConfiguration"]}
        if fault := find_fault(request["loggingConfiguration"]):
            return _refuse("InvalidLoggingConfiguration", fault)
    response = update(request)
    if response[0] != 200 or machine is None:
        return response
    if "tracingConfiguration" in request:
        machine["tracingConfiguration"] = NO_TRACING | request["tracingConfiguration"]
    return json_response({**json.loads(response[2]), "revisionId": machine["revisionId"]})


def _describe(describe: Any, request: Document) -> Any:
    response = describe(request)
    if response[0] != 200:
        return response
    described = json.loads(response[2])
    arn = stepfunctions._resolve_state_machine_arn(described["stateMachineArn"])
    machine = stepfunctions._state_machines.get(arn) or {}
    described["loggingConfiguration"] = read_logging({**machine, **described})
    described.setdefault("tracingConfiguration", machine.get("tracingConfiguration", NO_TRACING))
    return json_response(described)


def _describe_for_execution(describe: Any, request: Document) -> Any:
    response = describe(request)
    if response[0] != 200:
        return response
    revision = find_revision(stepfunctions._executions[request["executionArn"]]) or {}
    begun_with = {name: revision[name] for name in DEFINED if name in revision}
    return json_response({**json.loads(response[2]), **begun_with})


def _complete_cloudformation() -> None:
    """Hands MiniStack's handlers of the type the API's form of both properties."""
    handlers = find_original(provisioners, "_RESOURCE_HANDLERS")
    theirs = handlers[TYPE]

    def convert(properties: Document) -> Document:
        if "LoggingConfiguration" not in properties:
            return properties
        return {**properties, "LoggingConfiguration": convert_logging(properties["LoggingConfiguration"])}

    def trace(arn: str, properties: Document) -> None:
        enabled = _is_true(properties.get("TracingConfiguration", {}).get("Enabled"))
        stepfunctions._state_machines[arn]["tracingConfiguration"] = {"enabled": enabled}

    def create(logical_id: str, properties: Document, stack: str) -> tuple[str, Document]:
        converted = convert(properties)
        if fault := find_fault(converted.get("LoggingConfiguration", NO_LOGGING)):
            raise ValueError(_word_failure("InvalidLoggingConfiguration", fault))
        if refused := machines.find_fault(properties.get("StateMachineName", "")):
            raise ValueError(_word_failure(*refused))
        arn, attributes = theirs["create"](logical_id, converted, stack)
        trace(arn, properties)
        return arn, attributes

    def update(arn: str, old: Document, new: Document, *rest: Any, **named: Any) -> tuple[str, Document]:
        updated, attributes = theirs["update"](arn, convert(old), convert(new), *rest, **named)
        trace(updated, new)
        return updated, attributes

    handlers[TYPE] = {**theirs, "create": create, "update": update}
