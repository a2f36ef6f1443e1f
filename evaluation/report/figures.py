"""Draws a report's figures as SVG that takes its colours from the page around it, dark or light."""

import io
import re
from collections.abc import Mapping
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Matplotlib knows no CSS variables: these colours stand for them and are replaced in the finished SVG.
INK = "#000001"
MUTED = "#000002"
FIRST = "#000003"
SECOND = "#000004"
COLOURS = {INK: "var(--ink)", MUTED: "var(--muted)", FIRST: "var(--first)", SECOND: "var(--second)"}
# Of the histogram of confidences, from 0 to 1.
STEPS = 20
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    # Element ids derive from this, so that the same report is the same file.
    "svg.hashsalt": "evaluation",
    "font.family": "sans-serif",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw_reliability(report: Mapping[str, Any]) -> str:
    """Draws accuracy by confidence, with intervals, above a histogram of the confidences."""
    bins = report["calibration"]["bins"]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 5.2), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        confidences = [each["confidence"] for each in bins]
        accuracies = [each["accuracy"] for each in bins]
        values = [each["value"] for each in accuracies]
        below = [each["value"] - each["low"] for each in accuracies]
        above = [each["high"] - each["value"] for each in accuracies]
        upper.plot([0, 1], [0, 1], color=MUTED, linestyle="--", label="perfect calibration")
        upper.errorbar(
            confidences,
            values,
            yerr=[below, above],
            color=FIRST,
            ecolor=FIRST,
            marker="o",
            linestyle="none",
            capsize=3,
            label="photos of like confidence, 95% interval",
        )
        upper.set(ylabel="share that is right", ylim=(-0.03, 1.03))
        upper.legend(frameon=False, loc="lower right")
        lower.hist(
            [max(each["probabilities"]) for each in report["answers"]],
            bins=STEPS,
            range=(0, 1),
            color=FIRST,
            edgecolor=INK,
            linewidth=0.5,
        )
        lower.set(xlabel="confidence", ylabel="photos", xlim=(1 / len(report["classes"]) - 0.05, 1.02))
        return _render_svg(
            figure, "reliability", "Reliability diagram: the share of right answers by confidence"
        )


def draw_threshold_prices(report: Mapping[str, Any]) -> str:
    """Draws wrong and refused photos a month by threshold, with intervals."""
    levels = [price["threshold"] for price in report["thresholds"]]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 5.2), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True)
        for axes, which, colour, label in (
            (upper, "wrong_per_month", SECOND, "wrong orders a month"),
            (lower, "refused_per_month", FIRST, "refused photos a month"),
        ):
            volumes = [price[which] for price in report["thresholds"]]
            axes.step(levels, [each["value"] for each in volumes], where="post", color=colour)
            axes.fill_between(
                levels,
                [each["low"] for each in volumes],
                [each["high"] for each in volumes],
                step="post",
                color=colour,
                alpha=0.2,
                linewidth=0,
            )
            axes.set(ylabel=label, ylim=(0, None))
            axes.yaxis.set_major_formatter("{x:,.0f}")
            _mark_thresholds(axes, report)
        lower.set(xlabel="threshold")
        if upper.get_legend_handles_labels()[0]:
            upper.legend(frameon=False, loc="upper right")
        return _render_svg(
            figure, "price", "Wrong orders and refused photos a month by threshold, 95% intervals"
        )


def _mark_thresholds(axes: Axes, report: Mapping[str, Any]) -> None:
    in_service = report["threshold_in_service"]
    if in_service is not None:
        axes.axvline(in_service["value"], color=INK, linestyle="-", label="in service")
    recommended = report["recommendation"]["threshold"]
    if recommended is not None:
        axes.axvline(recommended, color=INK, linestyle=":", label="recommended")


def _render_svg(figure: Figure, name: str, label: str) -> str:
    buffer = io.StringIO()
    metadata: dict[str, None] = {"Date": None, "Creator": None, "Format": None, "Type": None}
    figure.savefig(buffer, format="svg", transparent=True, metadata=metadata)
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    # Several figures in one page must not share ids.
    svg = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", svg)
    for stand_in, colour in COLOURS.items():
        svg = svg.replace(stand_in, colour)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
