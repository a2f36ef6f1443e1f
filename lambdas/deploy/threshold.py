"""The custom resource that is the recommended threshold: the lowest that is proved by what the endpoint in
service answers for the staged validation split.

The split has also chosen the model's epoch, which flatters it a little; the test split is for evaluation.

The answers are kept by model and data set. So another target asks the endpoint nothing, and a deploy that is
rolled back gets its former threshold, whichever model is in service by then.
"""

import json
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

from lambdas.deploy.custom_resource import answer_at_once
from lambdas.deploy.data_set import read_validation_labels
from lambdas.deploy.gate import ModelRefused
from lambdas.statistics.threshold_proof import Recommendation, recommend
from lambdas.workflow import environment, places
from lambdas.workflow.endpoint import Endpoint
from lambdas.workflow.errors import EndpointThrottled, EndpointUnavailable
from lambdas.workflow.prediction import MEASUREMENT, find_most_probable
from lambdas.workflow.served import explain_other_configuration

ENDPOINT = Endpoint(classes=environment.classes(), name=environment.endpoint_name())
ENDPOINT_CONFIG = environment.endpoint_config()
# Fewer than a serverless endpoint answers at once.
CALLERS = 4
ATTEMPTS = 5
# Lambda ends a function after 900 seconds; the answer to CloudFormation is to come before that, even where a
# minute has gone by until IAM knew the function's permissions, and the last call takes another.
LONGEST_SECONDS = 720
s3 = boto3.client("s3")
sagemaker = boto3.client("sagemaker")


def handler(event: dict[str, Any], context: object) -> None:
    """Answers CloudFormation, which asks at creation and whenever model, data set or target are others."""
    answer_at_once(event, f"{event['ResourceProperties']['Name']}-threshold", find_threshold)


def find_threshold(properties: Mapping[str, Any]) -> dict[str, str]:
    """Returns ``Value``, the threshold as text, and ``Source``, where it comes from.

    Raises:
        ModelRefused: The answers prove no threshold, or there are too many to wait for.
        WorkflowError: The endpoint does not answer as it should.
    """
    most_wrong = float(properties["RoutedErrorTarget"])
    assurance = float(properties["RoutedErrorConfidence"])
    model = places.read_model_name(properties["ModelDataUrl"])
    confidences, right = keep_answers(properties["Bucket"], properties["Dataset"], model)
    found = recommend(confidences, right, most_wrong, assurance)
    if found.threshold is None:
        raise ModelRefused(_explain_absence(found, most_wrong, assurance))
    return {
        "Value": str(found.threshold),
        "Source": (
            f"recommended for model {model} from {found.photos} validation photos: at most "
            f"{most_wrong * 100:g} wrong in 100 routed with {assurance * 100:g} % confidence"
        ),
    }


def keep_answers(bucket: str, dataset: str, model: str) -> tuple[list[float], list[bool]]:
    """Returns a model's kept answers for the validation split; asks for them and keeps them first.

    Raises:
        ModelRefused: The endpoint has to be asked, and serves another model than this deploy's.
        ModelRefused, WorkflowError: See ``ask_endpoint``.
    """
    key = places.validation_answers_key(model, dataset)
    try:
        kept = json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])
        return kept["confidences"], kept["right"]
    except s3.exceptions.NoSuchKey:
        endpoint = sagemaker.describe_endpoint(EndpointName=ENDPOINT.name)
        if fault := explain_other_configuration(endpoint, ENDPOINT_CONFIG):
            raise ModelRefused(f"{fault}; then deploy again") from None
        confidences, right = ask_endpoint(bucket, dataset)
    body = json.dumps({"confidences": confidences, "right": right})
    s3.put_object(Bucket=bucket, Key=key, Body=body.encode(), ContentType="application/json")
    return confidences, right


def ask_endpoint(bucket: str, dataset: str) -> tuple[list[float], list[bool]]:
    """Returns the endpoint's confidence for each validation photo, and whether its class is the right one.

    Raises:
        ModelRefused: There is no photo, or the endpoint takes longer than can be waited for.
        WorkflowError: The endpoint does not answer as it should.
    """
    labels = read_validation_labels(bucket, dataset)
    if not labels:
        raise ModelRefused("The data set has no validation pictures: stage it with a validation_fraction")
    deadline = time.monotonic() + LONGEST_SECONDS

    def classify(path: str) -> tuple[str, float]:
        if time.monotonic() > deadline:
            raise ModelRefused(
                f"The endpoint has not answered for all {len(labels)} validation photos within "
                f"{LONGEST_SECONDS} seconds: choose a smaller validation_fraction, or set "
                "confidence_threshold to a number"
            )
        key = places.data_set_key(dataset, f"validation/{path}")
        inferences = _ask_patiently(s3.get_object(Bucket=bucket, Key=key)["Body"].read(), deadline)
        return find_most_probable(inferences, ENDPOINT.classes)

    callers = ThreadPoolExecutor(CALLERS)
    try:
        answers = list(callers.map(classify, labels))
    finally:
        callers.shutdown(cancel_futures=True)
    right = [
        predicted_class == ENDPOINT.classes[label]
        for (predicted_class, _), label in zip(answers, labels.values(), strict=True)
    ]
    return [confidence for _, confidence in answers], right


def _ask_patiently(image: bytes, deadline: float) -> list[float]:
    """Returns the endpoint's answer; asks again while it is busy and there is time."""
    for attempt in range(1, ATTEMPTS):
        try:
            return ENDPOINT.classify(image, InferenceId=MEASUREMENT)
        except (EndpointThrottled, EndpointUnavailable):
            if time.monotonic() + 2**attempt > deadline:
                raise
            time.sleep(2**attempt)
    return ENDPOINT.classify(image, InferenceId=MEASUREMENT)


def _explain_absence(found: Recommendation, most_wrong: float, assurance: float) -> str:
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
