"""Prints routings as a table for a terminal or a log."""

from collections.abc import Mapping, Sequence

from console.executions.routing import Routing


def table(routings: Sequence[Routing], true_classes: Mapping[str, str] | None = None) -> str:
    """Returns one line a routing under a heading.

    Args:
        routings: What to print, in this order.
        true_classes: True class by S3 key; without it there is no such column.
    """
    heading = ["photo", "true class", "routed as", "confidence", "outcome", "ms"]
    rows = [
        [
            routing.photo.label,
            true_classes[routing.photo.key] if true_classes else "",
            (routing.predicted_class or "-") if routing.outcome == "routed" else "-",
            "-" if routing.confidence is None else f"{routing.confidence:.3f}",
            _outcome(routing),
            str(routing.milliseconds),
        ]
        for routing in routings
    ]
    lines = [heading, *rows]
    if true_classes is None:
        lines = [[*line[:1], *line[2:]] for line in lines]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def explanations(routings: Sequence[Routing]) -> list[str]:
    """Returns a line for each photo that was not routed: which, the error's name and its message."""
    return [
        f"{routing.photo.label}: {routing.error}: {routing.cause}"
        for routing in routings
        if routing.outcome != "routed"
    ]


def _outcome(routing: Routing) -> str:
    if routing.outcome == "refused":
        return f"refused ({routing.predicted_class}?)"
    return routing.outcome if routing.outcome == "routed" else f"failed: {routing.error}"
