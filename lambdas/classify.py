"""Asks the SageMaker endpoint what the image shows and adds its answer to the event."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from lambdas.workflow import environment, measures
from lambdas.workflow import event as workflow_event
from lambdas.workflow.endpoint import Endpoint
from lambdas.workflow.inference_id import name_inference
from lambdas.workflow.invocation import invocation, logger
from lambdas.workflow.prediction import find_most_probable

ENDPOINT = Endpoint(
    classes=environment.classes(), name=environment.endpoint_name(), switch=environment.endpoint_switch()
)


def handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Returns the event with the endpoint's answer to its ``image_data``."""
    with invocation(event, context) as fields:
        return classify(fields, ENDPOINT)


@measures.time_step("classify")
def classify(fields: dict[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    """Returns the fields with the endpoint's answer.

    Added are ``inferences`` (a list of probabilities in label order), ``predicted_class`` and ``confidence``.

    Args:
        fields: Fields of the event, ``image_data`` among them.
        endpoint: The endpoint to ask.

    Raises:
        InvalidEvent: ``image_data`` is missing or no base64.
        WorkflowError: The endpoint gives no prediction; see ``Endpoint.classify``.
    """
    asked_by = name_inference(fields.get("execution_id"))
    request = {"InferenceId": asked_by} if asked_by else {}
    inferences = endpoint.classify(workflow_event.read_image(fields), **request)
    predicted_class, confidence = find_most_probable(inferences, endpoint.classes)
    logger.info("Classified", predicted_class=predicted_class, confidence=confidence)
    return {**fields, "inferences": inferences, "predicted_class": predicted_class, "confidence": confidence}
