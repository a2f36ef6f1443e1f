"""Waits with a batch of a queue until Lambda has room for another function, as AWS's pollers do.

MiniStack counts a batch that finds no room as failed: it comes again after the visibility time-out, and soon
is a dead letter.
https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
"""

import time
from typing import Any

from ministack.services import lambda_svc

from local.patching import find_original, wrap

PAUSE_SECONDS = 0.01
MOST_SECONDS = 60
"""How long a batch waits; functions of queues have visibility time-outs that are longer, or fail after it."""


def install() -> None:
    """Waits before MiniStack hands a batch to its function."""
    find_original(lambda_svc, "executions_in_flight")
    find_original(lambda_svc, "_ACCOUNT_CONCURRENCY_CAP")
    wrap(lambda_svc, "_run_sqs_batch", _run_batch)


def _run_batch(run: Any, *batch: Any) -> None:
    deadline = time.monotonic() + MOST_SECONDS
    while not _has_room() and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
    run(*batch)


def _has_room() -> bool:
    running, _ = lambda_svc.executions_in_flight()
    return running < lambda_svc._ACCOUNT_CONCURRENCY_CAP
