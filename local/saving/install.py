"""Has MiniStack's state saved when it changes, and takes it back whole when the server starts."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import iam_actions, persistence

from local.patching import find_original, replace, wrap
from local.saving import deliveries, saver, stacks, tasks
from local.saving.executions import ExecutionFiles
from local.saving.files import name_files
from local.saving.items import WRITES, ItemJournal

READING = ("Describe", "Get", "List", "BatchGet", "Head", "Filter", "Simulate", "Validate", "Test")
"""How the operations begin that change nothing; Invoke changes what tells of it alone."""
NOT_WAITED_FOR = (
    *("s3:", "logs:", "cloudwatch:"),
    *("states:StartExecution", "states:StopExecution", "states:RedriveExecution"),
)
"""Actions that come by the hundred: objects and executions have files of their own, logs are saved soon."""
REACHING_QUEUES = ("events:PutEvents", "sns:Publish", "sns:PublishBatch")
"""Actions of other services that put messages into queues before they are answered."""

# Not the server's own threads: those may all wait for functions that wait for an answer.
_writers = ThreadPoolExecutor(2, thread_name_prefix="saving")


def install(home: Path) -> None:
    """Saves what changes in an embedded cloud.

    Args:
        home: Folder of the embedded cloud.
    """
    for owner, names in {
        app: ("_MAIN_LOOP", "_routing_params", "detect_service"),
        iam_actions: ("extract_iam_action",),
        persistence: ("STATE_DIR", "_json_default", "_state_format_version"),
    }.items():
        for name in names:
            find_original(owner, name)
    # A line for each file that is written or read would bury the others.
    logging.getLogger("persistence").setLevel(logging.WARNING)
    executions = ExecutionFiles(home / "state" / "executions")
    executions.install()
    stacks.install()
    deliveries.install()
    journal = ItemJournal(home / "state" / "items")
    journal.install()
    saver.install(journal)
    tasks.install()

    def load(load_all: Any) -> None:
        load_all()
        journal.load()
        executions.load()
        stacks.resume()
        saver.start()

    wrap(app, "_load_persisted_state", load)
    wrap(app, "_dispatch_service_request", _answer_when_saved)
    replace(app, "save_all", lambda _states: saver.finish())


async def _answer_when_saved(
    dispatch: Any, method: str, path: str, headers: Any, body: bytes, query: Any, request_id: str
) -> Any:
    events = deliveries.collect()
    answer = await dispatch(method, path, headers, body, query, request_id)
    if method in ("GET", "HEAD") or answer[0] >= 400:
        return answer
    parameters = app._routing_params(method, path, headers, body, query)
    service = app.detect_service(method, path, headers, parameters)
    action = iam_actions.extract_iam_action(service, method, path, headers, body, parameters) or ""
    operation = action.partition(":")[2]
    if operation.startswith("Invoke"):
        saver.note_change()
    elif headers.get("x-amz-target", "").rpartition(".")[2] in WRITES:
        saver.note_change()
        saver.write_items()
    elif not operation.startswith(READING):
        services = name_files(service)
        saver.note_change(*services)
        waited_for = [] if action.startswith(NOT_WAITED_FOR) else services
        if events or action in REACHING_QUEUES:
            await asyncio.gather(*map(asyncio.wrap_future, events))
            waited_for = [*waited_for, deliveries.QUEUES]
        if waited_for:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(_writers, saver.write_changed, waited_for)
    return answer
