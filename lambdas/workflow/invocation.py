"""The frame of one invocation: it reads the event and has each log line name the execution and the photo.

At its end it tells what was measured.

Logs are JSON lines and never hold image data.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.workflow import event as workflow_event
from lambdas.workflow import measures
from lambdas.workflow.errors import WorkflowError

# In ASCII: an event may carry text that standard output has no bytes for. With another form of timestamp
# Lambda takes every line for one of level INFO.
logger = Logger(json_serializer=partial(json.dumps, default=str), use_rfc3339=True)

LONGEST_ID = 1024


@contextmanager
def invocation(event: object, context: LambdaContext) -> Iterator[dict[str, Any]]:
    """Yields the event's fields while the log names this invocation; logs a named error and raises it again.

    What was measured meanwhile is told in any case.

    Raises:
        InvalidEvent: The event cannot be read.
    """
    logger.structure_logs(function_name=context.function_name, function_request_id=context.aws_request_id)
    logger.append_keys(**_find_ids(event))
    try:
        fields = workflow_event.read(event)
        logger.append_keys(**_find_ids(fields))
        yield fields
    except WorkflowError as error:
        logger.error(str(error), error=type(error).__name__)
        raise
    finally:
        measures.tell()


def _find_ids(event: object) -> dict[str, str]:
    if not isinstance(event, dict):
        return {}
    values = {name: event.get(name) for name in ("execution_id", "s3_bucket", "s3_key")}
    return {name: value[:LONGEST_ID] for name, value in values.items() if isinstance(value, str)}
