"""An endpoint's update: the green fleet is started, traffic shifts to it, and it bakes under its alarms.

Whatever goes wrong on the way, all traffic returns to the blue fleet, which serves until the very end.
"""

import logging
import time

from local.sagemaker import records
from local.sagemaker.emulator import is_closing, wait_for_closing
from local.sagemaker.errors import ApiError
from local.sagemaker.hosting import variants
from local.sagemaker.hosting.descriptions import describe_capture, describe_pending, describe_variants
from local.sagemaker.hosting.traffic import Traffic
from local.sagemaker.hosting.updating.alarms import AlarmsUnwatched, find_tripped
from local.sagemaker.hosting.updating.plans import Plan
from local.sagemaker.hosting.variants import Deployment, DeploymentFailed
from local.sagemaker.records import LOCK, MODELS, Record

SECONDS_BETWEEN_LOOKS = 1.0  # at the alarms
_LONGEST_REASON = 1024

_logger = logging.getLogger("sagemaker.endpoints")


class UpdateEnded(Exception):
    """An update that goes no further; the message is the endpoint's FailureReason."""


class CloudClosing(Exception):
    """The embedded cloud is about to stop, which ends what is in service."""


class Update:
    """One update of an endpoint in service, to run on a thread of its own."""

    def __init__(self, record: Record, traffic: Traffic, fleet: Record, plan: Plan) -> None:
        """Puts the endpoint into Updating.

        Args:
            record: The endpoint's record.
            traffic: What answers for it.
            fleet: What the green fleet is made of.
            plan: How it takes the traffic over.
        """
        self._record, self._traffic, self._fleet, self._plan = record, traffic, fleet, plan
        self._began, self._ends = records.now(), time.monotonic() + (plan.timeout or float("inf"))
        self._share = 0.0
        record.update(EndpointStatus="Updating", LastModifiedTime=self._began)
        record.pop("FailureReason", None)
        self._tell("Creating")

    def run(self) -> None:
        """Ends with one fleet in service: the green one, or the blue one and a FailureReason."""
        green = None
        try:
            self._refuse_to_begin_in_alarm()
            green = variants.start(self._record["EndpointName"], self._fleet)
            self._shift(green)
        except Exception as error:
            if not is_closing():
                self._roll_back(green, explain(error, self._record["EndpointName"]))
            elif green is not None and green not in self._traffic.deployments:
                green.end()
            return
        self._finish(green)

    def _refuse_to_begin_in_alarm(self) -> None:
        if tripped := self._find_tripped():
            raise UpdateEnded(
                f"The update to endpoint configuration {self._fleet['EndpointConfigName']} did not begin: "
                f"alarm {', '.join(tripped)} is in state ALARM."
            )

    def _shift(self, green: Deployment) -> None:
        """Takes each step of the plan, and watches after each."""
        *steps, last = self._plan.shares
        for share in steps:
            self._give(green, share)
            self._bake(self._plan.interval)
        self._give(green, last)
        self._bake(self._plan.baking)

    def _give(self, green: Deployment, share: float) -> None:
        self._pause(0)
        self._tell("ActivatingTraffic")
        self._traffic.shift(green, share)
        self._share = share

    def _bake(self, seconds: float) -> None:
        self._tell("Baking")
        over = time.monotonic() + seconds
        while True:
            if tripped := self._find_tripped():
                raise UpdateEnded(
                    f"Alarm {', '.join(tripped)} went into state ALARM while endpoint configuration "
                    f"{self._fleet['EndpointConfigName']} had {self._share:.0%} of the traffic, and the "
                    f"update was rolled back to {self._record['EndpointConfigName']}."
                )
            left = over - time.monotonic()
            if left <= 0:
                return
            self._pause(min(left, SECONDS_BETWEEN_LOOKS))

    def _pause(self, seconds: float) -> None:
        if wait_for_closing(seconds):
            raise CloudClosing
        if time.monotonic() > self._ends:
            raise UpdateEnded(
                f"The update to endpoint configuration {self._fleet['EndpointConfigName']} took longer than "
                f"its MaximumExecutionTimeoutInSeconds of {self._plan.timeout}, and was rolled back."
            )

    def _find_tripped(self) -> list[str]:
        if not self._plan.alarms:
            return []
        model = MODELS.find(self._fleet["ProductionVariants"][0]["ModelName"])
        return find_tripped(self._plan.alarms, model["ExecutionRoleArn"])

    def _tell(self, status: str) -> None:
        message = f"{self._share:.0%} of the traffic is on the new fleet." if status == "Baking" else ""
        summary = describe_pending(self._fleet, self._began, status, self._share, message)
        self._record["PendingDeploymentSummary"] = summary

    def _finish(self, green: Deployment) -> None:
        with LOCK:
            blue = self._traffic.blue
            self._traffic.settle(green)
            put_in_service(self._record, self._fleet)
        blue.end()

    def _roll_back(self, green: Deployment | None, reason: str) -> None:
        self._record.update(EndpointStatus="RollingBack", LastModifiedTime=records.now())
        self._traffic.settle(self._traffic.blue)
        self._tell("Deleting")
        if green is not None:
            green.end()
        with LOCK:
            self._record.pop("PendingDeploymentSummary")
            self._record.update(
                EndpointStatus="InService", FailureReason=reason, LastModifiedTime=records.now()
            )


def put_in_service(record: Record, fleet: Record) -> None:
    """Lets an endpoint's record tell that a fleet is in service; the lock must be held."""
    record.update(
        EndpointStatus="InService",
        EndpointConfigName=fleet["EndpointConfigName"],
        FleetConfig=fleet,
        ProductionVariants=describe_variants(fleet),
        DataCaptureConfig=describe_capture(fleet),
        LastModifiedTime=records.now(),
    )
    record.pop("PendingDeploymentSummary", None)


def explain(error: Exception, endpoint_name: str) -> str:
    """Returns why a deployment failed, for its endpoint's FailureReason."""
    if isinstance(error, ApiError):
        return error.message
    if isinstance(error, DeploymentFailed | AlarmsUnwatched | UpdateEnded):
        return str(error)[:_LONGEST_REASON]
    _logger.error("endpoint %s", endpoint_name, exc_info=error)
    return f"The embedded cloud could not start it: {error!r}"
