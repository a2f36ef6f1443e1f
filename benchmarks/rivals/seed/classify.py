"""Asks the endpoint through the SageMaker SDK, which the package brings along."""

import base64
import os
from typing import Any

import sagemaker
from sagemaker.serializers import IdentitySerializer


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Returns the event with the endpoint's answer."""
    predictor = sagemaker.predictor.Predictor(endpoint_name=os.environ["ENDPOINT_NAME"])
    predictor.serializer = IdentitySerializer("image/png")
    return {**event, "inferences": predictor.predict(base64.b64decode(event["image_data"])).decode()}
