"""The call of the SageMaker endpoint: an image goes in, the probability of each class comes out."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as NoConnection

from lambdas.workflow import places
from lambdas.workflow.errors import (
    EndpointAccessDenied,
    EndpointNotInService,
    EndpointThrottled,
    EndpointUnavailable,
    InvalidImage,
    InvalidPrediction,
    ModelError,
    ModelOfOtherClasses,
)
from lambdas.workflow.prediction import read_probabilities
from lambdas.workflow.served import explain_switched_off

# A model may take 60 seconds to answer. One attempt: the state machine retries, and shows that it does.
sagemaker_runtime = boto3.client(
    "sagemaker-runtime", config=Config(connect_timeout=3, read_timeout=60, retries={"total_max_attempts": 1})
)
# Asked only to say why there is no answer.
ssm = boto3.client("ssm", config=Config(connect_timeout=3, read_timeout=3, retries={"total_max_attempts": 2}))


@dataclass(frozen=True)
class Endpoint:
    """An endpoint that serves a model.

    Attributes:
        classes: Names of the model's classes in label order.
        name: Name of the endpoint.
        switch: Name of the parameter that tells whether it is switched off; empty where none is asked.
    """

    classes: tuple[str, ...]
    name: str
    switch: str = ""

    def classify(self, image: bytes, **request: str) -> list[float]:
        """Returns the probabilities of the classes in label order.

        Args:
            image: A PNG or a JPEG.
            request: Further arguments of InvokeEndpoint.

        Raises:
            InvalidImage: The image is neither a PNG nor a JPEG.
            EndpointThrottled, EndpointUnavailable, EndpointNotInService, EndpointAccessDenied: No answer.
            ModelError: The container refused the request.
            ModelOfOtherClasses: The answer is a model's that knows other classes.
            InvalidPrediction: The answer is not one probability for each class.
        """
        answer = self._invoke(image, ContentType=_find_content_type(image), **request)
        try:
            return read_probabilities(answer, self.classes)
        except ValueError as error:
            raise InvalidPrediction(
                f"The answer of endpoint {self.name} is {error}. Was its model trained on other classes?"
            ) from None

    def _invoke(self, image: bytes, **request: str) -> bytes:
        try:
            answer = sagemaker_runtime.invoke_endpoint(
                EndpointName=self.name, Accept="application/json", Body=image, **request
            )
            content = answer["Body"].read()
        except ClientError as error:
            raise self._name_error(error) from None
        except (NoConnection, HTTPClientError, IncompleteReadError) as error:
            raise EndpointUnavailable(f"Endpoint {self.name} did not answer, try again: {error}") from None
        variant = answer.get("InvokedProductionVariant", "")
        if places.tells_other_classes(variant, self.classes):
            raise ModelOfOtherClasses(
                f"Endpoint {self.name} serves a model of other classes than {', '.join(self.classes)}, or of "
                "another order: deploy all stacks with make deploy, or wait until that has been done"
            )
        return content

    def _name_error(self, error: ClientError) -> Exception:
        """Returns the workflow's own error for one of the service's, or the error itself if there is none.

        Codes and statuses as in botocore's model of sagemaker-runtime (2017-05-13).
        """
        code = error.response["Error"]["Code"]
        message = error.response["Error"].get("Message", "")
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        endpoint = f"Endpoint {self.name}"
        if code == "ModelError":
            answered: Any = error.response.get("OriginalStatusCode", 0)
            said = error.response.get("OriginalMessage", message)
            log = f"(its log group: {places.endpoint_log_group(self.name)})"
            if 400 <= answered < 500:
                return ModelError(f"The model's container answered {answered}: {said} {log}")
            # Overload, a container that died or did not answer in time: the status of these two is 0.
            told = f"answered {answered}" if answered else "did not answer"
            return EndpointUnavailable(f"The model's container {told}, try again: {said} {log}")
        if code == "ValidationError":
            # Name, content type and size of the request are right, so it is the endpoint that is not there.
            if self._is_switched_off():
                return EndpointNotInService(explain_switched_off(self.name, places.read_name(self.switch)))
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

    def _is_switched_off(self) -> bool:
        """Tells whether the endpoint is switched off, as far as that can be found out."""
        if not self.switch:
            return False
        with suppress(BotoCoreError, ClientError):
            return bool(ssm.get_parameter(Name=self.switch)["Parameter"]["Value"] == places.SWITCH_OFF)
        return False


def _find_content_type(image: bytes) -> str:
    """Returns the content type by which the built-in algorithm knows this kind of image."""
    if image.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if image.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    raise InvalidImage("The image is neither a PNG nor a JPEG: let the serialize function write it")
