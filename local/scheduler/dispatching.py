"""Calls the targets of the schedules whose time has come, again where they fail, as AWS does.

What was due while the embedded cloud was stopped is not made up for; of what was due while its machine slept,
the last time of each schedule is.
"""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError
from ministack.core.responses import request_scope
from ministack.services import scheduler

from local.scheduler import calls, expressions
from local.scheduler.calls import UNIVERSAL

_LONGEST_PAUSE = 300.0  # seconds between two attempts

_logger = logging.getLogger("scheduler")


@dataclass
class Delivery:
    """A call that is due.

    Attributes:
        place: Account and region of the schedule.
        schedule: The schedule as it was when its time came.
        moment: When it should be made, in seconds since 1970.
        begun: When it was tried first.
        due: When it is to be tried next.
        attempts: How often it was tried.
        id: Id of this execution of the schedule.
    """

    place: tuple[str, str]
    schedule: dict[str, Any]
    moment: float
    begun: float
    due: float
    attempts: int
    id: str

    def text(self) -> str:
        """Returns what the target is given."""
        arn = self.schedule["Target"]["Arn"]
        default = "{}" if UNIVERSAL.fullmatch(arn) else self._notification()
        text = str(self.schedule["Target"].get("Input", default))
        for name, value in {
            "schedule-arn": self.schedule["Arn"],
            "scheduled-time": _format(self.moment),
            "execution-id": self.id,
            "attempt-number": str(self.attempts + 1),
        }.items():
            text = text.replace(f"<aws.scheduler.{name}>", value)
        return text

    def _notification(self) -> str:
        account, region = self.place
        return json.dumps(
            {
                "version": "0",
                "id": self.id,
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "account": account,
                "time": _format(self.moment),
                "region": region,
                "resources": [self.schedule["Arn"]],
                "detail": "{}",
            }
        )


class Dispatcher:
    """Looks at all schedules, again and again."""

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        call: Callable[[dict[str, Any], str], None] = calls.call,
        send_dead_letter: Callable[[dict[str, Any], str, dict[str, str]], None] = calls.send_dead_letter,
    ) -> None:
        """Begins; what was due before now is past.

        Args:
            clock: Tells the seconds since 1970.
            call: Calls a target.
            send_dead_letter: Puts what could not be delivered into a target's dead-letter queue.
        """
        self._clock = clock
        self._call = call
        self._send_dead_letter = send_dead_letter
        self._looked = clock()
        self._waiting: list[Delivery] = []

    def look(self) -> bool:
        """Makes the calls that are due since the last look.

        Returns:
            Whether a schedule has gone by itself.
        """
        now = self._clock()
        since, self._looked = self._looked, max(self._looked, now)
        gone = False
        for (account, region, key), schedule in list(scheduler._schedules.all_items()):
            moment = _find_due(schedule, since, now)
            if moment is not None:
                self._waiting.append(
                    Delivery((account, region), dict(schedule), moment, now, moment, 0, str(uuid4()))
                )
            if _is_completed(schedule, moment, now):
                with request_scope(account, region):
                    scheduler._schedules.pop(key, None)
                gone = True
        due = sorted((each for each in self._waiting if each.due <= now), key=lambda each: each.due)
        for delivery in due:
            with request_scope(*delivery.place):
                if self._deliver(delivery):
                    self._waiting.remove(delivery)
        return gone

    def _deliver(self, delivery: Delivery) -> bool:
        """Tries once; returns whether that was all."""
        target, text = delivery.schedule["Target"], delivery.text()
        try:
            self._call(target, text)
        except (BotoCoreError, ClientError) as error:
            delivery.attempts += 1
            code, message = _describe(error)
            _logger.warning("%s: %s: %s", delivery.schedule["Arn"], code, message)
            return self._give_up(delivery, text, code, message)
        return True

    def _give_up(self, delivery: Delivery, text: str, code: str, message: str) -> bool:
        target = delivery.schedule["Target"]
        policy = target["RetryPolicy"]
        delivery.due = self._clock() + min(2.0 ** (delivery.attempts - 1), _LONGEST_PAUSE)
        if delivery.attempts > policy["MaximumRetryAttempts"]:
            exhausted = "MaximumRetryAttempts"
        elif delivery.due > delivery.begun + policy["MaximumEventAgeInSeconds"]:
            exhausted = "MaximumEventAgeInSeconds"
        else:
            return False
        if "DeadLetterConfig" in target:
            attributes = {
                "ERROR_CODE": code,
                "ERROR_MESSAGE": message,
                "EXECUTION_ID": delivery.id,
                "EXHAUSTED_RETRY_CONDITION": exhausted,
                "IS_PAYLOAD_TRUNCATED": "false",
                "RETRY_ATTEMPTS": str(delivery.attempts - 1),
                "SCHEDULED_TIME": _format(delivery.moment),
                "SCHEDULE_ARN": delivery.schedule["Arn"],
                "TARGET_ARN": target["Arn"],
            }
            try:
                self._send_dead_letter(target, text, attributes)
            except (BotoCoreError, ClientError) as error:
                _logger.warning("%s: the dead-letter queue: %s", delivery.schedule["Arn"], error)
        return True


def _find_due(schedule: dict[str, Any], since: float, now: float) -> float | None:
    """Returns the last moment since the last look at which a schedule is to call its target."""
    if schedule["State"] != "ENABLED":
        return None
    start, end = schedule.get("StartDate"), schedule.get("EndDate")
    since = max(since, schedule["LastModificationDate"], start or 0)
    until = now if end is None else min(now, end)
    anchor = start if start is not None else schedule["CreationDate"]
    zone = schedule["ScheduleExpressionTimezone"]
    try:
        return expressions.find_last(schedule["ScheduleExpression"], zone, anchor, since, until)
    except (ValueError, LookupError):  # kept from before expressions were checked
        return None


def _is_completed(schedule: dict[str, Any], moment: float | None, now: float) -> bool:
    if schedule["ActionAfterCompletion"] != "DELETE":
        return False
    if expressions.is_one_time(schedule["ScheduleExpression"]):
        return moment is not None
    end = schedule.get("EndDate")
    return end is not None and now >= end


def _describe(error: Exception) -> tuple[str, str]:
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return type(error).__name__, str(error)


def _format(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
