"""Reads the body of a CloudWatch dashboard: which widgets it has, where, and which metrics each asks for.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Properties that the page draws, or that say nothing of what is drawn.
_DRAWN = {
    "metric": {
        *("title", "view", "stacked", "metrics", "region", "stat", "period", "yAxis", "annotations"),
        *("legend", "liveData", "timezone", "setPeriodToTimeRange", "singleValueFullPrecision"),
    },
    "alarm": {"title", "alarms"},
    "text": {"markdown", "background"},
}
# A start such as -P14D or -PT3H; months and years have no fixed length.
_AGO = re.compile(r"-P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")
_UNITS = (604_800, 86_400, 3600, 60)
_VIEWS = {"timeSeries": "graph", "singleValue": "values"}
_OPTIONS = {"stat", "period", "label", "id", "visible", "color", "yAxis", "expression", "region"}
_LINE = {"value", "label", "color", "visible", "yAxis"}
USUAL_PERIOD = 300
USUAL_STATISTIC = "Average"


@dataclass(frozen=True)
class Asked:
    """A metric or an expression that a widget asks for.

    Attributes:
        parts: Namespace, name, and names and values of dimensions; none of an expression.
        options: What else is said of it, the widget's own included.
    """

    parts: tuple[str, ...]
    options: Mapping[str, Any]

    @property
    def period(self) -> int:
        """The period in seconds."""
        return int(self.options.get("period", USUAL_PERIOD))


@dataclass
class Widget:
    """A widget.

    Attributes:
        kind: ``graph``, ``values``, ``alarms``, ``text``, or ``unknown`` for one that is not drawn.
        title: Its title.
        place: ``x``, ``y``, ``width`` and ``height`` in CloudWatch's grid, which is 24 wide.
        form: What says how it is drawn, by kind.
        asked: The metrics that it asks for.
        length: How many seconds until now it shows, where it has a range of time of its own.
        not_drawn: What it has that is not drawn, in words.
    """

    kind: str
    title: str
    place: dict[str, int]
    form: dict[str, Any] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    length: int | None = None
    not_drawn: list[str] = field(default_factory=list)


def read_widgets(body: Mapping[str, Any], region: str) -> list[Widget]:
    """Returns the widgets of a dashboard's body, in the order in which they are read.

    Args:
        body: The body.
        region: Whose metrics can be had.
    """
    widgets = [_read_widget(described, region) for described in body.get("widgets", ())]
    return sorted(widgets, key=lambda widget: (widget.place.get("y", 0), widget.place.get("x", 0)))


def _read_widget(described: Mapping[str, Any], region: str) -> Widget:
    kind, properties = str(described.get("type")), described.get("properties", {})
    place = {name: described[name] for name in ("x", "y", "width", "height") if name in described}
    widget = Widget("unknown", properties.get("title", ""), place)
    if kind not in _DRAWN:
        widget.not_drawn = [f"a widget of the type {kind}"]
        return widget
    widget.length = read_length(properties.get("start"))
    drawn = _DRAWN[kind] | ({"start"} if widget.length else set())
    widget.not_drawn = [f"its {name}" for name in properties if name not in drawn]
    if kind == "text":
        widget.kind, widget.form = "text", {"markdown": properties.get("markdown", "")}
    elif kind == "alarm":
        widget.kind, widget.form = "alarms", {"arns": properties.get("alarms", [])}
    else:
        _read_metrics(widget, properties, region)
    return widget


def read_length(start: str | None) -> int | None:
    """Returns how many seconds ago a range of time begins; None for one that cannot be told so."""
    match = _AGO.fullmatch(start or "")
    if match is None:
        return None
    counts = (int(count or 0) for count in match.groups())
    return sum(count * unit for count, unit in zip(counts, _UNITS, strict=True)) or None


def _read_metrics(widget: Widget, properties: Mapping[str, Any], region: str) -> None:
    view = properties.get("view", "timeSeries")
    if view not in _VIEWS:
        widget.not_drawn = [f"a widget with the view {view}"]
        return
    widget.kind = _VIEWS[view]
    usual = {name: properties[name] for name in ("stat", "period", "region") if name in properties}
    for asked in expand_metrics(properties.get("metrics", ()), usual):
        name = " ".join(asked.parts[1:]) or str(asked.options.get("expression"))
        if asked.options.get("region", region) != region:
            widget.not_drawn.append(f"{name} of the region {asked.options['region']}")
        elif unknown := [option for option in asked.options if option not in _OPTIONS]:
            widget.not_drawn.append(f"{name}, which has {', '.join(unknown)}")
        else:
            widget.asked.append(asked)
    lines = list(_read_lines(widget, properties.get("annotations", {})))
    axes = {side: properties.get("yAxis", {}).get(side, {}) for side in ("left", "right")}
    widget.form = {
        "stacked": bool(properties.get("stacked")),
        "axes": {
            side: {name: axis[name] for name in ("min", "max", "label") if name in axis}
            for side, axis in axes.items()
        },
        "lines": lines,
        "whole": bool(properties.get("setPeriodToTimeRange")),
    }


def _read_lines(widget: Widget, annotations: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yields the horizontal lines; what else is annotated is not drawn."""
    widget.not_drawn += [f"its annotations {name}" for name in annotations if name != "horizontal"]
    for annotation in annotations.get("horizontal", ()):
        # A band has two edges.
        edges = annotation if isinstance(annotation, list) else [annotation]
        for edge in edges:
            widget.not_drawn += [f"{name} of a line" for name in edge if name not in _LINE]
            if edge.get("visible", True):
                yield {
                    "value": edge["value"],
                    "label": edge.get("label", ""),
                    "axis": edge.get("yAxis", "left"),
                }


def expand_metrics(rows: Sequence[Sequence[Any]], usual: Mapping[str, Any]) -> list[Asked]:
    """Returns the metrics of a widget in full: rows may leave out what the one before them has.

    Args:
        rows: ``metrics`` of a widget.
        usual: What holds for those that say nothing else.
    """
    expanded: list[Asked] = []
    before: tuple[str, ...] = ()
    for row in rows:
        own = row[-1] if row and isinstance(row[-1], dict) else {}
        parts = tuple(str(part) for part in row if not isinstance(part, dict))
        if "..." in parts:
            rest = parts[parts.index("...") + 1 :]
            parts = (*before[: len(before) - len(rest)], *rest)
        parts = tuple(before[at] if part == "." else part for at, part in enumerate(parts))
        before = parts or before
        expanded.append(Asked(parts, {**usual, **own}))
    return expanded


def name_series(asked: Sequence[Asked]) -> list[str]:
    """Returns a name for each of a widget's metrics: its label, or what tells it from the others."""
    metrics = [metric.parts for metric in asked if metric.parts]
    names = []
    for metric in asked:
        if "label" in metric.options or not metric.parts:
            names.append(str(metric.options.get("label") or metric.options.get("expression")))
            continue
        # Of the dimensions the values alone, where there is more than one.
        own = [metric.parts[1], *metric.parts[3::2]]
        shared = [{other[1] for other in metrics}, *({*other[3::2]} for other in metrics)]
        telling = [part for part in own[1:] if any(part not in values for values in shared[1:])]
        if len(shared[0]) > 1 or not telling:
            telling.insert(0, own[0])
        names.append(" ".join(telling))
    # The same metric twice, such as its p50 and its p90.
    return [
        f"{name} {metric.options.get('stat', USUAL_STATISTIC)}" if names.count(name) > 1 else name
        for name, metric in zip(names, asked, strict=True)
    ]
