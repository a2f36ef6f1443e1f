"""The model in service, asked through its endpoint."""

from collections.abc import Callable

import boto3

from lambdas.workflow.prediction import MEASUREMENT


def endpoint_model(session: boto3.Session, endpoint: str) -> Callable[[bytes], bytes]:
    """Returns a function that has the endpoint answer an image file."""
    runtime = session.client("sagemaker-runtime")

    def answer(image: bytes) -> bytes:
        response = runtime.invoke_endpoint(
            EndpointName=endpoint,
            ContentType="application/x-image",
            Accept="application/json",
            InferenceId=MEASUREMENT,
            Body=image,
        )
        return response["Body"].read()

    return answer
