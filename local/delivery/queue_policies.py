"""Lets EventBridge put an event into a queue only where the queue's policy lets it, as AWS does."""

import logging
from contextvars import ContextVar
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import eventbridge, sqs

from local.patching import find_original, wrap

_rule: ContextVar[str] = ContextVar("ARN of the rule whose target gets an event", default="")
_logger = logging.getLogger("eventbridge")


def install() -> None:
    """Asks the policy of a queue before each delivery."""
    find_original(sqs, "queue_policy_allows")
    wrap(eventbridge, "_invoke_target", _invoke_target)
    wrap(eventbridge, "_dispatch_to_sqs", _dispatch_to_queue)


def _invoke_target(invoke: Any, target: Any, event: Any, rule: dict[str, Any], *view: Any) -> None:
    token = _rule.set(rule["Arn"])
    try:
        invoke(target, event, rule, *view)
    finally:
        _rule.reset(token)


def _dispatch_to_queue(dispatch: Any, queue: Any, *message: Any) -> None:
    if sqs.queue_policy_allows(str(queue), "events.amazonaws.com", _rule.get(), get_account_id()):
        dispatch(queue, *message)
    else:
        _logger.warning("the policy of %s does not let the rule %s deliver to it", queue, _rule.get())
