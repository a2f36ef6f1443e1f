"""Routes every staged test photo, says how the model did on them, and shows that an upload routes itself."""

import argparse
from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import PurePosixPath
from typing import Any

from console.commands.arrivals import show_arrivals
from console.commands.printing import explain_classes, format_routings, route_with_progress
from console.executions.routing import Photo, Routing
from evaluation.deployment import Deployment
from lambdas.workflow import places
from lambdas.workflow.errors import NoneOfTheClasses
from lambdas.workflow.prediction import format_share

PHOTOS_SHOWN = 24


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser("demo", help="route every staged test photo and print the accuracy")
    parser.set_defaults(run=run)


def run(deployment: Deployment, options: argparse.Namespace) -> int:
    """Prints a table of some photos, the accuracy over all, what becomes of an upload, and what to try next.

    Returns:
        0 if every photo, the uploaded ones too, was either routed or refused, that is, nothing broke.
    """
    manifest = deployment.read_manifest()
    true_classes = {
        places.data_set_key(manifest["dataset"], path): PurePosixPath(path).parts[1]
        for path in manifest["files"]
        if path.startswith("test/")
    }
    photos = [
        Photo(PurePosixPath(key).name, deployment.bucket, key) for key in _alternate_classes(true_classes)
    ]
    print(f"Routing the {len(photos)} staged test photos", flush=True)
    routings = route_with_progress(deployment, photos)
    print(format_routings(choose_examples(routings, true_classes), true_classes))
    print()
    for line in summarize(routings, true_classes):
        print(line)
    print(explain_classes(manifest))
    print()
    arrived = show_arrivals(deployment, routings, true_classes)
    print()
    for line in _suggest_next_steps(manifest, routings):
        print(line)
    return 0 if arrived and all(routing.outcome != "failed" for routing in routings) else 1


def summarize(routings: list[Routing], true_classes: dict[str, str]) -> Iterator[str]:
    """Yields the figures: accuracy over all photos, and how many were routed, refused and failed."""
    right = [routing for routing in routings if _is_right(routing, true_classes)]
    outcomes = [routing.outcome for routing in routings]
    accuracy = len(right) / len(routings)
    yield f"Accuracy over all {len(routings)} test photos: {format_share(accuracy)} ({len(right)} right)"
    routed, routed_right = outcomes.count("routed"), sum(routing.outcome == "routed" for routing in right)
    yield f"Routed: {routed}, {routed_right} of them right" if routed else "Routed: 0"
    others = sum(routing.error == NoneOfTheClasses.__name__ for routing in routings)
    yield f"Refused for a confidence below the threshold: {outcomes.count('refused') - others}"
    if others:
        yield f"Refused as none of the classes: {others}"
    yield f"Failed: {outcomes.count('failed')}"


def choose_examples(routings: list[Routing], true_classes: dict[str, str]) -> list[Routing]:
    """Returns the first photos, with some of those wrongly routed, refused or failed at the end."""
    expected: list[Routing] = []
    other: list[Routing] = []
    for routing in routings:
        as_expected = routing.outcome == "routed" and _is_right(routing, true_classes)
        (expected if as_expected else other).append(routing)
    other = other[: PHOTOS_SHOWN // 4]
    return expected[: PHOTOS_SHOWN - len(other)] + other


def _is_right(routing: Routing, true_classes: dict[str, str]) -> bool:
    return routing.predicted_class == true_classes[routing.photo.key]


def _alternate_classes(true_classes: dict[str, str]) -> list[str]:
    by_class: dict[str, list[str]] = {}
    for key, true_class in sorted(true_classes.items()):
        by_class.setdefault(true_class, []).append(key)
    return [key for key in chain.from_iterable(zip_longest(*by_class.values())) if key]


def _suggest_next_steps(manifest: dict[str, Any], routings: list[Routing]) -> Iterator[str]:
    example = routings[0].photo
    yield "What to try next:"
    yield f"  python -m console route {places.s3_uri(example.bucket, example.key)}"
    yield "  python -m console route YOUR-PHOTO.jpg"
    demo = "make demo IMAGES=DIR" if manifest["source"]["kind"] == "images" else "make demo"
    yield f"  edit confidence_threshold in cdk.json, then {demo} again: only the filter is deployed anew"
    if manifest["source"]["kind"] == "generated":
        yield (
            "NOTE: these pictures are a generated stand-in, not CIFAR-100 (no archive was at hand and none "
            "could be downloaded). For real ones: SCONES_CIFAR100=PATH/cifar-100-python.tar.gz make demo"
        )
