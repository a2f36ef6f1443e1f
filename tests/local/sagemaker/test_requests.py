"""Requests are checked as AWS checks them, and no request can make this SageMaker fail by itself."""

import json
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import given
from hypothesis import strategies as st

from local.sagemaker import api, listing
from local.sagemaker.errors import ApiError
from local.sagemaker.records import KINDS
from local.sagemaker.request_validation import (
    check,
    compile_pattern,
    get_request_shape,
    load_service_model,
    parse_request,
    select_members,
)

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
JOB: dict[str, Any] = {
    "TrainingJobName": "job",
    "RoleArn": "arn:aws:iam::000000000000:role/learner",
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
}


def refusal(operation: str, request: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        check(request, get_request_shape(operation))
    return caught.value


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"RoleArn": None},
            "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: "
            "Member must not be null",
        ),
        (
            {"OutputDataConfig": {}},
            "1 validation error detected: Value null at 'outputDataConfig.s3OutputPath' failed to satisfy "
            "constraint: Member must not be null",
        ),
        (
            {"TrainingJobName": "-job"},
            "1 validation error detected: Value '-job' at 'trainingJobName' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
        ),
        (
            {"AlgorithmSpecification": {"TrainingInputMode": "Files"}},
            "1 validation error detected: Value 'Files' at 'algorithmSpecification.trainingInputMode' failed "
            "to satisfy constraint: Member must satisfy enum value set: [Pipe, File, FastFile]",
        ),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": 0}},
            "1 validation error detected: Value '0' at 'stoppingCondition.maxRuntimeInSeconds' failed to "
            "satisfy constraint: Member must have value greater than or equal to 1",
        ),
        (
            {"TrainingJobName": "a" * 64, "RoleArn": None},
            "3 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must "
            f"not be null; Value '{'a' * 64}' at 'trainingJobName' failed to satisfy constraint: Member must "
            "have length less than or equal to 63; ",
        ),
        (
            {"HyperParameters": {"epochs": "x" * 2501}},
            "Map value must satisfy constraint: [Member must have length less than or equal to 2500]",
        ),
        (
            {"Tags": [{"Key": "a"}]},
            "1 validation error detected: Value null at 'tags.1.member.value' failed to satisfy constraint: "
            "Member must not be null",
        ),
        ({"Epochs": 3}, "Value '3' at 'epochs' failed to satisfy constraint: Member is not known"),
    ],
)
def test_a_request_outside_the_model_is_refused_in_awss_words(change: dict[str, Any], message: str) -> None:
    error = refusal("CreateTrainingJob", {**JOB, **change})
    assert error.code == "ValidationException"
    assert message in error.message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"HyperParameters": {"epochs": 3}}, "NUMBER_VALUE can not be converted to a String"),
        (
            {"StoppingCondition": {"MaxRuntimeInSeconds": "6"}},
            "STRING_VALUE can not be converted to a Integer",
        ),
        ({"EnableNetworkIsolation": 1}, "NUMBER_VALUE can not be converted to a Boolean"),
        ({"Tags": {}}, "START_OBJECT can not be converted to a List"),
    ],
)
def test_a_member_of_the_wrong_type_is_a_serialization_exception(
    change: dict[str, Any], message: str
) -> None:
    error = refusal("CreateTrainingJob", {**JOB, **change})
    assert (error.code, error.message) == ("SerializationException", message)


def test_a_good_request_passes() -> None:
    check(JOB, get_request_shape("CreateTrainingJob"))


def shapes_under(shape: Shape, seen: set[str]) -> list[Shape]:
    if shape.name in seen:
        return []
    seen.add(shape.name)
    inner: list[Shape] = []
    if isinstance(shape, StructureShape):
        inner = list(shape.members.values())
    elif isinstance(shape, ListShape):
        inner = [shape.member]
    elif isinstance(shape, MapShape):
        inner = [shape.key, shape.value]
    return [shape, *(deeper for one in inner for deeper in shapes_under(one, seen))]


def test_every_pattern_of_the_model_is_one_that_python_can_check() -> None:
    seen: set[str] = set()
    shapes = [shape for name in api.OPERATIONS for shape in shapes_under(get_request_shape(name), seen)]
    patterns = [shape.metadata["pattern"] for shape in shapes if "pattern" in shape.metadata]
    assert len(patterns) > 30
    for pattern in patterns:
        assert "\\p{" not in compile_pattern(pattern).pattern


