"""Routes every staged test photo and says how the deployed model did on pictures it never saw."""

from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import PurePosixPath
from typing import Any

from tqdm import tqdm

from console.commands.printing import table
from console.deployment import Deployment
from console.executions.routing import Photo, Routing, route_all

PHOTOS_SHOWN = 24


def demonstrate(deployment: Deployment) -> bool:
    """Prints a table of some photos, the accuracy over all, how many were refused, and what to try next.

    Returns:
        Whether every photo was either routed or refused, that is, nothing broke.
    """
    manifest = deployment.manifest()
    prefix = f"datasets/{manifest['dataset']}/"
    true_classes = {
        prefix + path: PurePosixPath(path).parts[1] for path in manifest["files"] if path.startswith("test/")
    }
    photos = [
        Photo(PurePosixPath(key).name, deployment.bucket, key) for key in _classes_in_turn(true_classes)
    ]
    print(f"Routing the {len(photos)} staged test photos", flush=True)
    routings = list(tqdm(route_all(deployment, photos), total=len(photos), unit="photo", disable=None))
    print(table(shown(routings, true_classes), true_classes))
    print()
    for line in summary(routings, true_classes):
        print(line)
    print()
    for line in _next_steps(deployment, manifest, routings):
        print(line)
    return all(routing.outcome != "failed" for routing in routings)


def summary(routings: list[Routing], true_classes: dict[str, str]) -> Iterator[str]:
    """Yields the figures: accuracy over all photos, and how many were routed, refused and failed."""
    right = [r for r in routings if _is_right(r, true_classes)]
    routed = [r for r in routings if r.outcome == "routed"]
    routed_right = [r for r in routed if _is_right(r, true_classes)]
    refused = sum(r.outcome == "refused" for r in routings)
    failed = sum(r.outcome == "failed" for r in routings)
    accuracy = len(right) / len(routings)
    yield f"Accuracy over all {len(routings)} test photos: {accuracy:.3f} ({len(right)} right)"
    share = f", {len(routed_right)} of them right" if routed else ""
    yield f"Routed: {len(routed)}{share}"
    yield f"Refused for a confidence below the threshold: {refused}"
    yield f"Failed: {failed}"


def shown(routings: list[Routing], true_classes: dict[str, str]) -> list[Routing]:
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


def _classes_in_turn(true_classes: dict[str, str]) -> list[str]:
    by_class: dict[str, list[str]] = {}
    for key, true_class in sorted(true_classes.items()):
        by_class.setdefault(true_class, []).append(key)
    return [key for key in chain.from_iterable(zip_longest(*by_class.values())) if key]


def _next_steps(deployment: Deployment, manifest: dict[str, Any], routings: list[Routing]) -> Iterator[str]:
    example = routings[0].photo
    yield "What to try next:"
    yield f"  python -m console route s3://{example.bucket}/{example.key}"
    yield "  python -m console route YOUR-PHOTO.jpg"
    demo = "make demo IMAGES=DIR" if manifest["source"]["kind"] == "images" else "make demo"
    yield f"  edit confidence_threshold in cdk.json, then {demo} again: only the filter is deployed anew"
    if manifest["source"]["kind"] == "generated":
        yield (
            "NOTE: these pictures are a generated stand-in, not CIFAR-100 (no archive was at hand and none "
            "could be downloaded). For real ones: SCONES_CIFAR100=PATH/cifar-100-python.tar.gz make demo"
        )
