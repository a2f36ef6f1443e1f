"""The classify function against the endpoint's answers, checked by botocore's own model of the service."""

import base64
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from lambdas import classify
from lambdas.workflow import endpoint
from lambdas.workflow.endpoint import Endpoint
from lambdas.workflow.errors import (
    EndpointAccessDenied,
    EndpointNotInService,
    EndpointThrottled,
    EndpointUnavailable,
    InvalidEvent,
    InvalidImage,
    InvalidPrediction,
    ModelError,
    ModelOfOtherClasses,
    WorkflowError,
)
from lambdas.workflow.places import name_variant
from tests.lambdas.samples import recorded, saved

PNG = saved(Image.linear_gradient("L").resize((32, 32)).convert("RGB"), "PNG")
JPEG = saved(Image.linear_gradient("L").resize((32, 32)).convert("RGB"), "JPEG")
FIELDS = {"image_data": base64.b64encode(PNG).decode()}
ENDPOINT = Endpoint(classes=("bicycle", "motorcycle"), name="scones")


@pytest.fixture
def service() -> Iterator[Stubber]:
    with Stubber(endpoint.sagemaker_runtime) as stub:
        yield stub
        stub.assert_no_pending_responses()


def answers(service: Stubber, content: bytes, **expected: object) -> None:
    body = StreamingBody(io.BytesIO(content), len(content))
    service.add_response("invoke_endpoint", {"Body": body}, expected or None)


ARN = "arn:aws:states:us-east-1:123456789012:execution:scones:"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("0a1b", {"InferenceId": "execution:0a1b"}),
        ("n" * 54, {"InferenceId": f"execution:{'n' * 54}"}),
        ("n" * 55, {}),
        ("ümläut", {}),
        ("line\nbreak", {}),
    ],
)
def test_data_capture_is_told_the_execution_that_asks_where_sagemaker_takes_its_name(
    name: str, expected: dict[str, str], service: Stubber
) -> None:
    request = {"EndpointName": "scones", "ContentType": "image/png", "Accept": "application/json"}
    answers(service, b"[0.75, 0.25]", **request, Body=PNG, **expected)
    classify.classify({**FIELDS, "execution_id": ARN + name}, ENDPOINT)


@pytest.mark.parametrize("event", recorded("classify"))
def test_every_recorded_event_gets_the_endpoints_answer(event: Any, service: Stubber, context: Any) -> None:
    answers(
        service,
        b"[0.8227921724319458, 0.1772077977657318]",
        EndpointName="scones",
        ContentType="image/png",
        Accept="application/json",
        Body=PNG,
    )
    out = classify.handler(event, context)
    assert out["inferences"] == [0.8227921724319458, 0.1772077977657318]
    assert (out["predicted_class"], out["confidence"]) == ("bicycle", 0.8227921724319458)
    assert base64.b64decode(out["image_data"]) == PNG
    assert "body" not in out


@pytest.mark.parametrize(
    ("answer", "predicted_class"),
    [(b"[0.1, 0.9]", "motorcycle"), (b"[0.5, 0.5]", "bicycle"), (b"[1, 0]", "bicycle")],
)
def test_the_most_probable_class_is_predicted(answer: bytes, predicted_class: str, service: Stubber) -> None:
    answers(service, answer)
    out = classify.classify(dict(FIELDS), ENDPOINT)
    assert out["predicted_class"] == predicted_class
    assert out["confidence"] == max(json.loads(answer))


def test_a_jpeg_is_sent_as_one(service: Stubber, context: Any) -> None:
    answers(
        service,
        b"[0.9, 0.1]",
        EndpointName="scones",
        ContentType="image/jpeg",
        Accept="application/json",
        Body=JPEG,
    )
    classify.handler({"image_data": base64.b64encode(JPEG).decode()}, context)


def test_unknown_fields_pass_through(service: Stubber, context: Any) -> None:
    answers(service, b"[0.9, 0.1]")
    assert classify.handler({**FIELDS, "order": {"id": 7}}, context)["order"] == {"id": 7}


@pytest.mark.parametrize("image_data", [None, "", 7, "no base64!"])
def test_an_event_without_an_image_is_refused(image_data: object, service: Stubber, context: Any) -> None:
    with pytest.raises(InvalidEvent, match="image_data"):
        classify.handler({"image_data": image_data}, context)