@given(operation=st.sampled_from(sorted(api.OPERATIONS)), request=ANY_JSON)
def test_no_json_makes_the_checks_fail_by_themselves(operation: str, request: Any) -> None:
    try:
        checked = parse_request(operation, json.dumps(request).encode())
    except ApiError as error:
        assert error.code in ("SerializationException", "ValidationException")
    else:
        assert set(checked) <= set(get_request_shape(operation).members)


NAMES = st.sampled_from(["ResourceArn", *(f"{kind.name}Name" for kind in KINDS)])


@given(
    operation=st.sampled_from(sorted(api.OPERATIONS)),
    request=ANY_JSON | st.dictionaries(NAMES, ANY_JSON, min_size=1),
)
def test_any_json_is_about_a_resource_that_it_names_or_about_none(operation: str, request: Any) -> None:
    about = api.find_resource_arn(f"SageMaker.{operation}", "/", json.dumps(request).encode())
    named = {str(value) for value in request.values()} if isinstance(request, dict) else set()
    assert about == "*" or named & {about, about.partition("/")[2]}


@pytest.mark.parametrize(
    ("operation", "request_", "about"),
    [
        ("CreateTransformJob", {"ModelName": "m", "TransformJobName": "j"}, "transform-job/j"),
        ("CreateEndpoint", {"EndpointConfigName": "c", "EndpointName": "e"}, "endpoint/e"),
        ("DescribeEndpointConfig", {"EndpointConfigName": "c"}, "endpoint-config/c"),
        ("ListModels", {"ModelName": "m"}, "*"),
    ],
)
def test_a_request_is_about_what_it_makes_or_asks_for(
    operation: str, request_: dict[str, str], about: str
) -> None:
    arn = api.find_resource_arn(f"SageMaker.{operation}", "/", json.dumps(request_).encode())
    assert arn == about or arn.endswith(f":{about}")


def test_a_member_that_is_null_is_not_there() -> None:
    job = {**JOB, "Tags": None, "OutputDataConfig": {**JOB["OutputDataConfig"], "KmsKeyId": None}}
    assert parse_request("CreateTrainingJob", json.dumps(job).encode()) == JOB


def test_what_is_nested_too_deep_is_refused_as_no_json() -> None:
    body = b"[" * 100_000
    with pytest.raises(ApiError) as caught:
        parse_request("DescribeEndpoint", body)
    assert caught.value.code == "SerializationException"
    assert api.find_resource_arn("SageMaker.DescribeEndpoint", "/", body) == "*"


@given(body=st.binary(max_size=40))
def test_no_bytes_make_the_checks_fail_by_themselves(body: bytes) -> None:
    try:
        parse_request("DescribeEndpoint", body)
    except ApiError as error:
        assert error.code in ("SerializationException", "ValidationException")


def test_a_reply_holds_only_what_its_shape_has_room_for() -> None:
    record = {"ModelName": "m", "ModelArn": "arn", "CreationTime": 1.5, "Tags": [], "PrimaryContainer": None}
    shape = load_service_model().operation_model("DescribeModel").output_shape
    assert shape is not None
    assert select_members(record, shape) == {"ModelName": "m", "ModelArn": "arn", "CreationTime": 1.5}


@given(
    count=st.integers(0, 40),
    size=st.integers(1, 15),
    by=st.sampled_from(["Name", "CreationTime", "Status"]),
    order=st.sampled_from(["Ascending", "Descending"]),
)
def test_pages_put_together_are_the_whole_sorted_list(count: int, size: int, by: str, order: str) -> None:
    records = [
        {"EndpointName": f"e{number * 7 % 41}", "EndpointStatus": "InService", "CreationTime": number % 5}
        for number in range(count)
    ]
    request = {"SortBy": by, "SortOrder": order, "MaxResults": size}
    whole, _ = listing.take_page(
        records, {**request, "MaxResults": 100}, resource="Endpoint", order="Ascending"
    )
    collected, token = [], None
    while True:
        asked = request if token is None else {**request, "NextToken": token}
        page, token = listing.take_page(records, asked, resource="Endpoint", order="Ascending")
        assert len(page) <= size
        collected += page
        if token is None:
            break
    assert collected == whole
    assert len(whole) == count


@pytest.mark.parametrize("token", ["", "x", "b2Zmc2V0PS0x", "b2Zmc2V0PcKy"])
def test_a_token_of_somebody_elses_is_refused(token: str) -> None:
    with pytest.raises(ApiError, match="NextToken"):
        listing.take_page([], {"NextToken": token}, resource="Endpoint", order="Ascending")
