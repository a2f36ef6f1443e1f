"""Describes items of the table of outcomes for the page."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any


def describe_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what the page shows of a photo.

    Args:
        item: The item in plain Python. What another program wrote may lack any attribute but the keys.

    Returns:
        ``photo``, its id; ``id``, name of the execution that decided; ``name``, the file's; ``bucket`` and
        ``key``, None for an event that named no photo; ``outcome``; ``started`` and ``decided`` in Unix
        seconds; ``milliseconds``: how long the execution took, a review not counted; ``predicted_class``,
        ``confidence``, ``error``, ``cause``, ``label`` and ``reviewed_by``, None where there is none.
    """
    key = _read_text(item, "key")
    started, decided = read_time(item.get("started_at")), read_time(item.get("decided_at"))
    ended = read_time(item.get("refused_at")) or decided
    return {
        "photo": item["photo"],
        "id": (_read_text(item, "execution") or "").rpartition(":")[2] or item["photo"],
        "name": key.rpartition("/")[2] or key if key else None,
        "bucket": _read_text(item, "bucket"),
        "key": key,
        "outcome": item["outcome"],
        "started": started,
        "decided": decided,
        "milliseconds": round((ended - started) * 1000) if started and ended else None,
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