def test_what_is_neither_png_nor_jpeg_is_not_sent(service: Stubber, context: Any) -> None:
    with pytest.raises(InvalidImage, match="neither a PNG nor a JPEG"):
        classify.handler({"image_data": base64.b64encode(b"GIF89a").decode()}, context)


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("ModelError", 424, EndpointUnavailable),
        ("ModelNotReadyException", 429, EndpointUnavailable),
        ("ThrottlingException", 400, EndpointThrottled),
        ("ThrottlingException", 429, EndpointThrottled),
        ("InternalFailure", 500, EndpointUnavailable),
        ("ServiceUnavailable", 503, EndpointUnavailable),
        ("InternalDependencyException", 530, EndpointUnavailable),
        ("AccessDeniedException", 403, EndpointAccessDenied),
    ],
)
def test_each_error_of_the_service_gets_its_name(
    code: str, status: int, error: type[WorkflowError], service: Stubber, context: Any
) -> None:
    service.add_client_error("invoke_endpoint", code, "what the service says", status)
    with pytest.raises(error, match="what the service says") as raised:
        classify.handler(FIELDS, context)
    assert "scones" in str(raised.value)
    assert type(raised.value) is error


@pytest.fixture
def missing_endpoint(service: Stubber) -> Iterator[Stubber]:
    """Parameter Store, while the endpoint that is asked is not there."""
    service.add_client_error("invoke_endpoint", "ValidationError", "Endpoint scones not found.", 400)
    with Stubber(endpoint.ssm) as stub:
        yield stub
        stub.assert_no_pending_responses()


def test_an_endpoint_that_is_switched_off_is_told_from_one_that_is_missing(
    missing_endpoint: Stubber, context: Any
) -> None:
    parameter = {"Name": "/scones/endpoint-switch"}
    missing_endpoint.add_response("get_parameter", {"Parameter": {"Value": "off"}}, parameter)
    with pytest.raises(EndpointNotInService) as told:
        classify.handler(dict(FIELDS), context)
    assert str(told.value).startswith(
        "Endpoint scones is switched off: python -m console endpoint on switches it on"
    )


def test_how_it_is_switched_on_bears_the_name_of_a_deployment_of_another(
    missing_endpoint: Stubber, monkeypatch: pytest.MonkeyPatch, context: Any
) -> None:
    parameter = {"Name": "/cakes/endpoint-switch"}
    missing_endpoint.add_response("get_parameter", {"Parameter": {"Value": "off"}}, parameter)
    monkeypatch.setattr(classify, "ENDPOINT", replace(classify.ENDPOINT, switch=parameter["Name"]))
    with pytest.raises(EndpointNotInService, match="console --name cakes endpoint on switches"):
        classify.handler(dict(FIELDS), context)


@pytest.mark.parametrize("switch", ["on", None])
def test_whatever_parameter_store_says_a_missing_endpoint_is_not_in_service(
    switch: str | None, missing_endpoint: Stubber, context: Any
) -> None:
    if switch:
        missing_endpoint.add_response("get_parameter", {"Parameter": {"Value": switch}})
    else:
        missing_endpoint.add_client_error("get_parameter", "ParameterNotFound")
    with pytest.raises(EndpointNotInService, match="is not in service: Endpoint scones not found"):
        classify.handler(dict(FIELDS), context)


def test_an_error_nobody_foresaw_keeps_its_own_name(service: Stubber, context: Any) -> None:
    service.add_client_error("invoke_endpoint", "NewException", "what the service says", 418)
    with pytest.raises(ClientError, match="NewException"):
        classify.handler(FIELDS, context)


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [
        (400, "unsupported image", ModelError),
        (415, "Content-Type 'text/plain' is not supported", ModelError),
        (499, "the client has gone", ModelError),
        (
            0,
            "Your invocation timed out while waiting for a response from container primary",
            EndpointUnavailable,
        ),
        (0, "Amazon SageMaker could not get a response from the scones endpoint", EndpointUnavailable),
        (500, "Internal Server Error", EndpointUnavailable),
        (503, "Prediction failed", EndpointUnavailable),
        (504, "Worker died", EndpointUnavailable),
    ],
)
def test_what_a_container_refuses_is_final_and_what_it_cannot_answer_is_worth_a_retry(
    status: int, said: str, error: type[WorkflowError], service: Stubber, context: Any
) -> None:
    service.add_client_error(
        "invoke_endpoint",
        "ModelError",
        f"Received error ({status}) from primary",
        424,
        modeled_fields={"OriginalStatusCode": status, "OriginalMessage": said},
    )
    with pytest.raises(error) as raised:
        classify.handler(FIELDS, context)
    assert type(raised.value) is error
    assert said in str(raised.value)
    assert (f"answered {status}" if status else "did not answer") in str(raised.value)
    assert "/aws/sagemaker/Endpoints/scones" in str(raised.value)


