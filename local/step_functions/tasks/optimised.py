"""Optimised integrations: what they ask IAM, take, answer and fail with.

https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
Errors are named by the classes of AWS's SDK for Java, which has one for all that a service does not model.
"""

import json
from functools import partial
from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import stepfunctions

from local.patching import find_original, wrap
from local.step_functions.roles import find_execution, require

Document = dict[str, Any]

DYNAMODB_ERROR = "DynamoDB.AmazonDynamoDBException"
DYNAMODB_MODELLED = frozenset(
    f"DynamoDB.{name}"
    for name in (
        "ConditionalCheckFailedException",
        "ItemCollectionSizeLimitExceededException",
        "ProvisionedThroughputExceededException",
        "ResourceNotFoundException",
        "TransactionConflictException",
    )
)
EVENTBRIDGE_ERROR = "EventBridge.AmazonEventBridgeException"
SQS_ERROR = "SQS.AmazonSQSException"
SNS_ERROR = "SNS.AuthorizationErrorException"
LAMBDA_THROTTLED = "Lambda.TooManyRequestsException"


def install() -> None:
    """Replaces MiniStack's integrations by ones that ask IAM first; Lambda's asks in ``roles``."""
    wrap(stepfunctions, "_call_lambda", _call_function)
    for used in ("dynamodb_resource_arns", "dynamodb_service_context"):
        find_original(iam_actions, used)
    wrap(stepfunctions, "_invoke_dynamodb", _call_table)
    dispatch = find_original(stepfunctions, "_SERVICE_DISPATCH")
    for resource, call in {
        "events:putEvents": _put_events,
        "sqs:sendMessage": _send_message,
        "sns:publish": _publish,
    }.items():
        arn = f"arn:aws:states:::{resource}"
        dispatch[arn] = partial(call, dispatch[arn])


def _call_function(call: Any, function: str, event: Any) -> Any:
    try:
        return call(function, event)
    except stepfunctions._ExecutionError as error:
        # What the function itself raises has an errorType.
        if error.error == "Lambda.Unknown" and '"__type": "TooManyRequestsException"' in error.cause:
            raise stepfunctions._ExecutionError(LAMBDA_THROTTLED, error.cause) from None
        raise


def _call_table(call: Any, operation: str, arguments: Document) -> Document:
    action = f"dynamodb:{operation[0].upper()}{operation[1:]}"
    body = json.dumps(arguments).encode()
    for table in iam_actions.dynamodb_resource_arns(body, get_region(), get_account_id()):
        require(action, table, DYNAMODB_ERROR, **iam_actions.dynamodb_service_context(body))
    try:
        return _add_metadata(call(operation, arguments))
    except stepfunctions._ExecutionError as error:
        if error.error.startswith("DynamoDB.") and error.error not in DYNAMODB_MODELLED:
            raise stepfunctions._ExecutionError(DYNAMODB_ERROR, error.cause) from None
        raise


def _put_events(put: Any, resource: str, arguments: Document) -> Document:
    entries = [_complete_entry(entry) for entry in arguments.get("Entries", [])]
    for entry in entries:
        bus = entry.get("EventBusName") or "default"
        if not bus.startswith("arn:"):
            bus = f"arn:aws:events:{get_region()}:{get_account_id()}:event-bus/{bus}"
        context = {"events:source": entry.get("Source"), "events:detail-type": entry.get("DetailType")}
        require("events:PutEvents", bus, EVENTBRIDGE_ERROR, **context)
    try:
        result = put(resource, {**arguments, "Entries": entries})
    except stepfunctions._ExecutionError as error:
        raise stepfunctions._ExecutionError(EVENTBRIDGE_ERROR, error.cause) from None
    if result["FailedEntryCount"]:
        raise stepfunctions._ExecutionError("EventBridge.FailedEntry", json.dumps(result))
    return _add_metadata(result)


def _complete_entry(entry: Document) -> Document:
    """Writes the detail of an event as text, and names the execution and its state machine as resources."""
    completed = dict(entry)
    if isinstance(entry.get("Detail"), dict):
        completed["Detail"] = json.dumps(entry["Detail"], ensure_ascii=False)
    if execution := find_execution():
        told = [execution["stateMachineArn"], execution["executionArn"]]
        completed["Resources"] = [*entry.get("Resources", []), *told]
    return completed


def _send_message(send: Any, resource: str, arguments: Document) -> Document:
    queue = ":".join(str(arguments.get("QueueUrl", "")).rstrip("/").split("/")[-2:])
    require("sqs:SendMessage", f"arn:aws:sqs:{get_region()}:{queue}", SQS_ERROR)
    return _add_metadata(send(resource, arguments))


def _publish(publish: Any, resource: str, arguments: Document) -> Document:
    topic = arguments.get("TopicArn") or arguments.get("TargetArn") or "*"
    require("sns:Publish", topic, SNS_ERROR)
    return _add_metadata(publish(resource, arguments))


def _add_metadata(result: Document) -> Document:
    """Adds what AWS tells of the request itself."""
    request = new_uuid()
    return {
        **result,
        "SdkHttpMetadata": {
            "AllHttpHeaders": {"x-amzn-RequestId": [request]},
            "HttpHeaders": {"x-amzn-RequestId": request},
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": request},
    }
