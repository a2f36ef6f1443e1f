"""Lets a photo pass only if the model is sure enough of its class: at the threshold or above it."""

from typing import Any

from lambdas.workflow import environment
from lambdas.workflow.errors import InvalidEvent, ThresholdConfidenceNotMet
from lambdas.workflow.invocation import Context, invocation, logger
from lambdas.workflow.prediction import most_probable, probabilities

CLASSES = environment.classes()
CONFIDENCE_THRESHOLD = environment.confidence_threshold()
THRESHOLD_SOURCE = environment.threshold_source()


def handler(event: object, context: Context) -> dict[str, Any]:
    """Returns the event if its ``inferences`` are sure enough of one class."""
    with invocation(event, context) as fields:
        return keep_confident(fields)


def keep_confident(fields: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields, ``predicted_class`` and ``confidence`` computed anew from ``inferences``.

    Raises:
        InvalidEvent: ``inferences`` is neither a list of probabilities nor the JSON text of one.
        ThresholdConfidenceNotMet: The highest probability is below the threshold.
    """
    if "inferences" not in fields:
        raise InvalidEvent("Field inferences is missing: the classify function's answer is expected")
    try:
        inferences = probabilities(fields["inferences"], CLASSES)
    except ValueError as error:
        raise InvalidEvent(f"Field inferences is {error}") from None
    predicted_class, confidence = most_probable(inferences, CLASSES)
    if confidence < CONFIDENCE_THRESHOLD:
        each = ", ".join(f"{name} {inference}" for name, inference in zip(CLASSES, inferences, strict=True))
        raise ThresholdConfidenceNotMet(
            f"Confidence {confidence} is below the threshold {CONFIDENCE_THRESHOLD} "
            f"({THRESHOLD_SOURCE}): {each}"
        )
    logger.info("Passed", predicted_class=predicted_class, confidence=confidence)
    return {**fields, "inferences": inferences, "predicted_class": predicted_class, "confidence": confidence}
