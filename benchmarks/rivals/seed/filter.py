"""Lets a photo pass if the model is sure enough."""

import json
from typing import Any

THRESHOLD = 0.8


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Returns the event."""
    if max(json.loads(event["inferences"])) < THRESHOLD:
        raise ValueError("THRESHOLD_CONFIDENCE_NOT_MET")
    return event
