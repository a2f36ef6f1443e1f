"""Puts this SageMaker into MiniStack, through names that MiniStack does not promise to keep."""

import shutil
import sys
from typing import Any

import ministack.app
from ministack.core import iam_actions, iam_evaluator, router
from ministack.services import stepfunctions, sts
from ministack.services.cloudformation import provisioners, stacks

from local.patching import find_original, wrap
from local.sagemaker import api, cloudformation_types, emulator, persistence
from local.sagemaker.containers import child_process
from local.sagemaker.emulator import Place, finish_work
from local.sagemaker.hosting import endpoints
from local.sagemaker.jobs import job

_SERVICE = "sagemaker"
_FINISH_SECONDS = 5.0
#: A state machine sees errors by their classes in AWS's SDK for Java, which has none for unmodelled ones.
_STATES_ERRORS = {
    "AccessDeniedException": "SageMakerException",
    "ResourceInUse": "ResourceInUseException",
    "ResourceLimitExceeded": "ResourceLimitExceededException",
    "ResourceNotFound": "ResourceNotFoundException",
    "SerializationException": "SageMakerException",
    "UnknownOperationException": "SageMakerException",
    "ValidationException": "SageMakerException",
}
#: The names of MiniStack that this package uses and does not change.
_USED = {
    ministack.app: ("AUTH",),
    iam_actions: ("identity_denial_message",),
    iam_evaluator: ("enforce",),
    router: ("extract_access_key_id",),
    sts: ("register_session",),
}


def install(place: Place) -> None:
    """Lets MiniStack serve SageMaker in an embedded cloud.

    Raises:
        SystemExit: MiniStack is not the pinned version: one of the names used here is not there.
    """
    for owner, names in _USED.items():
        for name in names:
            find_original(owner, name)
    emulator.install(place)
    # A server that was killed has left files of jobs and endpoints; their data are in S3.
    shutil.rmtree(place.home / "sagemaker", ignore_errors=True)
    _route_requests()
    _authorise_requests()
    find_original(stepfunctions, "_AWS_SDK_SERVICE_MAP")[_SERVICE] = {
        "target_prefix": "SageMaker",
        "protocol": "json",
    }
    find_original(stepfunctions, "_AWS_SDK_ERROR_PREFIX")[_SERVICE] = "SageMaker"
    find_original(stepfunctions, "_AWS_SDK_ERROR_CODE_OVERRIDES")[_SERVICE] = _STATES_ERRORS
    find_original(provisioners, "_RESOURCE_HANDLERS").update(cloudformation_types.HANDLERS)
    find_original(provisioners, "_REPLACING_PROPERTIES").update(cloudformation_types.REPLACING_PROPERTIES)
    find_original(provisioners, "_CUSTOM_NAME_REPLACEMENT").update(cloudformation_types.CUSTOM_NAMES)
    wrap(
        stacks,
        "_runs_on_worker_thread",
        lambda runs_there, kind: kind in cloudformation_types.HANDLERS or runs_there(kind),
    )


def shutdown(place: Place) -> None:
    """Ends all jobs and endpoints and writes captured traffic; call it while the server still answers."""
    place.closing.set()
    endpoints.end_all()
    job.end_all()
    child_process.end_all()
    finish_work(_FINISH_SECONDS)
    child_process.end_all()


def _route_requests() -> None:
    """Sends requests here; the control plane's and the runtime's are both signed for ``sagemaker``."""
    sys.modules["ministack.services.sagemaker"] = persistence
    find_original(ministack.app, "_loaded_modules")[_SERVICE] = persistence
    find_original(ministack.app, "_state_map")[_SERVICE] = _SERVICE
    find_original(ministack.app, "SERVICE_REGISTRY")[_SERVICE] = {"module": _SERVICE}
    find_original(ministack.app, "SERVICE_HANDLERS")[_SERVICE] = api.handle_request
    for name in ("fix_error_content_type", "fix_success_content_type"):
        wrap(ministack.app, name, _fix_content_type)
    find_original(router, "SERVICE_PATTERNS")[_SERVICE] = {
        "host_patterns": [r"(api|runtime)\.sagemaker\."],
        "target_prefixes": ["SageMaker."],
        "credential_scope": _SERVICE,
    }


def _fix_content_type(fix: Any, service: str, status: int, headers: dict[str, str]) -> None:
    """Lets the runtime answer with the container's content type; MiniStack gives a service one for all."""
    if service != _SERVICE:
        fix(service, status, headers)


def _authorise_requests() -> None:
    """Tells MiniStack's IAM the action and the resource of a request."""
    find_original(iam_actions, "SERVICE_TO_IAM_NAMESPACE")[_SERVICE] = _SERVICE
    find_original(iam_actions, "_BOTOCORE_SERVICE_MAP")[_SERVICE] = ["sagemaker-runtime"]
    wrap(iam_actions, "extract_resource_arn", _extract_resource_arn)


def _extract_resource_arn(
    extract: Any, service: str, method: str, path: str, headers: Any, body: Any, *rest: Any
) -> str:
    if service != _SERVICE:
        return str(extract(service, method, path, headers, body, *rest))
    return api.find_resource_arn(headers.get("x-amz-target", ""), path, body)
