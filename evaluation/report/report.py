"""The machine-readable report: all that was measured, as it is written to report.json."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evaluation.answers import Answer
from evaluation.errors import EvaluationError
from evaluation.measures.calibration import calibration
from evaluation.measures.comparison import Comparison
from evaluation.measures.confusion import confusion_matrix, per_class
from evaluation.measures.intervals import share
from evaluation.measures.near_duplicates import NearDuplicate
from evaluation.measures.threshold_price import prices, thresholds
from lambdas.statistics.threshold_proof import recommended

FORMAT = 1


@dataclass(frozen=True)
class Subject:
    """What is evaluated on what.

    Attributes:
        data_set: Id of the data set.
        classes: Names in label order.
        split: "test" or "validation".
        model: Name of the SageMaker model in service, or of the artifact's file.
        artifact: S3 URI or path of its artifact.
        endpoint: Name of the endpoint that answered; None if the artifact itself did.
        threshold: The threshold in service, ``value`` and ``source``; None likewise.
        when: Unix seconds.
    """

    data_set: str
    classes: tuple[str, ...]
    split: str
    model: str
    artifact: str
    endpoint: str | None
    threshold: dict[str, Any] | None
    when: float


@dataclass(frozen=True)
class Target:
    """What the threshold is for.

    Attributes:
        routed_error_target: At most this share of the routed photos is wrong, above 0 and below 1.
        routed_error_confidence: With this probability, above 0 and below 1.
        monthly_photos: How many photos come in a month.
    """

    routed_error_target: float
    routed_error_confidence: float
    monthly_photos: int


def report(
    subject: Subject,
    target: Target,
    answers: Sequence[Answer],
    duplicates: Sequence[NearDuplicate],
    comparison: Comparison | None,
) -> dict[str, Any]:
    """Returns the content of report.json; answers has one at least."""
    matrix = confusion_matrix(answers, len(subject.classes))
    advice = recommended(
        [answer.confidence for answer in answers],
        [answer.right for answer in answers],
        target.routed_error_target,
        target.routed_error_confidence,
    )
    marked = [advice.threshold] if advice.threshold is not None else []
    if subject.threshold is not None:
        marked.append(subject.threshold["value"])
    known = {pair.file for pair in duplicates}
    unknown = [answer for answer in answers if answer.file not in known]
    return {
        "format": FORMAT,
        "dataset": subject.data_set,
        "classes": list(subject.classes),
        "split": subject.split,
        "model": subject.model,
        "artifact": subject.artifact,
        "endpoint": subject.endpoint,
        "when": subject.when,
        "photos": len(answers),
        "accuracy": _accuracy(answers),
        "confusion": matrix,
        "per_class": [asdict(figures) for figures in per_class(matrix, subject.classes)],
        "wrong": [
            _named(answer, subject.classes)
            for answer in sorted(answers, key=lambda answer: -answer.confidence)
            if not answer.right
        ],
        "calibration": asdict(calibration(answers)),
        "monthly_photos": target.monthly_photos,
        "thresholds": [
            asdict(price)
            for price in prices(answers, thresholds(len(subject.classes), marked), target.monthly_photos)
        ],
        "threshold_in_service": subject.threshold,
        "recommendation": {
            "routed_error_target": target.routed_error_target,
            "routed_error_confidence": target.routed_error_confidence,
            **asdict(advice),
        },
        "near_duplicates": {
            "photos": len(duplicates),
            "pairs": [asdict(pair) for pair in duplicates],
            "accuracy_without": _accuracy(unknown),
        },
        "comparison": None if comparison is None else asdict(comparison),
        "answers": [asdict(answer) for answer in answers],
    }


def earlier(path: Path) -> tuple[str, list[Answer]]:
    """Returns the model and the answers of a report.json.

    Raises:
        EvaluationError: It is none.
    """
    try:
        content = json.loads(path.read_text())
        answers = [
            Answer(each["file"], each["true"], each["sha256"], tuple(each["probabilities"]))
            for each in content["answers"]
        ]
        return content["model"], answers
    except OSError as error:
        raise EvaluationError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, LookupError, TypeError) as error:
        raise EvaluationError(
            f"{path} is no report.json of python -m evaluation ({type(error).__name__})"
        ) from None


def _accuracy(answers: Sequence[Answer]) -> dict[str, Any] | None:
    found = share(sum(answer.right for answer in answers), len(answers))
    return None if found is None else asdict(found)


def _named(answer: Answer, classes: Sequence[str]) -> dict[str, Any]:
    return {
        "file": answer.file,
        "true": classes[answer.true],
        "predicted": classes[answer.predicted],
        "confidence": answer.confidence,
        "probabilities": dict(zip(classes, answer.probabilities, strict=True)),
    }
