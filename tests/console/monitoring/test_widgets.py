"""What the page makes of a dashboard's body, and what it says of that which it does not draw."""

from typing import Any

from console.monitoring.widgets import Asked, expand_metrics, name_series, read_widgets

HERE = "us-east-1"
ROUTED = ["Scones", "PhotosRouted", "class", "bicycle", "service", "scones"]


def read(kind: str, **properties: Any) -> Any:
    """Reads a dashboard of one widget."""
    (widget,) = read_widgets({"widgets": [{"type": kind, "properties": properties}]}, HERE)
    return widget


def test_widgets_come_in_the_order_in_which_they_are_read() -> None:
    widgets = [
        {"type": "text", "x": x, "y": y, "width": 8, "height": 5, "properties": {"markdown": f"{x} {y}"}}
        for x, y in ((8, 3), (0, 3), (0, 0))
    ]
    found = read_widgets({"widgets": widgets}, HERE)
    assert [widget.form["markdown"] for widget in found] == ["0 0", "0 3", "8 3"]
    assert found[0].place == {"x": 0, "y": 0, "width": 8, "height": 5}


def test_rows_may_leave_out_what_the_row_before_them_has() -> None:
    rows = [
        [*ROUTED, {"stat": "Sum"}],
        [".", "PhotosRefused", ".", "motorcycle", ".", "."],
        ["...", "other", "service", "scones"],
        [{"expression": "SUM(METRICS())", "label": "All", "id": "all"}],
        ["...", "scones-two"],
    ]
    found = expand_metrics(rows, {"stat": "Average", "period": 60})
    assert [asked.parts for asked in found] == [
        tuple(ROUTED),
        ("Scones", "PhotosRefused", "class", "motorcycle", "service", "scones"),
        ("Scones", "PhotosRefused", "class", "other", "service", "scones"),
        (),
        ("Scones", "PhotosRefused", "class", "other", "service", "scones-two"),
    ]
    assert [asked.options["stat"] for asked in found] == ["Sum", *["Average"] * 4]
    assert {asked.period for asked in found} == {60}


def test_series_are_named_by_their_label_or_by_what_tells_them_apart() -> None:
    other = [*ROUTED[:3], "motorcycle", *ROUTED[4:]]
    refused = ["Scones", "PhotosRefused", "service", "scones"]

    def name(*rows: list[Any]) -> list[str]:
        return name_series(expand_metrics(rows, {}))

    assert name(ROUTED, other) == ["bicycle", "motorcycle"]
    assert name(ROUTED) == ["PhotosRouted"]
    assert name(refused, ["Scones", "PhotosFailed", "service", "scones"]) == ["PhotosRefused", "PhotosFailed"]
    assert name([*ROUTED, {"stat": "p50"}], [*ROUTED, {"stat": "p90"}]) == [
        "PhotosRouted p50",
        "PhotosRouted p90",
    ]
    assert name([*ROUTED, {"label": "Bicycles"}], [{"expression": "m1 * 2"}]) == ["Bicycles", "m1 * 2"]
    assert name_series([Asked((), {"expression": "m1", "label": "All"})]) == ["All"]


def test_a_graph_has_its_axes_and_lines() -> None:
    widget = read(
        "metric",
        title="Errors",
        stacked=True,
        metrics=[ROUTED],
        yAxis={"left": {"min": 0, "max": 1, "label": "Share", "showUnits": False}},
        annotations={
            "horizontal": [
                {"value": 0.05, "label": "Alarm"},
                [{"value": 0.5, "label": "Band"}, {"value": 0.7}],
                {"value": 3, "visible": False},
            ]
        },
    )
    assert (widget.kind, widget.title, widget.form["stacked"]) == ("graph", "Errors", True)
    assert widget.form["axes"] == {"left": {"min": 0, "max": 1, "label": "Share"}, "right": {}}
    assert [(line["value"], line["label"]) for line in widget.form["lines"]] == [
        (0.05, "Alarm"),
        (0.5, "Band"),
        (0.7, ""),
    ]
    assert widget.not_drawn == []


def test_a_range_of_its_own_is_read() -> None:
    starts = {"-PT3H": 10_800, "-P14D": 14 * 86_400, "-P1W": 604_800, "-P1DT30M": 88_200}
    assert {start: read("metric", start=start).length for start in starts} == starts
    assert read("metric").length is None


def test_what_is_not_drawn_is_named() -> None:
    assert read("log", query="fields @message", title="Last lines").not_drawn == ["a widget of the type log"]
    assert read("metric", view="pie", metrics=[ROUTED]).not_drawn == ["a widget with the view pie"]
    assert read("metric", metrics=[ROUTED], sparkline=True).not_drawn == ["its sparkline"]
    assert read("metric", start="2026-01-01T00:00:00Z", end="-PT1H").not_drawn == ["its start", "its end"]
    assert read("alarm", alarms=[], sortBy="timestamp").not_drawn == ["its sortBy"]
    widget = read(
        "metric",
        metrics=[ROUTED, ["...", {"region": "eu-west-1"}], ["...", {"accountId": "1", "region": HERE}]],
        annotations={"vertical": [{"value": "2026-02-10T12:00:00Z"}]},
    )
    assert [asked.parts for asked in widget.asked] == [tuple(ROUTED)]
    assert widget.not_drawn == [
        "PhotosRouted class bicycle service scones of the region eu-west-1",
        "PhotosRouted class bicycle service scones, which has accountId",
        "its annotations vertical",
    ]
    assert read("metric", title="Log", view="pie").title == "Log"
