"""Builds the content of report.json, all that was measured, and reads an earlier one."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evaluation.answers import Answer
from evaluation.deployment import EvaluationError
from evaluation.measures.calibration import measure_calibration
from evaluation.measures.comparison import Comparison
from evaluation.measures.confusion import count_confusions, measure_classes
from evaluation.measures.intervals import measure_share
from evaluation.measures.near_duplicates import NearDuplicate
from evaluation.measures.threshold_price import list_thresholds, price_thresholds
from lambdas.statistics.threshold_proof import recommend

FORMAT = 1


@dataclass(frozen=True)
class Subject:
    """Which model is evaluated on which photos.

    Attributes:
        dataset: Id of the data set.
        classes: Names in label order.
        split: "test" or "validation".
        model: Name of the SageMaker model in service, or of the artifact's file.
        artifact: S3 URI or path of its artifact.
        endpoint: Name of the endpoint that answered; None if the artifact itself did.
        threshold_in_service: The filter's threshold, ``value`` and ``source``; None without an endpoint.
        when: Time of the evaluation, in Unix seconds.
        other_class: The one of the classes whose photos are refused; None where there is none.
    """

    dataset: str
    classes: tuple[str, ...]
    split: str
    model: str
    artifact: str
    endpoint: str | None
    threshold_in_service: dict[str, Any] | None
    when: float
    other_class: str | None = None


@dataclass(frozen=True)
class Target:
    """What the threshold must achieve.

    Attributes:
        routed_error_target: The share of the routed photos that may be wrong, above 0 and below 1.
        routed_error_confidence: The probability that no more are wrong, above 0 and below 1.
        monthly_photos: How many photos come in a month.
    """

    routed_error_target: float
    routed_error_confidence: float
    monthly_photos: int


def build_report(
    subject: Subject,
    target: Target,
    answers: Sequence[Answer],
    duplicates: Sequence[NearDuplicate],
    comparison: Comparison | None,
) -> dict[str, Any]:
    """Returns the content of report.json, from one answer or more.

    Raises:
        EvaluationError: The model takes every photo for the other class.
    """
    matrix = count_confusions(answers, len(subject.classes))
    candidates = [answer for answer in answers if subject.classes[answer.predicted] != subject.other_class]
    if not candidates:
        raise EvaluationError(f"{subject.model} takes every photo for {subject.other_class}: none is routed")
    advice = recommend(
        [answer.confidence for answer in candidates],
        [answer.right for answer in candidates],
        target.routed_error_target,
        target.routed_error_confidence,
    )
    marked = [advice.threshold] if advice.threshold is not None else []
    if subject.threshold_in_service is not None:
        marked.append(subject.threshold_in_service["value"])
    known = {pair.file for pair in duplicates}
    unknown = [answer for answer in answers if answer.file not in known]
    return {
        "format": FORMAT,
        **asdict(subject),
        "photos": len(answers),
        "accuracy": _measure_accuracy(answers),
        "confusion": matrix,
        "per_class": [asdict(figures) for figures in measure_classes(matrix, subject.classes)],
        "wrong": [
            _describe_answer(answer, subject.classes)
            for answer in sorted(answers, key=lambda answer: -answer.confidence)
            if not answer.right
        ],
        "calibration": asdict(measure_calibration(answers)),
        "monthly_photos": target.monthly_photos,
        "thresholds": [
            asdict(price)
            for price in price_thresholds(
                candidates,
                list_thresholds(len(subject.classes), marked),
                target.monthly_photos,
                others=len(answers) - len(candidates),
            )
        ],
        "recommendation": {
            "routed_error_target": target.routed_error_target,
            "routed_error_confidence": target.routed_error_confidence,
            **asdict(advice),
        },
        "near_duplicates": {
            "photos": len(duplicates),
            "pairs": [asdict(pair) for pair in duplicates],
            "accuracy_without": _measure_accuracy(unknown),
        },
        "comparison": None if comparison is None else asdict(comparison),
        "answers": [asdict(answer) for answer in answers],
    }


def read_report(path: Path) -> tuple[str, list[Answer]]:
    """Reads the model and the answers from a report.json.

    Raises:
        EvaluationError: It cannot be read, or is no such report.
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


def _measure_accuracy(answers: Sequence[Answer]) -> dict[str, Any] | None:
    found = measure_share(sum(answer.right for answer in answers), len(answers))
    return None if found is None else asdict(found)


def _describe_answer(answer: Answer, classes: Sequence[str]) -> dict[str, Any]:
    return {
        "file": answer.file,
        "true": classes[answer.true],
        "predicted": classes[answer.predicted],
        "confidence": answer.confidence,
        "probabilities": dict(zip(classes, answer.probabilities, strict=True)),
    }
