"""Reviews: hands waiting photos to a window of the page, shows them, and takes what a person says of them."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from console.batches.naming import read_batch_of_arn
from console.reviews.errors import JudgedMeanwhile, MalformedOutcome, UnknownPhoto
from console.reviews.labels import suggest_retraining
from console.reviews.photos import Waiting
from console.reviews.pictures import read_picture
from console.reviews.queue import Reviews
from console.reviews.reviewer import name_reviewer
from console.reviews.table import Place
from console.server.responses import make_image_route, make_json_route, read_json
from console.server.telling import BackgroundTeller
from evaluation.deployment import Deployment
from lambdas.workflow import places
from stacks.configuration.settings import SettingError

MOST_BYTES = 16 * 2**10
MOST_PHOTOS = 20
"""How many photos a request names or asks for."""
MOST_LABEL_CHARACTERS = 200
_WINDOWS = 100
_TIME = re.compile(r"[0-9T:.Z-]{20,30}")
_ID = re.compile(f"[0-9a-f]{{{places.PHOTO_DIGITS}}}")


def make_review_routes(deployment: Deployment, teller: BackgroundTeller) -> list[Route]:
    """Returns the routes; the teller learns of each judgement."""

    @lru_cache(maxsize=_WINDOWS)
    def open_reviews(window: str) -> Reviews:
        return Reviews(deployment, name_reviewer(deployment, window))

    def find_reviews(request: Request) -> Reviews:
        try:
            return open_reviews(request.headers.get("x-reviewer", ""))
        except ValueError as error:
            raise HTTPException(400, f"The header X-Reviewer: {error}") from None

    looking = Reviews(deployment, "")

    def describe(request: Request) -> dict[str, Any]:
        return {
            "waiting": looking.count_waiting(),
            "classes": looking.read_classes(),
            "other_class": looking.read_other_class(),
            "incoming": places.s3_uri(deployment.bucket, places.INCOMING),
            "advice": advise_training(deployment),
        }

    def show_picture(request: Request) -> bytes:
        return read_picture(deployment, looking.find(request.path_params["photo"]))

    def claim(request: Request, body: dict[str, Any]) -> dict[str, Any]:
        after, most, held = read_place(body), read_number(body, "most"), read_photos(body, "held")
        reviews = find_reviews(request)
        lost = [{"id": photo, "why": why} for photo in held if (why := _renew(reviews, photo))]
        claimed = reviews.claim(after, most)
        return {
            "photos": [describe_photo(photo) for photo in claimed.photos],
            "after": asdict(claimed.after) if claimed.after else None,
            "end": claimed.end,
            "lost": lost,
            "faults": [*claimed.faults, *([teller.fault] if teller.fault else [])],
            "waiting": reviews.count_waiting(),
        }

    def release(request: Request, body: dict[str, Any]) -> dict[str, Any]:
        photos = read_photos(body, "photos")
        reviews = find_reviews(request)
        for photo in photos:
            reviews.release(photo)
        return {}

    def judge(request: Request, body: dict[str, Any]) -> dict[str, Any]:
        label = read_label(body)
        judged = find_reviews(request).judge(request.path_params["photo"], label)
        teller.note(judged.photo)
        return {"outcome": judged.outcome}

    def undo(request: Request, body: dict[str, Any]) -> dict[str, Any]:
        return describe_photo(find_reviews(request).undo(request.path_params["photo"]))

    return [
        make_json_route("/api/reviews", describe),
        make_json_route("/api/reviews/waiting", lambda _: {"waiting": looking.count_waiting()}),
        Route("/api/reviews/claims", _answer_post(claim), methods=["POST"]),
        Route("/api/reviews/release", _answer_post(release), methods=["POST"]),
        make_image_route("/api/reviews/{photo}/picture", show_picture),
        Route("/api/reviews/{photo}/judgement", _answer_post(judge), methods=["POST"]),
        Route("/api/reviews/{photo}/undo", _answer_post(undo), methods=["POST"]),
    ]


def describe_photo(photo: Waiting) -> dict[str, Any]:
    """Returns what the page shows of a photo; times are Unix seconds."""
    return {
        "id": photo.photo,
        "name": photo.key.rpartition("/")[2] or photo.photo,
        "key": photo.key,
        "execution": photo.execution.rpartition(":")[2],
        "batch": read_batch_of_arn(photo.execution),
        "arrived": datetime.fromisoformat(photo.started_at).timestamp(),
        "predicted_class": photo.predicted_class,
        "confidence": photo.confidence,
        "probabilities": photo.probabilities,
        "threshold": photo.threshold,
        "error": photo.error,
    }


def advise_training(deployment: Deployment) -> str | None:
    """Returns a line that says to train anew, if the settings ask for it, or what is wrong with them."""
    try:
        return suggest_retraining(deployment)
    except SettingError as error:
        return str(error)


def read_place(body: dict[str, Any]) -> Place | None:
    """Returns the place in the queue after which a claim begins.

    Raises:
        HTTPException: It is none.
    """
    after = body.get("after")
    if after is None:
        return None
    if isinstance(after, dict) and after.keys() == {"decided_at", "photo"}:
        decided_at, photo = after["decided_at"], after["photo"]
        texts = isinstance(decided_at, str) and isinstance(photo, str)
        if texts and _TIME.fullmatch(decided_at) and _ID.fullmatch(photo):
            return Place(decided_at, photo)
    raise _make_error("after", after, "null or the after of an answer")


def read_number(body: dict[str, Any], name: str) -> int:
    """Returns a number of photos.

    Raises:
        HTTPException: It is none, or too large.
    """
    number = body.get(name)
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= MOST_PHOTOS:
        return number
    raise _make_error(name, number, f"a whole number from 0 to {MOST_PHOTOS}")


def read_photos(body: dict[str, Any], name: str) -> list[str]:
    """Returns ids of photos.

    Raises:
        HTTPException: It is no list of them, or too long a list.
    """
    photos = body.get(name)
    if isinstance(photos, list) and len(photos) <= MOST_PHOTOS:
        ids = [photo for photo in photos if isinstance(photo, str) and _ID.fullmatch(photo)]
        if len(ids) == len(photos):
            return ids
    raise _make_error(name, photos, f"a list of at most {MOST_PHOTOS} photos' ids")


def read_label(body: dict[str, Any]) -> str | None:
    """Returns the label of a judgement, which the review compares with the classes; None discards the photo.

    Raises:
        HTTPException: It is neither a text nor null, or missing.
    """
    label = body.get("label", 0)
    if label is None or (isinstance(label, str) and 0 < len(label) <= MOST_LABEL_CHARACTERS):
        return label
    raise _make_error("label", body.get("label", "missing"), "the name of a class, or null")


def _renew(reviews: Reviews, photo: str) -> str | None:
    """Renews a claim; returns why that cannot be, in one line."""
    try:
        reviews.renew(photo)
    except (JudgedMeanwhile, UnknownPhoto, MalformedOutcome) as error:
        return str(error)
    return None


def _answer_post(
    answer: Callable[[Request, dict[str, Any]], Any],
) -> Callable[[Request], Awaitable[Response]]:
    """Returns a handler that answers the value of a function of the request and its body, a JSON object."""

    async def handle(request: Request) -> Response:
        body = await read_json(request, MOST_BYTES)
        return JSONResponse(await run_in_threadpool(answer, request, body))

    return handle


def _make_error(name: str, value: object, expected: str) -> HTTPException:
    return HTTPException(400, f"{name} is {repr(value)[:100]}: {expected} is expected")
