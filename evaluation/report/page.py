"""Renders the report as one HTML page that needs no other file: figures and photos are in it."""

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from PIL import Image

from evaluation.report.figures import draw_reliability, draw_threshold_prices
from evaluation.report.summary import mark_threshold
from evaluation.report.wording import (
    describe_comparison,
    describe_recommendation,
    format_measure,
    format_volume,
)
from lambdas.workflow.prediction import format_probability, format_share, format_threshold

TEMPLATE = Path(__file__).with_name("report.html")
# Beyond this the page would be slow to open; report.json has them all.
PHOTOS_SHOWN = 100
LONGEST_SIDE = 192


def render_page(report: Mapping[str, Any], read: Callable[[str], bytes]) -> str:
    """Renders the page.

    Args:
        report: The content of report.json.
        read: Returns a photo, a PNG file, by its path in the data set.
    """
    wrong = report["wrong"][:PHOTOS_SHOWN]
    pairs = report["near_duplicates"]["pairs"][:PHOTOS_SHOWN]
    text = {
        "model": report["model"],
        "photos": f"{report['photos']:,}",
        "split": report["split"],
        "dataset": report["dataset"],
        "answered": f"endpoint {report['endpoint']}" if report["endpoint"] else report["artifact"],
        "when": f"{datetime.fromtimestamp(report['when'], UTC):%Y-%m-%d %H:%M} UTC",
        "advice": describe_recommendation(report["recommendation"]),
        "accuracy": format_measure(report["accuracy"]),
        "accuracy_without": format_measure(report["near_duplicates"]["accuracy_without"]),
        "duplicates": str(report["near_duplicates"]["photos"]),
        "ece": format_share(report["calibration"]["ece"]),
        "monthly": f"{report['monthly_photos']:,}",
        "wrong_note": _count_shown(len(wrong), len(report["wrong"]), "most confident first"),
        "pairs_note": _count_shown(len(pairs), report["near_duplicates"]["photos"], "most similar first"),
    }
    markup = {
        "verdict": f"<p>{escape(describe_comparison(report['comparison']))}.</p>"
        if report["comparison"]
        else "",
        "per_class": _render_classes(report),
        "confusion": _render_confusion(report),
        "reliability": draw_reliability(report),
        "price": draw_threshold_prices(report),
        "thresholds": _render_thresholds(report),
        "wrong": "".join(
            _render_wrong(each, read(f"{report['split']}/{each['file']}"), report) for each in wrong
        ),
        "pairs": "".join(
            _render_pair(pair, read(f"{report['split']}/{pair['file']}"), read(pair["training_file"]))
            for pair in pairs
        ),
    }
    escaped = {name: escape(value) for name, value in text.items()}
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(escaped, **markup)


def _count_shown(shown: int, of: int, order: str) -> str:
    if not of:
        return "None."
    return f"{of:,}, {order}." if shown == of else f"{shown:,} of {of:,}, {order}; report.json has all."


def _render_classes(report: Mapping[str, Any]) -> str:
    rows = [
        [each["name"], str(each["photos"]), format_measure(each["precision"]), format_measure(each["recall"])]
        for each in report["per_class"]
    ]
    return _render_table(["class", "photos", "precision", "recall"], rows)


def _render_confusion(report: Mapping[str, Any]) -> str:
    rows = [[name, *map(str, row)] for name, row in zip(report["classes"], report["confusion"], strict=True)]
    return _render_table(["true class", *report["classes"]], rows)


def _render_thresholds(report: Mapping[str, Any]) -> str:
    rows = [
        [
            format_threshold(price["threshold"]),
            f"{price['routed']:,}",
            f"{price['right']:,}",
            f"{price['wrong']:,}",
            format_measure(price["wrong_share"]),
            format_volume(price["wrong_per_month"]),
            format_volume(price["refused_per_month"]),
            mark_threshold(report, price["threshold"]),
        ]
        for price in report["thresholds"]
    ]
    heading = ["threshold", "routed", "right", "wrong", "wrong share", "wrong a month", "refused a month", ""]
    return _render_table(heading, rows)


def _render_wrong(wrong: Mapping[str, Any], content: bytes, report: Mapping[str, Any]) -> str:
    probabilities = ", ".join(
        f"{name} {format_probability(value)}" for name, value in wrong["probabilities"].items()
    )
    threshold = report["threshold_in_service"]
    fate = ""
    if threshold is not None:
        is_routed = wrong["confidence"] >= threshold["value"] and wrong["predicted"] != report["other_class"]
        fate = "<br>routed" if is_routed else "<br>refused"
    return (
        f"<li>{_render_image(content, wrong['file'])}<br>{escape(wrong['file'])}<br>"
        f"{escape(wrong['true'])}, taken for {escape(wrong['predicted'])}{fate}<br>"
        f'<span class="muted">{escape(probabilities)}</span></li>'
    )


def _render_pair(pair: Mapping[str, Any], content: bytes, other: bytes) -> str:
    return (
        f"<li>{_render_image(content, pair['file'])} {_render_image(other, pair['training_file'])}<br>"
        f"{escape(pair['file'])}<br>{escape(pair['training_file'])}<br>"
        f'<span class="muted">correlation {format_probability(pair["correlation"])}</span></li>'
    )


def _render_image(content: bytes, name: str) -> str:
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
        small = image.convert("RGB")
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    small.save(buffer, "PNG")
    encoded = base64.b64encode(buffer.getvalue()).decode()
    return f'<img alt="{escape(name)}" src="data:image/png;base64,{encoded}">'


def _render_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    # An empty cell must not be announced as a heading.
    head = "".join(f'<th scope="col">{escape(cell)}</th>' if cell else "<td></td>" for cell in heading)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
