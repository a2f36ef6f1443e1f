"""Prints a report's figures for a terminal or a log."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evaluation.report.wording import advice, interval, verdict, volume

LEVELS_SHOWN = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


def summary(report: Mapping[str, Any]) -> Iterator[str]:
    """Yields the lines."""
    answered = f"endpoint {report['endpoint']}" if report["endpoint"] else report["artifact"]
    yield f"{report['photos']} {report['split']} photos of data set {report['dataset']}"
    yield f"Model {report['model']}, answered by {answered}"
    yield ""
    yield f"Accuracy: {interval(report['accuracy'])}, in brackets the 95 % interval"
    duplicates = report["near_duplicates"]
    yield (
        f"  without {duplicates['photos']} near-duplicates of training photos: "
        f"{interval(duplicates['accuracy_without'])}"
    )
    calibration = report["calibration"]
    yield f"Expected calibration error: {calibration['ece']:.3f} over {calibration['photos']} photos"
    yield ""
    yield from _table(
        ["class", "photos", "precision", "recall"],
        [
            [each["name"], str(each["photos"]), interval(each["precision"]), interval(each["recall"])]
            for each in report["per_class"]
        ],
    )
    yield ""
    yield from _table(
        ["threshold", "routed", "wrong", "wrong share", f"wrong of {report['monthly_photos']:,} a month", ""],
        [
            [
                f"{price['threshold']:.4g}",
                str(price["routed"]),
                str(price["wrong"]),
                interval(price["wrong_share"]),
                volume(price["wrong_per_month"]),
                mark,
            ]
            for price in report["thresholds"]
            if (mark := marks(report, price["threshold"])) or price["threshold"] in LEVELS_SHOWN
        ],
    )
    yield ""
    yield advice(report["recommendation"])
    if report["comparison"] is not None:
        yield verdict(report["comparison"])


def marks(report: Mapping[str, Any], threshold: float) -> str:
    """Returns what a threshold is to this report: "in service", "recommended", both or neither."""
    in_service = report["threshold_in_service"]
    names = []
    if in_service is not None and in_service["value"] == threshold:
        names.append("in service")
    if report["recommendation"]["threshold"] == threshold:
        names.append("recommended")
    return ", ".join(names)


def _table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(cell) for cell in column) for column in zip(heading, *rows, strict=True)]
    for row in (heading, *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
