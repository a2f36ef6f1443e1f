"""Draws curves over logarithmic axes, a panel a figure, as an SVG for light and dark ground."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from benchmarks.growth.curve import Curve, format_figure

INK, LINE, MUTED = "#808080", "#2a78d6", "#a0a0a0"
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    # Element ids derive from this, so that the same figures are the same file.
    "svg.hashsalt": "growth",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def draw(path: Path, size: str, curves: Sequence[Curve]) -> None:
    """Writes the picture; a dashed line shows growth in proportion to the size.

    Args:
        path: The file.
        size: What the horizontal axis shows.
        curves: One for each panel.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.4 * len(curves), 2.4), layout="constrained")
        panels = figure.subplots(1, len(curves), squeeze=False)[0]
        for axes, curve in zip(panels, curves, strict=True):
            sizes, medians = list(curve.sizes), curve.medians
            axes.plot(sizes, [medians[-1] * each / sizes[-1] for each in sizes], color=MUTED, linestyle="--")
            below = [middle - min(found) for middle, found in zip(medians, curve.rounds, strict=True)]
            above = [max(found) - middle for middle, found in zip(medians, curve.rounds, strict=True)]
            axes.errorbar(sizes, medians, yerr=[below, above], color=LINE, marker="o", markersize=3)
            axes.set(
                xscale="log",
                yscale="log",
                xlabel=size,
                title=f"{curve.figure}, exponent {curve.exponent:.2f}",
            )
            axes.set_ylim(min(medians) / 2, max(medians) * 2)
            axes.set_xticks(sizes, [f"{each:,}" for each in sizes], rotation=30)
            ends = sorted({min(medians), max(medians)})
            axes.set_yticks(ends, [format_figure(each) for each in ends])
            axes.xaxis.set_minor_locator(NullLocator())
            axes.yaxis.set_minor_locator(NullLocator())
        metadata: dict[str, None] = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(path, format="svg", transparent=True, metadata=metadata)
