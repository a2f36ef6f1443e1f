"""The Model Registry: versions are counted, found by ARN, changed and listed, and a full group stays."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.sagemaker import api
from local.sagemaker.errors import ApiError
from local.sagemaker.persistence import get_state, load_persisted_state
from local.sagemaker.records import MODEL_PACKAGE_GROUPS, MODEL_PACKAGES, tags

HERE = "arn:aws:sagemaker:us-east-1:000000000000"
CONTAINER = {"Image": "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"}


@pytest.fixture(autouse=True)
def group() -> Iterator[str]:
    """A group without versions; all is forgotten after the test."""
    call("CreateModelPackageGroup", ModelPackageGroupName="scones", Tags=[{"Key": "project", "Value": "s"}])
    yield "scones"
    for store in (MODEL_PACKAGE_GROUPS.store, MODEL_PACKAGES.store, tags):
        store.clear()


def call(operation: str, **request: Any) -> dict[str, Any]:
    """Runs an operation and holds its answer to the service's model."""
    return dict(api.call(operation, request))


def register(**changes: Any) -> str:
    """Makes a version; returns its ARN."""
    request = {
        "ModelPackageGroupName": "scones",
        "InferenceSpecification": {"Containers": [CONTAINER]},
        **changes,
    }
    return str(call("CreateModelPackage", **request)["ModelPackageArn"])


def listed(**request: Any) -> list[int]:
    found = call("ListModelPackages", **{"ModelPackageGroupName": "scones", **request})[
        "ModelPackageSummaryList"
    ]
    return [summary["ModelPackageVersion"] for summary in found]


