"""Lets a photo pass only if the model is sure enough of its class: at the threshold or above it.

What a model takes for the class of all else does not pass, however sure it is.
"""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.workflow import environment, measures
from lambdas.workflow.errors import InvalidEvent, NoneOfTheClasses, ThresholdConfidenceNotMet
from lambdas.workflow.invocation import invocation, logger
from lambdas.workflow.prediction import describe_none, find_most_probable, read_probabilities

CLASSES = environment.classes()
OTHER_CLASS = environment.other_class()
CONFIDENCE_THRESHOLD = environment.confidence_threshold()
THRESHOLD_SOURCE = environment.threshold_source()


def handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Returns the event if its ``inferences`` are sure enough of one class."""
    with invocation(event, context) as fields:
        return keep_confident(fields, CLASSES, CONFIDENCE_THRESHOLD, THRESHOLD_SOURCE, OTHER_CLASS)


@measures.time_step("filter")
def keep_confident(
    fields: dict[str, Any],
    classes: tuple[str, ...],
    threshold: float,
    source: str,
    other_class: str | None = None,
) -> dict[str, Any]:
    """Returns the fields with ``predicted_class`` and ``confidence``, computed anew from ``inferences``.

    ``threshold`` beside them is the one that let the photo pass.

    Args:
        fields: Fields of the event, ``inferences`` among them.
        classes: Names of the classes in label order.
        threshold: The least confidence that passes.
        source: Where the threshold comes from, in a line.
        other_class: The one of the classes that says "none of the others"; None where the model has none.

    Raises:
        InvalidEvent: ``inferences`` is neither a list of probabilities nor the JSON text of one.
        NoneOfTheClasses: ``other_class`` is the most probable one.
        ThresholdConfidenceNotMet: The highest probability is below the threshold.
    """
    if "inferences" not in fields:
        raise InvalidEvent("Field inferences is missing: the classify function's answer is expected")
    try:
        inferences = read_probabilities(fields["inferences"], classes)
    except ValueError as error:
        raise InvalidEvent(f"Field inferences is {error}") from None
    predicted_class, confidence = find_most_probable(inferences, classes)
    measures.add(measures.CONFIDENCE, confidence)
    each = ", ".join(f"{name} {inference}" for name, inference in zip(classes, inferences, strict=True))
    if predicted_class == other_class:
        measures.add(measures.REFUSED)
        shown = describe_none([name for name in classes if name != other_class])
        raise NoneOfTheClasses(f"The photo shows {shown}: most probable is {other_class}, of {each}")
    if confidence < threshold:
        measures.add(measures.REFUSED)
        raise ThresholdConfidenceNotMet(
            f"Confidence {confidence} is below the threshold {threshold} ({source}): {each}"
        )
    measures.add(measures.ROUTED, dimension=("class", predicted_class))
    logger.info("Passed", predicted_class=predicted_class, confidence=confidence)
    return {
        **fields,
        "inferences": inferences,
        "predicted_class": predicted_class,
        "confidence": confidence,
        "threshold": threshold,
    }
