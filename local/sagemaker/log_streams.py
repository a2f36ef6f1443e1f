"""Writes lines to CloudWatch Logs as they come."""

import logging
import threading
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.sagemaker.emulator import client, start_thread

TRAINING_GROUP = "/aws/sagemaker/TrainingJobs"
ENDPOINT_GROUP = "/aws/sagemaker/Endpoints"

_SECONDS_BETWEEN_BATCHES = 0.5
_BATCH = 1000
_MESSAGE = 200_000  # characters; CloudWatch cuts events at 256 KB

_logger = logging.getLogger("sagemaker.logs")


class LogStream:
    """One stream of a log group; what cannot be written is lost and said once in the server's own log."""

    def __init__(self, group: str, name: str, role_arn: str) -> None:
        """Makes the group and the stream where they are not there.

        Args:
            group: Log group.
            name: Log stream.
            role_arn: Role that writes, as on AWS the job's or the model's own.
        """
        self.group = group
        self.name = name
        self._role_arn = role_arn
        self._lines: list[dict[str, Any]] = []
        self._closed = False
        self._changed = threading.Condition()
        self._thread = start_thread("sagemaker-logs", self._send)

    def write(self, line: str) -> None:
        """Takes one line; empty ones are dropped, as CloudWatch refuses them."""
        if line:
            with self._changed:
                self._lines.append({"timestamp": int(time.time() * 1000), "message": line[:_MESSAGE]})
                self._changed.notify()

    def close(self) -> None:
        """Writes what is left and returns when that is done."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _send(self) -> None:
        try:
            logs = client("logs", self._role_arn)
            _create(logs.create_log_group, logGroupName=self.group)
            _create(logs.create_log_stream, logGroupName=self.group, logStreamName=self.name)
            while batch := self._next_batch():
                logs.put_log_events(logGroupName=self.group, logStreamName=self.name, logEvents=batch)
        except (BotoCoreError, ClientError) as error:
            _logger.warning("log stream %s of %s is not written further: %s", self.name, self.group, error)

    def _next_batch(self) -> list[dict[str, Any]]:
        """Waits for lines; returns none when the stream is closed and all is written."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._closed)
            self._changed.wait_for(lambda: self._closed, _SECONDS_BETWEEN_BATCHES)
            batch, self._lines = self._lines[:_BATCH], self._lines[_BATCH:]
            return batch


def _create(operation: Any, **names: str) -> None:
    try:
        operation(**names)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