def refusal(operation: str, **request: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        api.call(operation, request)
    return caught.value


def test_a_version_is_told_by_its_group_its_number_and_its_arn() -> None:
    assert register() == f"{HERE}:model-package/scones/1"
    arn = register(ModelPackageDescription="the second: “ünïcode”", ModelApprovalStatus="Approved")
    assert arn == f"{HERE}:model-package/scones/2"
    for name in (arn, "scones/2"):
        described = call("DescribeModelPackage", ModelPackageName=name)
        assert (described["ModelPackageName"], described["ModelPackageVersion"]) == ("scones", 2)
        assert (described["ModelPackageGroupName"], described["ModelPackageArn"]) == ("scones", arn)
        assert (described["ModelPackageStatus"], described["ModelApprovalStatus"]) == (
            "Completed",
            "Approved",
        )
        assert described["ModelPackageStatusDetails"]["ValidationStatuses"] == []
        assert described["InferenceSpecification"] == {"Containers": [CONTAINER]}


def test_a_version_waits_for_approval_where_the_request_says_nothing() -> None:
    described = call("DescribeModelPackage", ModelPackageName=register())
    assert described["ModelApprovalStatus"] == "PendingManualApproval"


def test_a_request_that_is_sent_twice_makes_one_version() -> None:
    assert register(ClientToken="once") == register(ClientToken="once")
    assert register(ClientToken="again").endswith("/2")


def test_metadata_are_added_replaced_and_removed() -> None:
    arn = register(CustomerMetadataProperties={"model": "scones--1", "accuracy": "0.97", "job": "old"})
    call(
        "UpdateModelPackage",
        ModelPackageArn=arn,
        CustomerMetadataProperties={"accuracy": "0.98", "dataset": "d1ce"},
        CustomerMetadataPropertiesToRemove=["job", "absent"],
        ModelApprovalStatus="Rejected",
    )
    described = call("DescribeModelPackage", ModelPackageName=arn)
    assert described["CustomerMetadataProperties"] == {
        "model": "scones--1",
        "accuracy": "0.98",
        "dataset": "d1ce",
    }
    assert described["ModelApprovalStatus"] == "Rejected"
    assert described["LastModifiedTime"] >= described["CreationTime"]


def test_versions_are_listed_by_page_and_approval() -> None:
    for status in ("Approved", "Rejected", "Approved"):
        register(ModelApprovalStatus=status)
    assert listed(ModelApprovalStatus="Approved") == [1, 3]
    assert listed(ModelPackageGroupName=f"{HERE}:model-package-group/scones") == [1, 2, 3]
    first = call("ListModelPackages", ModelPackageGroupName="scones", MaxResults=2)
    assert [summary["ModelPackageVersion"] for summary in first["ModelPackageSummaryList"]] == [1, 2]
    assert listed(MaxResults=2, NextToken=first["NextToken"]) == [3]
    assert call("ListModelPackages")["ModelPackageSummaryList"] == []
    assert len(call("ListModelPackages", ModelPackageType="Versioned")["ModelPackageSummaryList"]) == 3


def test_a_group_with_versions_stays_and_an_empty_one_goes(group: str) -> None:
    arn = register()
    assert refusal("DeleteModelPackageGroup", ModelPackageGroupName=group).code == "ConflictException"
    call("DeleteModelPackage", ModelPackageName=arn)
    call("DeleteModelPackageGroup", ModelPackageGroupName=group)
    assert call("ListModelPackageGroups")["ModelPackageGroupSummaryList"] == []


def test_the_number_of_a_version_that_was_deleted_is_not_given_again() -> None:
    call("DeleteModelPackage", ModelPackageName=register())
    assert register().endswith("/2")


def test_a_group_is_described_listed_and_tagged(group: str) -> None:
    described = call("DescribeModelPackageGroup", ModelPackageGroupName=group)
    arn = f"{HERE}:model-package-group/scones"
    assert (described["ModelPackageGroupArn"], described["ModelPackageGroupStatus"]) == (arn, "Completed")
    assert [
        g["ModelPackageGroupName"] for g in call("ListModelPackageGroups")["ModelPackageGroupSummaryList"]
    ] == [group]
    assert call("ListTags", ResourceArn=arn)["Tags"] == [{"Key": "project", "Value": "s"}]


@pytest.mark.parametrize(
    ("operation", "request_", "words"),
    [
        ("CreateModelPackageGroup", {"ModelPackageGroupName": "scones"}, "already exists"),
        (
            "DescribeModelPackageGroup",
            {"ModelPackageGroupName": "buns"},
            "model-package-group/buns does not exist",
        ),
        ("ListModelPackages", {"ModelPackageGroupName": "buns"}, "does not exist"),
        ("CreateModelPackage", {"ModelPackageGroupName": "buns"}, "does not exist"),
        ("CreateModelPackage", {"ModelPackageName": "alone"}, "ModelPackageGroupName is required"),
        ("CreateModelPackage", {"ModelPackageName": "a", "ModelPackageGroupName": "scones"}, "Both"),
        (
            "CreateModelPackage",
            {"ModelPackageGroupName": "scones", "Tags": [{"Key": "a", "Value": "b"}]},
            "Tags cannot be given",
        ),
        ("DescribeModelPackage", {"ModelPackageName": "scones"}, "does not exist"),
        (
            "DescribeModelPackage",
            {"ModelPackageName": f"{HERE}:model-package/scones/9"},
            "scones/9 does not exist",
        ),
        (
            "DeleteModelPackage",
            {"ModelPackageName": "arn:aws:sagemaker:eu-west-1:000000000000:model-package/scones/1"},
            "does not exist",
        ),
        (
            "CreateModelPackage",
            {"ModelPackageGroupName": "scones", "CustomerMetadataProperties": {"classes": "a,b"}},
            "Map value must satisfy constraint",
        ),
        (
            "CreateModelPackage",
            {"ModelPackageGroupName": "scones", "ModelApprovalStatus": "Perhaps"},
            "Member must satisfy enum value set",
        ),
    ],
)
def test_what_can_not_be_is_refused_as_by_aws(operation: str, request_: dict[str, Any], words: str) -> None:
    register()
    error = refusal(operation, **request_)
    assert error.code == "ValidationException"
    assert words in error.message
    assert listed() == [1]


@pytest.mark.parametrize(
    ("operation", "request_", "about"),
    [
        ("CreateModelPackage", {"ModelPackageGroupName": "scones"}, "model-package-group/scones"),
        ("ListModelPackages", {"ModelPackageGroupName": "scones"}, "model-package-group/scones"),
        ("DescribeModelPackage", {"ModelPackageName": "scones/1"}, "model-package/scones/1"),
        (
            "UpdateModelPackage",
            {"ModelPackageArn": f"{HERE}:model-package/scones/1"},
            "model-package/scones/1",
        ),
    ],
)
def test_permissions_are_asked_for_the_group_or_the_version(
    operation: str, request_: dict[str, str], about: str
) -> None:
    body = json.dumps(request_).encode()
    assert api.find_resource_arn(f"SageMaker.{operation}", "/", body) == f"{HERE}:{about}"


def test_what_is_registered_outlasts_a_restart(tmp_path: Path) -> None:
    register()
    state = get_state()
    MODEL_PACKAGES.store.clear()
    MODEL_PACKAGE_GROUPS.store.clear()
    load_persisted_state(state)
    assert listed() == [1]
    assert register().endswith("/2")


@settings(max_examples=50)
@given(steps=st.lists(st.sampled_from(["register", "delete"]), max_size=12))
def test_numbers_only_grow_whatever_comes_and_goes(steps: list[str]) -> None:
    given_ = [0]
    for step in steps:
        if step == "register":
            number = int(register().rpartition("/")[2])
            assert number > max(given_)
            given_.append(number)
        elif kept := listed(SortOrder="Descending"):
            call("DeleteModelPackage", ModelPackageName=f"scones/{kept[0]}")
    # Another example begins with the same group.
    for number in listed(MaxResults=100):
        call("DeleteModelPackage", ModelPackageName=f"scones/{number}")
    MODEL_PACKAGE_GROUPS.store["scones"]["LastVersion"] = 0
