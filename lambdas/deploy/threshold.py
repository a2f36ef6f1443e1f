"""The custom resource that is the recommended threshold: the lowest that is proved by what the model in
service answered for the staged validation split.

The split has also chosen the model's epoch, which flatters it a little; the test split is for evaluation.

The answers are those of the model's evaluation, kept by model and data set. So the endpoint is asked nothing,
and a deploy that is rolled back gets its former threshold, whichever model is in service by then.
"""

from collections.abc import Mapping
from typing import Any

from lambdas.deploy.custom_resource import answer_at_once
from lambdas.deploy.models.proof import prove_threshold
from lambdas.workflow import places
from lambdas.workflow.prediction import format_level


def handler(event: dict[str, Any], context: object) -> None:
    """Answers CloudFormation, which asks at creation and whenever model, data set or target are others."""
    answer_at_once(event, f"{event['ResourceProperties']['Name']}-threshold", find_threshold)


def find_threshold(properties: Mapping[str, Any]) -> dict[str, str]:
    """Returns ``Value``, the threshold as text, and ``Source``, where it comes from.

    Raises:
        ModelRefused: The answers prove no threshold, or none are kept.
    """
    model = places.read_model_name(properties["ModelDataUrl"])
    remedy = "deploy the training stack as well, which has the model evaluated (make deploy)"
    threshold, found = prove_threshold(properties, model, properties["Dataset"], remedy=remedy)
    return {
        "Value": str(threshold),
        "Source": (
            f"recommended for model {model} from {found.photos} validation photos: at most "
            f"{format_level(float(properties['RoutedErrorTarget']))} of the routed photos wrong, "
            f"with {format_level(float(properties['RoutedErrorConfidence']))} confidence"
        ),
    }
