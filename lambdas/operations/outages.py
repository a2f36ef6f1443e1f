"""Which errors are outages, for which no photo has to answer, and which of those one photo brings about."""

import io

from PIL import Image

from lambdas.workflow.endpoint import Endpoint
from lambdas.workflow.errors import (
    EndpointAccessDenied,
    EndpointNotInService,
    EndpointThrottled,
    EndpointUnavailable,
    StorageUnavailable,
    WorkflowError,
)
from lambdas.workflow.prediction import MEASUREMENT

OUTAGES = (
    StorageUnavailable,
    EndpointThrottled,
    EndpointUnavailable,
    EndpointNotInService,
    EndpointAccessDenied,
)
_written = io.BytesIO()
Image.new("RGB", (32, 32), "grey").save(_written, "PNG")
HARMLESS = _written.getvalue()
"""A picture over which no model breaks."""


def is_of_the_photo(error: WorkflowError, endpoint: Endpoint, others_are_answered: bool) -> bool:
    """Returns whether a photo brings an outage about: others are answered while it is not, whatever is tried.

    Args:
        error: What the endpoint answered with, one of OUTAGES.
        endpoint: The endpoint, which is asked for a harmless picture where there are no others.
        others_are_answered: Whether other photos were, in the same time.
    """
    return isinstance(error, EndpointUnavailable) and (others_are_answered or _is_answering(endpoint))


def _is_answering(endpoint: Endpoint) -> bool:
    try:
        endpoint.classify(HARMLESS, InferenceId=MEASUREMENT)
    except WorkflowError:
        return False
    return True
