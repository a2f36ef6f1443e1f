"""Compares the threshold that an evaluation recommends with that in service; says how to deploy with it."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from console.server.reachability import name_home
from evaluation.measures.intervals import measure_share
from lambdas.workflow.prediction import format_threshold
from stacks.configuration.settings import SettingError, read_name

# What stacks/parts/threshold.py writes for the setting ``auto`` begins so, and for a number otherwise.
_RECOMMENDED = "recommended"


def compare_threshold(report: Mapping[str, Any], in_service: Mapping[str, Any] | None) -> dict[str, Any]:
    """Returns an evaluation beside the threshold in service.

    Returns:
        The report without its confidences; ``predicted``, the share of its photos that the threshold in
        service refuses; ``more_routed``, how many more of them the recommended one would route; ``differs``:
        whether the recommended one routes other photos, and no deploy has recommended that in service.
    """
    confidences, recommended = report["confidences"], report["recommended"]
    shown = {name: value for name, value in report.items() if name != "confidences"}
    if in_service is None:
        return shown | {"differs": False, "more_routed": None}
    more_routed = _count_more_routed(confidences, recommended, in_service["value"])
    return shown | {
        "predicted": measure_share(_count_refused(confidences, in_service["value"]), len(confidences)),
        "more_routed": more_routed,
        "differs": bool(more_routed) and not in_service["source"].startswith(_RECOMMENDED),
    }


def count_more_routed(report: Mapping[str, Any], in_service: Mapping[str, Any] | None) -> int | None:
    """Returns how many more photos of an evaluation the recommended threshold routes than that in service.

    It is None where either is missing; at 0 there is nothing to change.
    """
    if in_service is None:
        return None
    recommended = report["recommendation"]["threshold"]
    return _count_more_routed(read_confidences(report), recommended, in_service["value"])


def _count_more_routed(confidences: Sequence[float], recommended: float | None, value: float) -> int | None:
    if recommended is None:
        return None
    return _count_refused(confidences, value) - _count_refused(confidences, recommended)


def _count_refused(confidences: Sequence[float], threshold: float) -> int:
    return sum(confidence < threshold for confidence in confidences)


def read_confidences(report: Mapping[str, Any]) -> list[float]:
    """Returns the confidence of each answer of an evaluation; 0 where any threshold refuses it.

    Those are the answers for the other class, which is the last one.
    """
    confidences = []
    for answer in report["answers"]:
        *classes, last = answer["probabilities"]
        is_other = bool(report.get("other_class")) and last > max(classes)
        confidences.append(0.0 if is_other else max(last, *classes))
    return confidences


def make_command(name: str, threshold: float | None, here: bool) -> str | None:
    """Returns the command that deploys with another threshold; None for none.

    Args:
        name: The deployment's.
        threshold: The threshold.
        here: Whether the embedded cloud runs the deployment, which a shell has to be pointed at.
    """
    if threshold is None:
        return None
    with suppress(SettingError):
        if name != read_name():
            return None
    pointing = f'eval "$(.venv/bin/python -m local env{name_home()})"; ' if here else ""
    return f"{pointing}make deploy CDK_CONTEXT=confidence_threshold={format_threshold(threshold)}"
