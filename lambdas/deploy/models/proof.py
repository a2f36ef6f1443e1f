"""The proof of a threshold by a model's kept answers, which ``confidence_threshold: auto`` asks for.

The properties are those of a custom resource; with ``auto`` they have ``RoutedErrorTarget`` and
``RoutedErrorConfidence``.
"""

from collections.abc import Mapping
from typing import Any

from lambdas.deploy.gate import ModelRefused
from lambdas.deploy.models.answers import read_kept_answers
from lambdas.statistics.threshold_proof import Recommendation, recommend


def is_asked_for(properties: Mapping[str, Any]) -> bool:
    """Tells whether the threshold of the model is to be proved."""
    return "RoutedErrorTarget" in properties


def is_possible(properties: Mapping[str, Any], model: str) -> bool:
    """Tells whether there is what a threshold that is to be proved is proved by.

    What was evaluated by a version of this app that kept no answers is evaluated anew.
    """
    kept = read_kept_answers(properties["Bucket"], model, properties["Dataset"])
    return not is_asked_for(properties) or kept is not None


def prove_threshold(
    properties: Mapping[str, Any], model: str, dataset: str, *, remedy: str
) -> tuple[float, Recommendation]:
    """Returns the lowest threshold that is proved to keep to the target, and what was seen at it.

    Args:
        properties: Properties of the custom resource.
        model: Name of the model.
        dataset: Id of the data set by which it was judged.
        remedy: What to do where no answers are kept, to go on a sentence.

    Raises:
        ModelRefused: No threshold is proved, or no answers are kept.
    """
    most_wrong = float(properties["RoutedErrorTarget"])
    assurance = float(properties["RoutedErrorConfidence"])
    answers = read_kept_answers(properties["Bucket"], model, dataset)
    if answers is None:
        raise ModelRefused(
            f"No answers of model {model} for the validation photos of data set {dataset} are kept, by which "
            f"confidence_threshold auto is proved: {remedy}, or set confidence_threshold to a number"
        )
    candidates = answers.leave_out(properties.get("OtherClass"))
    if not candidates:
        raise ModelRefused(
            f"confidence_threshold is auto, but the model takes every validation photo for "
            f"{properties['OtherClass']}, so that none would be routed. Model and threshold stay as they were"
        )
    confidences, right = zip(*candidates, strict=True)
    found = recommend(confidences, right, most_wrong, assurance)
    if found.threshold is None:
        raise ModelRefused(_explain_absence(found, most_wrong, assurance))
    return found.threshold, found


def _explain_absence(found: Recommendation, most_wrong: float, assurance: float) -> str:
    if found.more_photos is None:
        remedy = "more photos like these would not help; train a better model"
    else:
        remedy = f"about {found.more_photos} more validation photos are needed"
    return (
        "confidence_threshold is auto, but no threshold is proved to keep to routed_error_target "
        f"{most_wrong:g} with routed_error_confidence {assurance:g}: of the {found.routed} most confident of "
        f"{found.photos} validation photos {found.wrong} are wrong; {remedy}, change the target, or set "
        "confidence_threshold to a number. Model and threshold stay as they were"
    )
