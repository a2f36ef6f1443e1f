"""Asks the SageMaker endpoint what the image shows and adds its answer to the event."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NoConnection

from lambdas.workflow import environment
from lambdas.workflow import event as workflow_event
from lambdas.workflow.errors import (
    EndpointAccessDenied,
    EndpointNotInService,
    EndpointThrottled,
    EndpointUnavailable,
    InvalidImage,
    InvalidPrediction,
    ModelError,
)
from lambdas.workflow.invocation import Context, invocation, logger
from lambdas.workflow.prediction import most_probable, probabilities

CLASSES = environment.classes()
ENDPOINT_NAME = environment.endpoint_name()

# A model may take 60 seconds to answer. One attempt: the state machine retries, and shows that it does.
sagemaker_runtime = boto3.client(
    "sagemaker-runtime", config=Config(connect_timeout=3, read_timeout=60, retries={"total_max_attempts": 1})
)


def handler(event: object, context: Context) -> dict[str, Any]:
    """Returns the event with the endpoint's answer to its ``image_data``."""
    with invocation(event, context) as fields:
        return classify(fields)


def classify(fields: dict[str, Any], **request: str) -> dict[str, Any]:
    """Returns the fields with the endpoint's answer.

    Added are ``inferences`` (a list of probabilities in label order), ``predicted_class`` and ``confidence``.

    Args:
        fields: The event's, ``image_data`` among them.
        request: What else InvokeEndpoint is told.

    Raises:
        InvalidEvent: ``image_data`` is missing or no base64.
        InvalidImage: It is neither a PNG nor a JPEG.
        EndpointThrottled, EndpointUnavailable, EndpointNotInService, EndpointAccessDenied: No answer.
        ModelError: The container answered with an error.
        InvalidPrediction: Its answer is not one probability for each class.
    """
    image = workflow_event.image(fields)
    answer = _answer(image, ContentType=_content_type(image), **request)
    try:
        inferences = probabilities(answer, CLASSES)
    except ValueError as error:
        raise InvalidPrediction(
            f"The answer of endpoint {ENDPOINT_NAME} is {error}. Was its model trained on other classes?"
        ) from None
    predicted_class, confidence = most_probable(inferences, CLASSES)
    logger.info("Classified", predicted_class=predicted_class, confidence=confidence)
    return {**fields, "inferences": inferences, "predicted_class": predicted_class, "confidence": confidence}


def _content_type(image: bytes) -> str:
    """Returns what the built-in algorithm calls this kind of image."""
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if image.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    raise InvalidImage("Field image_data is neither a PNG nor a JPEG: let the serialize function write it")


def _answer(image: bytes, **request: str) -> bytes:
    try:
        answer = sagemaker_runtime.invoke_endpoint(
            EndpointName=ENDPOINT_NAME, Accept="application/json", Body=image, **request
        )
        return answer["Body"].read()
    except ClientError as error:
        raise _named(error) from None
    except (NoConnection, HTTPClientError, IncompleteReadError) as error:
        raise EndpointUnavailable(f"Endpoint {ENDPOINT_NAME} did not answer, try again: {error}") from None


def _named(error: ClientError) -> Exception:
    """Returns the workflow's own error for one of the service's; the error itself where there is none.

    Codes and statuses as in botocore's model of sagemaker-runtime (2017-05-13).
    """
    code = error.response["Error"]["Code"]
    message = error.response["Error"].get("Message", "")
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    endpoint = f"Endpoint {ENDPOINT_NAME}"
    if code == "ModelError":
        answered = error.response.get("OriginalStatusCode", "an error")
        return ModelError(
            f"The model's container answered {answered}: {error.response.get('OriginalMessage', message)} "
            f"(its log group: /aws/sagemaker/Endpoints/{ENDPOINT_NAME})"
        )
    if code == "ValidationError":
        # Name, content type and size of the request are right, so it is the endpoint that is not there.
        return EndpointNotInService(
            f"{endpoint} is not in service: {message} Deploy it with cdk deploy, or wait until it is"
        )
    if code == "ModelNotReadyException" or status >= 500:
        return EndpointUnavailable(f"{endpoint} is not available right now, try again: {code}: {message}")
    if status == 429 or code == "ThrottlingException":
        return EndpointThrottled(
            f"{endpoint} gets more calls than it may take, try again later: {code}: {message}"
        )
    if status == 403:
        return EndpointAccessDenied(f"{endpoint} may not be called by this function ({code}: {message})")
    return error
