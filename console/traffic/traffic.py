"""The invocations of a deployment, whichever of the two sources its endpoint leaves."""

from console.executions.history import Executions
from console.traffic.captured import CapturedTraffic
from console.traffic.executed import ExecutedTraffic
from console.traffic.source import InvocationSource, Origin
from evaluation.deployment import Deployment, Endpoint


class Traffic:
    """Owns both sources. A number means the same invocation whichever source others look at."""

    def __init__(self, deployment: Deployment, executions: Executions) -> None:
        self._captured = CapturedTraffic(deployment)
        self._executed = ExecutedTraffic(deployment, executions)

    def choose_source(self, endpoint: Endpoint | None) -> InvocationSource:
        """Returns captured traffic, or executions for an endpoint that captures nothing."""
        return self._captured if endpoint is None or endpoint.captures else self._executed

    def find_source(self, name: str) -> InvocationSource | None:
        """Returns the source of this name, if there is one."""
        return next((source for source in (self._captured, self._executed) if source.name == name), None)

    def read_picture(self, number: int) -> bytes:
        """Returns the picture of an invocation.

        Raises:
            NoPhoto: There is no such invocation, or its picture is not kept.
        """
        source, place = self._locate(number)
        return source.read_picture(place)

    def find_origin(self, number: int) -> Origin:
        """Returns where an invocation comes from, as far as that is known."""
        source, place = self._locate(number)
        return source.find_origin(place)

    def close(self) -> None:
        """Makes readings end soon."""
        self._captured.stop.set()
        self._executed.stop.set()

    def _locate(self, number: int) -> tuple[InvocationSource, int]:
        source = self._executed if number >= self._executed.first_number else self._captured
        return source, number - source.first_number
