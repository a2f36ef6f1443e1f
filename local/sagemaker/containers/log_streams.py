"""Writes lines to CloudWatch Logs as they come."""

import logging
import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.clients import make_client
from local.sagemaker.containers.outbox import Outbox

TRAINING_GROUP = "/aws/sagemaker/TrainingJobs"
TRANSFORM_GROUP = "/aws/sagemaker/TransformJobs"
ENDPOINT_GROUP = "/aws/sagemaker/Endpoints"

SECONDS_BETWEEN_BATCHES = 0.5
_BATCH = 1000
_MESSAGE = 200_000  # characters; CloudWatch cuts events at 256 KB

_logger = logging.getLogger("sagemaker.logs")


class LogStream:
    """One stream of a log group; where it cannot be written, the server's own log says so once."""

    def __init__(
        self, group: str, name: str, role_arn: str, tell: Callable[[str], None] | None = None
    ) -> None:
        """Makes the group and the stream where they are not there.

        Args:
            group: Log group.
            name: Log stream.
            role_arn: Role that writes, as on AWS the job's or the model's own.
            tell: Given the reason why the stream is not written, for those who would look there in vain.
        """
        self.group = group
        self.name = name
        self._role_arn = role_arn
        self._tell = tell
        self._outbox: Outbox[dict[str, Any]] = Outbox(
            "sagemaker-logs", self._send, seconds=SECONDS_BETWEEN_BATCHES, largest=_BATCH
        )

    def write(self, line: str) -> None:
        """Takes one line; empty ones are dropped, as CloudWatch refuses them."""
        if line:
            self._outbox.put({"timestamp": int(time.time() * 1000), "message": line[:_MESSAGE]})

    def close(self) -> None:
        """Returns when all lines are written."""
        self._outbox.close()

    def _send(self, batches: Iterator[list[dict[str, Any]]]) -> None:
        try:
            logs = make_client("logs", self._role_arn)
            _create_if_missing(logs.create_log_group, logGroupName=self.group)
            _create_if_missing(logs.create_log_stream, logGroupName=self.group, logStreamName=self.name)
            for batch in batches:
                logs.put_log_events(logGroupName=self.group, logStreamName=self.name, logEvents=batch)
        except (BotoCoreError, ClientError) as error:
            _logger.warning("log stream %s of %s is not written further: %s", self.name, self.group, error)
            if self._tell:
                self._tell(
                    error.response["Error"]["Message"] if isinstance(error, ClientError) else str(error)
                )


def _create_if_missing(operation: Any, **names: str) -> None:
    try:
        operation(**names)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
