"""Routes photos with a progress bar and prints what became of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from tqdm import tqdm

from console.executions.routing import Photo, Routing, read_shown, route_photos
from evaluation.deployment import Deployment
from evaluation.terminal import format_table
from lambdas.workflow.errors import NoneOfTheClasses
from lambdas.workflow.prediction import format_probability

CLASSES_NAMED = 6


def route_with_progress(deployment: Deployment, photos: Sequence[Photo]) -> list[Routing]:
    """Returns the routing of each photo, in their order."""
    routings = route_photos(deployment, photos)
    return list(tqdm(routings, total=len(photos), unit="photo", disable=None))


def format_routings(routings: Sequence[Routing], true_classes: Mapping[str, str] | None = None) -> str:
    """Returns a table of routings.

    Args:
        routings: The table's rows.
        true_classes: True class by S3 key; without it there is no such column.
    """
    heading = ["photo", "true class", "routed as", "confidence", "outcome", "ms"]
    rows = [
        [
            routing.photo.label,
            true_classes[routing.photo.key] if true_classes else "",
            (routing.predicted_class or "-") if routing.outcome == "routed" else "-",
            "-" if routing.confidence is None else format_probability(routing.confidence),
            _describe_outcome(routing),
            str(routing.milliseconds),
        ]
        for routing in routings
    ]
    if true_classes is None:
        for line in (heading, *rows):
            del line[1]
    return format_table(heading, rows)


def explain_classes(manifest: Mapping[str, Any]) -> str:
    """Returns the sentence that says what a model does with a photo of anything else.

    Args:
        manifest: The manifest of the data set that it is trained on.
    """
    other = manifest.get("other_class")
    classes = [name for name in manifest["classes"] if name != other]
    more = len(classes) - CLASSES_NAMED
    named = [*classes[:CLASSES_NAMED], *([f"{more} more"] if more > 0 else [])]
    known = f"{', '.join(named[:-1])} and {named[-1]}"
    if other is not None:
        return f"The model knows {known}, and refuses a photo that looks more like something else ({other})."
    return f"The model knows {known} only: whatever else a photo shows, it is called one of them."


def explain_failures(routings: Sequence[Routing]) -> list[str]:
    """Returns a line for each photo that was not routed: its name, the error's name and its message."""
    return [
        f"{routing.photo.label}: {routing.error}: {routing.cause}"
        for routing in routings
        if routing.outcome != "routed"
    ]


def _describe_outcome(routing: Routing) -> str:
    if routing.error == NoneOfTheClasses.__name__:
        return f"refused: {read_shown(routing.cause or '')}"
    if routing.outcome == "refused":
        return f"refused ({routing.predicted_class}?)"
    return routing.outcome if routing.outcome == "routed" else f"failed: {routing.error}"
