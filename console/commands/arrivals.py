"""Shows that an upload routes itself, and sees to it that a photo waits for a person."""

import io
import time
from collections.abc import Mapping, Sequence

from PIL import Image

from console.executions.routing import Photo, Routing, upload_photo
from console.reviews.table import Item, OutcomeTable
from evaluation.deployment import Deployment, NotDeployed
from lambdas.workflow import outcomes, places
from lambdas.workflow.prediction import format_probability

WAIT_SECONDS = 60.0
"""How long an upload may take until something has become of it."""
BLENDS = 7
"""How many blends are tried at most."""
_POLL_SECONDS = 0.2


class UploadFailed(Exception):
    """An upload failed, or nothing became of it in time; the text says what to look at."""


def show_arrivals(
    deployment: Deployment, routings: Sequence[Routing], true_classes: Mapping[str, str]
) -> bool:
    """Uploads a photo, starts nothing and prints what became of it, then how many photos wait for a person.

    Where none waits, blends of two classes are uploaded until the filter refuses one.

    Args:
        deployment: The deployment.
        routings: What became of the staged test photos.
        true_classes: Their true classes by S3 key.

    Returns:
        Whether everything uploaded was either routed or refused.
    """
    if not _keeps_outcomes(deployment):
        print(
            "No upload routes itself here, and no photo waits for a person: an older version of this project "
            "is deployed. make deploy, or make demo here, brings it up to date"
        )
        return True
    table = OutcomeTable(deployment)
    routed = [routing.photo for routing in routings if routing.outcome == "routed"]
    photo = [*routed, routings[0].photo][0]
    try:
        _upload(deployment, table, photo.label, _read(deployment, photo))
        waiting = table.count(outcomes.REFUSED)
        if not waiting and _upload_blends(deployment, table, routings, true_classes):
            # The index, which counts, is a moment behind the table.
            waiting = max(1, table.count(outcomes.REFUSED))
    except UploadFailed as fault:
        print(fault)
        return False
    if waiting:
        wait = "photos wait" if waiting > 1 else "photo waits"
        print(f"{waiting} {wait} for a person: python -m console review, or the page's view Review")
    else:
        print("No photo waits for a person: with a higher confidence_threshold in cdk.json some will")
    return True


def blend(first: bytes, second: bytes, share: float) -> bytes:
    """Returns a PNG file of two others laid over one another, ``share`` of it the second."""
    bottom, top = (
        Image.open(io.BytesIO(content), formats=["PNG"]).convert("RGB") for content in (first, second)
    )
    blended = io.BytesIO()
    Image.blend(bottom, top.resize(bottom.size), share).save(blended, "PNG")
    return blended.getvalue()


def _keeps_outcomes(deployment: Deployment) -> bool:
    try:
        return bool(deployment.outcomes)
    except NotDeployed:
        return False


def _upload_blends(
    deployment: Deployment,
    table: OutcomeTable,
    routings: Sequence[Routing],
    true_classes: Mapping[str, str],
) -> bool:
    """Uploads blends of photos of two classes until one is refused; returns whether one was.

    Each halves the range of shares within which the model changes its mind: there it is unsure.
    """
    by_class: dict[str, Photo] = {}
    # The first that the model knows for what it is; where there is none, the first.
    for routing in sorted(routings, key=lambda routing: not _is_known(routing, true_classes)):
        by_class.setdefault(true_classes[routing.photo.key], routing.photo)
    if len(by_class) < 2:
        return False
    (first, one), (second, other) = sorted(by_class.items())[:2]
    print(f"No photo waits: blends of {first} and {second} follow until one is refused", flush=True)
    pictures = _read(deployment, one), _read(deployment, other)
    low, high = 0.0, 1.0
    for _ in range(BLENDS):
        share = (low + high) / 2
        name = f"{first}-and-{100 * share:.0f}-percent-{second}.png"
        outcome = _upload(deployment, table, name, blend(*pictures, share))
        if outcome["outcome"] == outcomes.REFUSED:
            return True
        low, high = (share, high) if outcome["predicted_class"] == first else (low, share)
    return False


def _is_known(routing: Routing, true_classes: Mapping[str, str]) -> bool:
    return routing.outcome == "routed" and routing.predicted_class == true_classes[routing.photo.key]


def _upload(deployment: Deployment, table: OutcomeTable, label: str, content: bytes) -> Item:
    """Uploads a photo and prints what became of it, which is returned as the table has it.

    Raises:
        UploadFailed: It failed, or nothing became of it.
    """
    started = time.monotonic()
    photo = upload_photo(deployment, label, content)
    outcome = _wait_for_outcome(deployment, table, photo)
    seconds = time.monotonic() - started
    uploaded = f"Uploaded {label} to {places.INCOMING}"
    if outcome["outcome"] == outcomes.FAILED:
        raise UploadFailed(f"{uploaded}: it failed: {outcome['error']}: {outcome['cause']}")
    predicted, confidence = outcome["predicted_class"], format_probability(outcome["confidence"])
    became = (
        f"routed itself as {predicted} ({confidence})"
        if outcome["outcome"] == outcomes.ROUTED
        else f"was refused ({predicted}? {confidence})"
    )
    print(f"{uploaded}: it {became} in {seconds:.1f} s", flush=True)
    return outcome


def _wait_for_outcome(deployment: Deployment, table: OutcomeTable, photo: Photo) -> Item:
    photo_id = places.identify_photo(photo.bucket, photo.key, photo.version or "")
    deadline = time.monotonic() + WAIT_SECONDS
    while (outcome := table.find(photo_id)) is None:
        if time.monotonic() > deadline:
            name = deployment.name
            raise UploadFailed(
                f"Uploaded {photo.label} to {places.INCOMING}: nothing became of it in {WAIT_SECONDS:.0f} s. "
                f"make deploy, if there is no stack {name}-uploads; otherwise look at the log group "
                f"/aws/lambda/{name}-upload and the queue {name}-uploads-dead-letters"
            )
        time.sleep(_POLL_SECONDS)
    return outcome


def _read(deployment: Deployment, photo: Photo) -> bytes:
    return deployment.client("s3").get_object(Bucket=photo.bucket, Key=photo.key)["Body"].read()
