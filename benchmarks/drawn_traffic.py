"""Draws captured traffic of four weeks, as SageMaker's data capture would have left it."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import numpy as np

from lambdas.workflow.places import CAPTURED

WEEKS = 4
# Deliveries by the hour of the day, from midnight on, and by the day of the week, from Monday on.
HOURS = np.array([1, 1, 1, 1, 1, 2, 4, 9, 12, 11, 10, 12, 14, 11, 9, 9, 11, 14, 16, 14, 9, 6, 3, 2], float)
WEEKDAYS = np.array([1.0, 1.0, 1.05, 1.1, 1.3, 0.8, 0.5])
DRIFTED_DAYS = 7


def draw_traffic(
    endpoint: str, pictures: list[bytes], invocations: int, until: datetime, objects: int, seed: int = 0
) -> Iterator[tuple[str, bytes]]:
    """Yields key and content of each object that data capture would have written, oldest first.

    The confidences are those of a model that is sure of most pictures, and in the last week of fewer.

    Args:
        endpoint: Name of the endpoint, which is part of each key.
        pictures: PNG files; the invocations take them in turn.
        invocations: Their number, over all objects, in the four weeks before ``until``.
        until: A time with its zone.
        objects: The number of objects that they are spread over evenly.
        seed: Seed of everything that is drawn.
    """
    random = np.random.default_rng(seed)
    times = _draw_times(random, invocations, until)
    sure = random.beta(np.where(times < until.timestamp() - DRIFTED_DAYS * 86400, 9.0, 5.0), 1.0)
    first = np.where(random.random(invocations) < 0.6, 0.5 + sure / 2, 0.5 - sure / 2)
    inputs = [base64.b64encode(picture).decode() for picture in pictures]
    for number, part in enumerate(np.array_split(np.arange(invocations), objects)):
        if not part.size:
            continue
        lines = [
            _format_line(inputs[index % len(inputs)], first[index], times[index], index) for index in part
        ]
        moment = datetime.fromtimestamp(times[part[0]], UTC)
        key = f"{CAPTURED}{endpoint}/AllTraffic/{moment:%Y/%m/%d/%H/%M-%S}-000-drawn-{number:06d}.jsonl"
        yield key, "".join(lines).encode()


def _draw_times(random: np.random.Generator, count: int, until: datetime) -> np.ndarray:
    """Draws Unix seconds, sorted, more of them in hours in which more is delivered."""
    start = until - timedelta(weeks=WEEKS)
    hours = [start + timedelta(hours=hour) for hour in range(WEEKS * 7 * 24)]
    weights = np.array([HOURS[hour.hour] * WEEKDAYS[hour.weekday()] for hour in hours])
    drawn = random.choice(len(hours), size=count, p=weights / weights.sum())
    return np.sort(start.timestamp() + (drawn + random.random(count)) * 3600)


def _format_line(picture: str, first: float, seconds: float, number: int) -> str:
    probabilities = json.dumps([float(first), float(1 - first)])
    line = {
        "captureData": {
            "endpointInput": _describe_data("image/png", "INPUT", picture, "BASE64"),
            "endpointOutput": _describe_data("application/json", "OUTPUT", probabilities, "JSON"),
        },
        "eventMetadata": {
            "eventId": f"drawn-{number:08d}",
            "inferenceTime": f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}",
        },
        "eventVersion": "0",
    }
    return json.dumps(line, separators=(",", ":")) + "\n"


def _describe_data(content_type: str, mode: str, data: str, encoding: str) -> dict[str, str]:
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}