@pytest.mark.parametrize("classes", [("motorcycle", "bicycle"), ("bicycle", "bus"), ("a", "b", "c")])
def test_a_model_of_other_classes_or_of_another_order_answers_for_none(
    classes: tuple[str, ...], service: Stubber, context: Any
) -> None:
    body = StreamingBody(io.BytesIO(b"[0.9, 0.1]"), 10)
    response = {"Body": body, "InvokedProductionVariant": name_variant(classes)}
    service.add_response("invoke_endpoint", response)
    with pytest.raises(ModelOfOtherClasses, match=r"than bicycle, motorcycle, .* make deploy"):
        classify.handler(FIELDS, context)


@pytest.mark.parametrize("variant", [name_variant(("bicycle", "motorcycle")), "AllTraffic"])
def test_a_model_of_these_classes_answers(variant: str, service: Stubber, context: Any) -> None:
    body = StreamingBody(io.BytesIO(b"[0.9, 0.1]"), 10)
    service.add_response("invoke_endpoint", {"Body": body, "InvokedProductionVariant": variant})
    assert classify.handler(FIELDS, context)["predicted_class"] == "bicycle"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html>",
        b"null",
        b'{"prediction": [0.9, 0.1]}',
        b"[]",
        b"[1.0]",
        b"[0.5, 0.3, 0.2]",
        b"[NaN, 0.5]",
        b"[Infinity, 0.5]",
        b"[1.5, -0.5]",
        b'["0.9", "0.1"]',
        b"[true, false]",
        b"[null, 1]",
        b"\xff\xfe",
    ],
)
def test_an_answer_that_is_not_one_probability_for_each_class_is_refused(
    answer: bytes, service: Stubber, context: Any
) -> None:
    answers(service, answer)
    with pytest.raises(InvalidPrediction, match=r"endpoint scones is .* 2 numbers from 0 to 1 is expected"):
        classify.handler(FIELDS, context)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answer=st.binary() | st.lists(st.floats()).map(lambda numbers: json.dumps(numbers).encode()))
def test_any_answer_is_a_prediction_or_a_named_error(answer: bytes, service: Stubber) -> None:
    answers(service, answer)
    try:
        out = classify.classify(dict(FIELDS), ENDPOINT)
    except InvalidPrediction:
        return
    assert len(out["inferences"]) == 2
    assert all(0 <= probability <= 1 for probability in out["inferences"])


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[0.9,"], ids=["none", "cut off"]
)
def test_an_answer_that_breaks_off_is_worth_a_retry(
    answer: bytes, broken_server: Callable[[bytes], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    once = Config(retries={"total_max_attempts": 1})
    runtime = boto3.client("sagemaker-runtime", endpoint_url=broken_server(answer), config=once)
    monkeypatch.setattr(endpoint, "sagemaker_runtime", runtime)
    with pytest.raises(EndpointUnavailable, match="Endpoint scones did not answer, try again"):
        classify.classify(dict(FIELDS), ENDPOINT)


def test_an_endpoint_that_cannot_be_reached_is_worth_a_retry(
    unreachable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = Config(retries={"total_max_attempts": 1})
    runtime = boto3.client("sagemaker-runtime", endpoint_url=unreachable, config=once)
    monkeypatch.setattr(endpoint, "sagemaker_runtime", runtime)
    with pytest.raises(EndpointUnavailable, match="Endpoint scones did not answer, try again"):
        classify.classify(dict(FIELDS), ENDPOINT)


def test_the_client_leaves_retries_to_the_state_machine() -> None:
    assert endpoint.sagemaker_runtime.meta.config.retries["total_max_attempts"] == 1
