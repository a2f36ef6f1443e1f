"""Puts this Application Auto Scaling into MiniStack, through names that it does not promise to keep."""

import logging
import sys
import threading
from typing import Any

import ministack.app
from ministack.core import iam_actions, router
from ministack.services.cloudformation import provisioners, stacks

from local.autoscaling import api, cloudformation_types, persistence, targets
from local.autoscaling.api import SERVICE
from local.autoscaling.scaling import Scaler
from local.patching import find_original, wrap
from local.saving import saver

SECONDS_BETWEEN_LOOKS = 5.0

_MODULE = "application_autoscaling"
_logger = logging.getLogger("autoscaling")


def install() -> None:
    """Lets MiniStack serve Application Auto Scaling, and begins to scale.

    Raises:
        SystemExit: MiniStack is not the pinned version: one of the names used here is not there.
    """
    _route_requests()
    find_original(iam_actions, "SERVICE_TO_IAM_NAMESPACE")[SERVICE] = SERVICE
    wrap(iam_actions, "extract_resource_arn", _extract_resource_arn)
    find_original(provisioners, "_RESOURCE_HANDLERS").update(cloudformation_types.HANDLERS)
    find_original(provisioners, "_REPLACING_PROPERTIES").update(cloudformation_types.REPLACING_PROPERTIES)
    wrap(
        stacks,
        "_runs_on_worker_thread",
        lambda runs_there, kind: kind in cloudformation_types.HANDLERS or runs_there(kind),
    )
    threading.Thread(target=_scale, name="autoscaling", daemon=True).start()


def _route_requests() -> None:
    sys.modules[f"ministack.services.{_MODULE}"] = persistence
    find_original(ministack.app, "_loaded_modules")[_MODULE] = persistence
    find_original(ministack.app, "_state_map")[_MODULE] = _MODULE
    find_original(ministack.app, "SERVICE_REGISTRY")[SERVICE] = {"module": _MODULE}
    find_original(ministack.app, "SERVICE_HANDLERS")[SERVICE] = api.handle_request
    find_original(router, "SERVICE_PATTERNS")[SERVICE] = {
        "host_patterns": [r"application-autoscaling\."],
        "target_prefixes": ["AnyScaleFrontendService."],
        "credential_scope": SERVICE,
    }


def _extract_resource_arn(
    extract: Any, service: str, method: str, path: str, headers: Any, body: Any, *rest: Any
) -> str:
    if service != SERVICE:
        return str(extract(service, method, path, headers, body, *rest))
    return api.find_resource_arn(headers, body)


def _scale() -> None:
    scaler = Scaler()
    while True:
        targets.changed.wait(SECONDS_BETWEEN_LOOKS)
        targets.changed.clear()
        try:
            if scaler.look():
                saver.note_change(_MODULE)
        except Exception:
            _logger.exception("the look at the scalable targets failed")
