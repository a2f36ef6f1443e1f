"""Lets a function read a queue where AWS would: its role must allow it, and it must be done in time.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, sqs
from ministack.services.cloudformation import provisioners

from local.iam.access import assume_role, find_denial
from local.patching import find_original, wrap

TYPE = "AWS::Lambda::EventSourceMapping"
CODE = "InvalidParameterValueException"
NEEDED = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
Document = dict[str, Any]


def install() -> None:
    """Asks before MiniStack makes a mapping, by the API or by a template."""
    find_original(lambda_svc, "_get_func_record_for_ref")
    find_original(sqs, "_queue_by_arn")
    wrap(lambda_svc, "_create_esm", _create)
    handlers = find_original(provisioners, "_RESOURCE_HANDLERS")
    theirs = handlers[TYPE]

    def create(logical_id: str, properties: Document, stack: str) -> tuple[str, Document]:
        if fault := find_fault(properties):
            raise ValueError(f"{fault} (Service: Lambda, Status Code: 400, Error Code: {CODE})")
        mapping, attributes = theirs["create"](logical_id, properties, stack)
        return mapping, attributes

    handlers[TYPE] = {**theirs, "create": create}


def find_fault(mapping: Document) -> str | None:
    """Returns what AWS finds wrong with a mapping from a queue; None where it finds nothing."""
    source = str(mapping.get("EventSourceArn", ""))
    _, config, _ = lambda_svc._get_func_record_for_ref(mapping.get("FunctionName", ""))
    queue = sqs._queue_by_arn(source)
    if not config or queue is None:
        return None
    key, _ = assume_role(config["Role"], config["FunctionName"])
    for operation in NEEDED:
        if find_denial(key, config["Role"], f"sqs:{operation}", source):
            return f"The provided execution role does not have permissions to call {operation} on SQS"
    visibility, timeout = int(queue["attributes"]["VisibilityTimeout"]), int(config["Timeout"])
    if visibility < timeout:
        return (
            f"Queue visibility timeout: {visibility} seconds is less than Function timeout: {timeout} seconds"
        )
    return None


def _create(create: Any, request: Document) -> Any:
    if fault := find_fault(request):
        return error_response_json(CODE, fault, 400)
    return create(request)
