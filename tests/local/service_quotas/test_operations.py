"""Service Quotas lists what is allowed and what new accounts have, and grants what is asked for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ministack.core.responses import request_scope

from local.sagemaker.errors import ApiError
from local.service_quotas import quotas
from local.service_quotas.service import SERVICE

ENDPOINT = "ml.t2.medium for endpoint usage"
CODE = "L-29C181D7"


@pytest.fixture(autouse=True)
def home(tmp_path: Path) -> Iterator[Path]:
    """The folder of an embedded cloud in which nothing is set."""
    quotas.install(tmp_path)
    with request_scope("111111111111", "us-east-1"):
        yield tmp_path


def call(operation: str, **request: Any) -> dict[str, Any]:
    return SERVICE.call(operation, {"ServiceCode": "sagemaker", **request})


def list_values(operation: str) -> dict[str, float]:
    """Returns the values of all quotas, page by page."""
    values: dict[str, float] = {}
    answer = call(operation)
    while True:
        assert 0 < len(answer["Quotas"]) <= 100
        values |= {quota["QuotaName"]: quota["Value"] for quota in answer["Quotas"]}
        if "NextToken" not in answer:
            return values
        answer = call(operation, NextToken=answer["NextToken"])


def test_what_is_not_set_is_allowed() -> None:
    values = list_values("ListServiceQuotas")
    assert values.pop(quotas.INSTANCES_PER_TRAINING_JOB) == 1
    assert set(values.values()) == {100.0}
    for use in ("training job", "spot training job", "endpoint"):
        assert f"ml.g4dn.xlarge for {use} usage" in values
    assert "ml.m5.large for transform job usage" in values


def test_a_new_account_has_next_to_nothing() -> None:
    values = list_values("ListAWSDefaultServiceQuotas")
    assert values[ENDPOINT] == 2
    assert values["ml.m5.large for endpoint usage"] == 0
    assert values["ml.g4dn.xlarge for training job usage"] == 0


def test_the_memory_of_a_serverless_endpoint_is_not_listed_as_on_aws() -> None:
    assert quotas.SERVERLESS_MEMORY not in list_values("ListServiceQuotas")


def test_the_file_sets_a_value_from_the_next_request_on(home: Path) -> None:
    (home / "quotas.json").write_text(json.dumps({ENDPOINT: 0}))
    assert list_values("ListServiceQuotas")[ENDPOINT] == 0
    assert call("GetServiceQuota", QuotaCode=CODE)["Quota"]["Value"] == 0
    assert call("GetAWSDefaultServiceQuota", QuotaCode=CODE)["Quota"]["Value"] == 2


def test_an_increase_is_granted_and_leaves_the_others(home: Path) -> None:
    (home / "quotas.json").write_text(json.dumps({ENDPOINT: 1, "another": 3}))
    asked = call("RequestServiceQuotaIncrease", QuotaCode=CODE, DesiredValue=4)["RequestedQuota"]
    assert (asked["QuotaName"], asked["Status"]) == (ENDPOINT, "APPROVED")
    assert call("GetServiceQuota", QuotaCode=CODE)["Quota"]["Value"] == 4
    assert json.loads((home / "quotas.json").read_text()) == {ENDPOINT: 4, "another": 3}


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("GetServiceQuota", {"QuotaCode": "L-00000000"}, "NoSuchResourceException"),
        ("ListServiceQuotas", {"ServiceCode": "lambda"}, "NoSuchResourceException"),
        ("ListServiceQuotas", {"NextToken": "AAAA"}, "InvalidPaginationTokenException"),
        ("RequestServiceQuotaIncrease", {"QuotaCode": CODE, "DesiredValue": 100}, "IllegalArgumentException"),
        # The embedded cloud has one machine to train on, whatever it is asked for.
        (
            "RequestServiceQuotaIncrease",
            {"QuotaCode": "L-622CFD70", "DesiredValue": 2},
            "IllegalArgumentException",
        ),
        ("ListServices", {}, "UnknownOperationException"),
    ],
)
def test_what_cannot_be_is_refused(operation: str, request_: dict[str, Any], code: str) -> None:
    with pytest.raises(ApiError) as caught:
        call(operation, **request_)
    assert caught.value.code == code


def test_each_quota_has_a_code_of_its_own() -> None:
    listed = quotas.list_quotas()
    assert len({quota.code for quota in listed}) == len({quota.name for quota in listed}) == len(listed)
