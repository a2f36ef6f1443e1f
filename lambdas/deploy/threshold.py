"""The custom resource that is the recommended threshold: the endpoint in service answers for the staged
validation split, and the lowest threshold is taken that its answers prove.

The split has also chosen the model's epoch, which flatters it a little; the test split is for evaluation.

The answers are kept by model and data set. So another target asks the endpoint nothing, and a deploy that is
rolled back gets its former threshold, whichever model is in service by then.
"""

import base64
import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

from lambdas.classify import CLASSES, classify
from lambdas.deploy.custom_resource import answer
from lambdas.deploy.data_set import validation_labels
from lambdas.deploy.model_refused import ModelRefused, explained
from lambdas.statistics.threshold_proof import Recommendation, recommended
from lambdas.workflow.errors import EndpointThrottled, EndpointUnavailable
from lambdas.workflow.prediction import MEASUREMENT

# Fewer than a serverless endpoint answers at once.
CALLERS = 4
ATTEMPTS = 5
# Lambda ends a function after 900 seconds; the answer to CloudFormation is to come before that.
LONGEST_SECONDS = 840
s3 = boto3.client("s3")


def handler(event: dict[str, Any], context: object) -> None:
    """Computes the threshold, at creation and whenever model, data set or target are others, and answers.

    Args:
        event: A custom resource request of CloudFormation. The answer has the attributes ``Value``, the
            threshold as text, and ``Source``, where it comes from.
        context: Unused.
    """
    properties = event["ResourceProperties"]
    resource_id = f"{properties['Name']}-threshold"
    if event["RequestType"] == "Delete":
        answer(event, status="SUCCESS", resource_id=resource_id)
        return
    try:
        data = threshold(properties)
    # Whatever goes wrong is answered: without an answer CloudFormation waits until its timeout.
    except Exception as error:
        answer(event, status="FAILED", resource_id=resource_id, reason=explained(error))
        return
    answer(event, status="SUCCESS", resource_id=resource_id, data=data)


def threshold(properties: Mapping[str, Any]) -> dict[str, str]:
    """Returns the attributes of the custom resource.

    Raises:
        ModelRefused: The answers prove no threshold, or there are too many to wait for.
        WorkflowError: The endpoint does not answer as it should.
    """
    most_wrong = float(properties["RoutedErrorTarget"])
    assurance = float(properties["RoutedErrorConfidence"])
    model = _model(properties)
    found = recommended(*kept_answers(properties), most_wrong, assurance)
    if found.threshold is None:
        raise ModelRefused(_without_threshold(found, most_wrong, assurance))
    return {
        "Value": str(found.threshold),
        "Source": (
            f"recommended for model {model} from {found.photos} validation photos: at most "
            f"{most_wrong * 100:g} wrong in 100 routed with {assurance * 100:g} % confidence"
        ),
    }


def kept_answers(properties: Mapping[str, Any]) -> tuple[list[float], list[bool]]:
    """Returns the model's kept answers for the validation split; asks for them and keeps them first.

    Raises:
        ModelRefused, WorkflowError: As ``answered``.
    """
    bucket, dataset = properties["Bucket"], properties["Dataset"]
    key = f"validations/{_model(properties)}/{dataset}.json"
    try:
        kept = json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])
        return kept["confidences"], kept["right"]
    except s3.exceptions.NoSuchKey:
        confidences, right = answered(bucket, dataset)
    body = json.dumps({"confidences": confidences, "right": right})
    s3.put_object(Bucket=bucket, Key=key, Body=body.encode(), ContentType="application/json")
    return confidences, right


def answered(bucket: str, dataset: str) -> tuple[list[float], list[bool]]:
    """Returns the endpoint's confidence for each validation photo, and whether its class is the right one.

    Raises:
        ModelRefused: There is no photo, or the endpoint takes longer than can be waited for.
        WorkflowError: It does not answer as it should.
    """
    labels = validation_labels(bucket, dataset)
    if not labels:
        raise ModelRefused("The data set has no validation pictures: stage it with a validation_fraction")
    deadline = time.monotonic() + LONGEST_SECONDS

    def one(path: str) -> dict[str, Any]:
        if time.monotonic() > deadline:
            raise ModelRefused(
                f"The endpoint has not answered for all {len(labels)} validation photos within "
                f"{LONGEST_SECONDS} seconds: choose a smaller validation_fraction, or set "
                "confidence_threshold to a number"
            )
        key = f"datasets/{dataset}/validation/{path}"
        return _classified(s3.get_object(Bucket=bucket, Key=key)["Body"].read())

    callers = ThreadPoolExecutor(CALLERS)
    try:
        answers = list(callers.map(one, labels))
    finally:
        callers.shutdown(cancel_futures=True)
    right = [
        a["predicted_class"] == CLASSES[label] for a, label in zip(answers, labels.values(), strict=True)
    ]
    return [a["confidence"] for a in answers], right


def _classified(image: bytes) -> dict[str, Any]:
    """Returns what the workflow's classify function makes of a photo; tries again what may pass."""
    fields = {"image_data": base64.b64encode(image).decode()}
    for attempt in range(1, ATTEMPTS):
        try:
            return classify(fields, InferenceId=MEASUREMENT)
        except (EndpointThrottled, EndpointUnavailable):
            time.sleep(2**attempt)
    return classify(fields, InferenceId=MEASUREMENT)


def _model(properties: Mapping[str, Any]) -> str:
    """Returns MODEL of s3://BUCKET/models/MODEL/output/model.tar.gz."""
    return properties["ModelDataUrl"].split("/")[-3]


def _without_threshold(found: Recommendation, most_wrong: float, assurance: float) -> str:
    if found.more_photos is None:
        remedy = "more photos like these would not help; train a better model"
    else:
        remedy = f"about {found.more_photos} more validation photos are needed"
    return (
        "confidence_threshold is auto, but no threshold is proved to keep to routed_error_target "
        f"{most_wrong:g} with routed_error_confidence {assurance:g}: of the {found.routed} most confident of "
        f"{found.photos} validation photos {found.wrong} are wrong; {remedy}, change the target, or set "
        "confidence_threshold to a number. Until then the former threshold, which was not made for this "
        "model, filters its answers"
    )
