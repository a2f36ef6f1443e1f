"""The SDK integration of S3: what it asks IAM, and its answers and errors as AWS's SDK for Java has them."""

from typing import Any

from ministack.core import iam_actions
from ministack.core.responses import get_account_id, get_region
from ministack.services import stepfunctions

from local.patching import find_original, wrap
from local.step_functions.roles import require

Document = dict[str, Any]

ERROR = "S3.S3Exception"
MODELLED = frozenset(
    f"S3.{name}Exception"
    for name in ("BucketAlreadyExists", "BucketAlreadyOwnedByYou", "InvalidObjectState", "NoSuchBucket")
) | {"S3.NoSuchKeyException"}


def install() -> None:
    """Wraps what MiniStack calls S3 with."""
    specifications = find_original(stepfunctions, "_S3_OP_SPECS")
    specifications["CopyObject"]["header_outputs"]["x-amz-copy-source-version-id"] = "CopySourceVersionId"
    for used in ("extract_iam_action", "extract_resource_arn", "s3_additional_checks", "s3_service_context"):
        find_original(iam_actions, used)
    find_original(stepfunctions, "_rest_xml_substitute_path")
    wrap(stepfunctions, "_dispatch_aws_sdk_rest_xml", _call)


def _call(call: Any, service: Document, name: str, action: str, arguments: Document | None) -> Any:
    operation = action[0].upper() + action[1:]
    specification = stepfunctions._S3_OP_SPECS.get(operation)
    if name != "s3" or specification is None:
        return call(service, name, action, arguments)
    arguments = arguments or {}
    _ask(specification, arguments)
    try:
        result = call(service, name, action, arguments)
    except stepfunctions._ExecutionError as error:
        if error.error.startswith("S3.") and error.error not in MODELLED:
            raise stepfunctions._ExecutionError(ERROR, error.cause) from None
        raise
    if operation == "CopyObject":
        copied = {member: result.pop(member) for member in ("ETag", "LastModified") if member in result}
        result["CopyObjectResult"] = copied
    return result


def _ask(specification: Document, arguments: Document) -> None:
    """Asks IAM for all that one request to S3 needs."""
    path = stepfunctions._rest_xml_substitute_path(specification["path"], arguments, specification)
    query = dict(specification.get("static_query") or ())
    for member, parameter in (specification.get("query_params") or {}).items():
        if arguments.get(member) is not None:
            query[parameter] = str(arguments[member])
    headers = {
        header: str(arguments[member])
        for member, header in (specification.get("header_params") or {}).items()
        if arguments.get(member) is not None
    }
    request = (specification["method"], path, headers, b"", query)
    permission = iam_actions.extract_iam_action("s3", *request)
    if permission:
        resource = iam_actions.extract_resource_arn("s3", *request, get_region(), get_account_id())
        needed = [(permission, resource), *iam_actions.s3_additional_checks(*request)]
        for wanted, target in needed:
            require(wanted, target, ERROR, **iam_actions.s3_service_context(wanted, query, path, headers))
