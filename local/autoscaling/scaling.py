"""Target tracking: how many instances each registered variant should have, minute by minute.

It follows https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
and the alarms that AWS makes for a policy: above the target for 3 minutes, or below nine tenths of it for 15.
"""

import logging
import math
import time
import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from ministack.core.responses import request_scope

from local.autoscaling import targets
from local.autoscaling.checks import DIMENSION, NAMESPACE
from local.autoscaling.targets import Record
from local.autoscaling.variants import MINUTE, State, Variant

MINUTES_ABOVE = 3
MINUTES_BELOW = 15
_SHARE_BELOW = 0.9
_MOST_ACTIVITIES = 100  # that are kept of a target

_logger = logging.getLogger("autoscaling")


class Scaler:
    """Looks at all targets and has SageMaker change the variants that should have other counts."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Begins; ``clock`` tells the seconds since 1970."""
        self._clock = clock
        #: ARN of a target to the minute in which its policies were asked last.
        self._asked: dict[str, int] = {}
        self._changed = False

    def look(self) -> bool:
        """Looks once at each target; a variant that is there no more takes its target with it.

        Returns:
            Whether any record has changed.
        """
        self._changed = False
        for (account, region, resource_id), target in list(targets.targets.all_items()):
            with request_scope(account, region):
                try:
                    self._look_at(Variant.parse(resource_id), target)
                except (BotoCoreError, ClientError) as error:
                    _logger.warning("%s: %s", resource_id, error)
        return self._changed

    def _look_at(self, variant: Variant | None, target: Record) -> None:
        assert variant is not None, "only variants are registered"
        state = variant.describe()
        if state is None:
            targets.forget(variant.resource_id)
            self._changed = True
        elif state.status == "InService":
            self._settle(variant, state.count)
            low, high = target["MinCapacity"], target["MaxCapacity"]
            if state.count < low:
                self._set_count(variant, state.count, low, f"minimum capacity was set to {low}")
            elif state.count > high:
                self._set_count(variant, state.count, high, f"maximum capacity was set to {high}")
            else:
                self._follow_policies(variant, target, state)

    def _follow_policies(self, variant: Variant, target: Record, state: State) -> None:
        minute = int(self._clock() // MINUTE)
        if self._asked.get(target["ScalableTargetARN"]) == minute:
            return
        self._asked[target["ScalableTargetARN"]] = minute
        policies = [policy for (owner, _), policy in targets.policies.items() if owner == variant.resource_id]
        wanted = {policy["PolicyName"]: self._find_wanted(variant, policy, state) for policy in policies}
        if not wanted:
            return
        # The one that wants most wins: a variant shrinks only where all its policies say so.
        name, count = max(wanted.items(), key=lambda item: item[1])
        count = min(max(count, target["MinCapacity"]), target["MaxCapacity"])
        way = "Out" if count > state.count else "In"
        if count != state.count and not target["SuspendedState"][f"DynamicScaling{way}Suspended"]:
            alarm = f"TargetTracking-{variant.resource_id}-Alarm{'High' if way == 'Out' else 'Low'}"
            cause = f"monitor alarm {alarm} in state ALARM triggered policy {name}"
            self._set_count(variant, state.count, count, cause)

    def _find_wanted(self, variant: Variant, policy: Record, state: State) -> int:
        """Returns the count that a policy wants, the present one where it wants no change."""
        tracked = policy["TargetTrackingScalingPolicyConfiguration"]
        count, goal = state.count, tracked["TargetValue"]
        values = self._read_minutes(variant, policy, state)
        if _hold(values[-MINUTES_ABOVE:], lambda value: value > goal):
            more = math.ceil(round(count * (values[-1] or 0) / goal, 6)) - count
            last = self._find_last(
                variant, tracked["ScaleOutCooldown"], lambda done: done["To"] > done["From"]
            )
            # Until the cooldown ends, what was added already counts as part of what is to be added.
            return max(count, last["From"] + more) if last else count + more
        if not tracked["DisableScaleIn"] and _hold(values, lambda value: value < goal * _SHARE_BELOW):
            if self._find_last(variant, tracked["ScaleInCooldown"], lambda done: done["To"] < done["From"]):
                return count
            return math.ceil(round(count * max(value or 0 for value in values) / goal, 6))
        return count

    def _read_minutes(self, variant: Variant, policy: Record, state: State) -> list[float | None]:
        """Returns what a policy tracks in each of the last whole minutes, None where nobody can know.

        SageMaker tells of a variant without traffic by zeros. Before there was the policy there is nothing.
        """
        tracked = policy["TargetTrackingScalingPolicyConfiguration"]
        start = (self._clock() // MINUTE - MINUTES_BELOW) * MINUTE
        values = variant.read_metric(tracked, start, MINUTES_BELOW)
        if "CustomizedMetricSpecification" in tracked:
            return values
        since = max(policy["CreationTime"], state.created_at)
        return [
            (value or 0.0) if start + index * MINUTE >= since else None for index, value in enumerate(values)
        ]

    def _find_last(
        self, variant: Variant, seconds: float, is_meant: Callable[[Record], bool]
    ) -> Record | None:
        """Returns the last of some activities that succeeded less than some seconds ago."""
        for done in targets.activities.get(variant.resource_id, []):
            if done["StatusCode"] == "Successful" and is_meant(done):
                return done if self._clock() - done["EndTime"] < seconds else None
        return None

    def _settle(self, variant: Variant, count: int) -> None:
        """Ends the activity that is under way, if any, now that the endpoint is in service again."""
        done = next(iter(targets.activities.get(variant.resource_id, [])), None)
        if done is None or done["StatusCode"] != "InProgress":
            return
        if count == done["To"]:
            told = f"Successfully set desired instance count to {count}."
            self._end(done, "Successful", f"{told} Change successfully fulfilled by {NAMESPACE}.")
        else:
            self._end(done, "Failed", f"The variant has {count} instances, not {done['To']}.")

    def _set_count(self, variant: Variant, before: int, count: int, cause: str) -> None:
        done = targets.activities.get(variant.resource_id, [])
        if done and done[0]["StatusCode"] == "Failed" and self._clock() - done[0]["EndTime"] < MINUTE:
            return
        activity: dict[str, Any] = {
            "ActivityId": str(uuid.uuid4()),
            "ServiceNamespace": NAMESPACE,
            "ResourceId": variant.resource_id,
            "ScalableDimension": DIMENSION,
            "Description": f"Setting desired instance count to {count}.",
            "Cause": cause,
            "StartTime": self._clock(),
            "StatusCode": "InProgress",
            "From": before,
            "To": count,
        }
        targets.activities[variant.resource_id] = [activity, *done[: _MOST_ACTIVITIES - 1]]
        self._changed = True
        try:
            variant.set_count(count)
        except ClientError as error:
            told = error.response["Error"]["Message"]
            self._end(activity, "Failed", f"Failed to set desired instance count to {count}. Reason: {told}")

    def _end(self, activity: Record, status: str, message: str) -> None:
        activity.update(StatusCode=status, StatusMessage=message, EndTime=self._clock())
        self._changed = True


def _hold(values: list[float | None], holds: Callable[[float], bool]) -> bool:
    return all(value is not None and holds(value) for value in values)
