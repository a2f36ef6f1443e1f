"""Describes items of the table of outcomes for the page."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from console.batches.naming import read_batch_of_arn


def describe_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the page shows of a photo.

    Args:
        item: The item in plain Python. What another program wrote may lack any attribute but the keys.

    Returns:
        ``photo``, its id; ``id`` and ``arn``, name and ARN of the execution that decided; ``batch``, the id
        of the batch of which that was a run, with the photo's in ``id``, else None; ``name``, the file's;
        ``bucket``, ``key`` and ``version``, None where none is known; ``outcome``; ``started`` and
        ``decided`` in Unix seconds; ``ended``: when the workflow decided, a review not counted, and
        ``milliseconds``: how long it took to, None for a photo of a batch, whose start is that of all its
        photos; ``predicted_class``, ``confidence``, ``error``, ``cause``, ``label`` and ``reviewed_by``,
        None where there is none.
    """
    key, arn = _read_text(item, "key"), _read_text(item, "execution")
    started, decided = read_time(item.get("started_at")), read_time(item.get("decided_at"))
    batch = read_batch_of_arn(arn) if arn else None
    ended = read_time(item.get("refused_at")) or decided
    return {
        "photo": item["photo"],
        # A run of a batch decides about many photos, and each of them is a line of its own.
        "id": item["photo"] if batch or not arn else arn.rpartition(":")[2] or item["photo"],
        "batch": batch,
        "arn": arn,
        "name": key.rpartition("/")[2] or key if key else None,
        "bucket": _read_text(item, "bucket"),
        "key": key,
        "version": _read_text(item, "version"),
        "outcome": item["outcome"],
        "started": started,
        "decided": decided,
        "ended": ended,
        "milliseconds": round((ended - started) * 1000) if started and ended and not batch else None,
        "predicted_class": _read_text(item, "predicted_class"),
        "confidence": confidence if isinstance(confidence := item.get("confidence"), float) else None,
        **{name: _read_text(item, name) for name in ("error", "cause", "label", "reviewed_by")},
    }


def read_time(moment: object) -> float | None:
    """Returns a time of the table in Unix seconds; None for what is none."""
    try:
        return datetime.fromisoformat(moment).timestamp() if isinstance(moment, str) else None
    except (ValueError, OverflowError):
        return None


def _read_text(item: Mapping[str, Any], name: str) -> str | None:
    value = item.get(name)
    return value if isinstance(value, str) and value else None
