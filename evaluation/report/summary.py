"""Summarizes a report in lines for a terminal or a log."""

from collections.abc import Iterator, Mapping
from typing import Any

from evaluation.report.wording import (
    describe_comparison,
    describe_recommendation,
    format_measure,
    format_volume,
)
from evaluation.terminal import format_table
from lambdas.workflow.prediction import format_share, format_threshold

LEVELS_SHOWN = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def summarize(report: Mapping[str, Any]) -> Iterator[str]:
    """Yields the summary's lines."""
    answered = f"endpoint {report['endpoint']}" if report["endpoint"] else report["artifact"]
    yield f"{report['photos']} {report['split']} photos of data set {report['dataset']}"
    yield f"Model {report['model']}, answered by {answered}"
    yield ""
    yield f"Accuracy: {format_measure(report['accuracy'])}, 95% interval in parentheses"
    duplicates = report["near_duplicates"]
    yield (
        f"  without {duplicates['photos']} near-duplicates of training photos: "
        f"{format_measure(duplicates['accuracy_without'])}"
    )
    calibration = report["calibration"]
    yield f"Calibration error (ECE): {format_share(calibration['ece'])}, {calibration['photos']} photos"
    yield ""
    yield from format_table(
        ["class", "photos", "precision", "recall"],
        [
            [
                each["name"],
                str(each["photos"]),
                format_measure(each["precision"]),
                format_measure(each["recall"]),
            ]
            for each in report["per_class"]
        ],
    ).splitlines()
    yield ""
    yield from format_table(
        ["threshold", "routed", "wrong", "wrong share", f"wrong of {report['monthly_photos']:,} a month", ""],
        [
            [
                format_threshold(price["threshold"]),
                str(price["routed"]),
                str(price["wrong"]),
                format_measure(price["wrong_share"]),
                format_volume(price["wrong_per_month"]),
                mark,
            ]
            for price in report["thresholds"]
            if (mark := mark_threshold(report, price["threshold"])) or price["threshold"] in LEVELS_SHOWN
        ],
    ).splitlines()
    yield ""
    yield describe_recommendation(report["recommendation"])
    if report["comparison"] is not None:
        yield describe_comparison(report["comparison"])


def mark_threshold(report: Mapping[str, Any], threshold: float) -> str:
    """Returns a threshold's marks: "in service", "recommended", both or none."""
    in_service = report["threshold_in_service"]
    names = []
    if in_service is not None and in_service["value"] == threshold:
        names.append("in service")
    if report["recommendation"]["threshold"] == threshold:
        names.append("recommended")
    return ", ".join(names)
