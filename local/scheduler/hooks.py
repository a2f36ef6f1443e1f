"""Puts this Scheduler's rules into MiniStack's, through names that it does not promise to keep."""

import json
import logging
import re
import time
from typing import Any

from ministack.core import router
from ministack.services import scheduler
from ministack.services.cloudformation import provisioners

from local.patching import find_original, replace, wrap
from local.sagemaker import roles
from local.sagemaker.errors import ApiError
from local.saving import saver
from local.scheduler import schedules
from local.scheduler.dispatching import Dispatcher

SECONDS_BETWEEN_LOOKS = 1.0

_TYPE = "AWS::Scheduler::Schedule"
_logger = logging.getLogger("scheduler")


def install() -> None:
    """Has schedules checked as AWS does, and their targets called."""
    for name in ("_schedules", "_delete_schedule", "_schedule_arn", "_to_epoch"):
        find_original(scheduler, name)
    find_original(router, "extract_access_key_id")
    for name in ("_create_schedule", "_update_schedule"):
        wrap(scheduler, name, _complete)
    wrap(scheduler, "handle_request", _check_role)
    replace(scheduler, "_ticker_loop", _dispatch)
    handlers = {"create": schedules.create, "update": schedules.update, "delete": schedules.delete}
    find_original(provisioners, "_RESOURCE_HANDLERS")[_TYPE] = handlers
    find_original(provisioners, "_REPLACING_PROPERTIES")[_TYPE] = ("Name",)


def _complete(operate: Any, name: str, body: dict[str, Any]) -> Any:
    try:
        return operate(name, schedules.complete(name, body))
    except ApiError as error:
        return scheduler._error(error.status, error.code, error.message)


async def _check_role(
    handle: Any, method: str, path: str, headers: dict[str, str], body: bytes, query: Any
) -> Any:
    """Refuses to make or change a schedule for who may not pass its role to Scheduler."""
    if method in ("POST", "PUT") and re.match("/schedules/", path):
        try:
            role_arn = str(json.loads(body)["Target"]["RoleArn"])
            roles.check_passable(role_arn, router.extract_access_key_id(headers), schedules.PRINCIPAL)
        except ApiError as error:
            return scheduler._error(403, error.code, error.message)
        except (ValueError, LookupError, TypeError):
            pass  # the check of the request says what it lacks
    return await handle(method, path, headers, body, query)


def _dispatch() -> None:
    dispatcher = Dispatcher()
    while True:
        time.sleep(SECONDS_BETWEEN_LOOKS)
        try:
            if dispatcher.look():
                saver.note_change("scheduler")
        except Exception:
            _logger.exception("the look at the schedules failed")
