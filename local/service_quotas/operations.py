"""The operations of Service Quotas on the quotas of SageMaker.

https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_Operations.html
"""

import base64
import binascii
import time
import uuid
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, get_region

from local.sagemaker.errors import ApiError
from local.service_quotas.quotas import Quota, find_value, list_quotas, set_value

Record = dict[str, Any]
SERVICE_CODE = "sagemaker"
_PAGE = 100


def list_service_quotas(request: Record) -> Record:
    """ListServiceQuotas: what is allowed."""
    return _take_page(request, lambda quota: find_value(quota.name))


def list_default_quotas(request: Record) -> Record:
    """ListAWSDefaultServiceQuotas: what every new account has."""
    return _take_page(request, lambda quota: quota.default)


def get_service_quota(request: Record) -> Record:
    """GetServiceQuota."""
    quota = _find(request)
    return {"Quota": _describe(quota, find_value(quota.name))}


def get_default_quota(request: Record) -> Record:
    """GetAWSDefaultServiceQuota."""
    quota = _find(request)
    return {"Quota": _describe(quota, quota.default)}


def request_increase(request: Record) -> Record:
    """RequestServiceQuotaIncrease: granted at once, where AWS takes minutes to days."""
    quota, desired = _find(request), request["DesiredValue"]
    if not quota.is_adjustable:
        raise ApiError("IllegalArgumentException", f"{quota.name} cannot be raised on the embedded cloud.")
    if desired <= find_value(quota.name):
        raise ApiError(
            "IllegalArgumentException",
            f"The value {desired:g} is not above the {find_value(quota.name)} that {quota.name} has.",
        )
    set_value(quota.name, desired)
    described = _describe(quota, desired)
    members = ("ServiceCode", "ServiceName", "QuotaCode", "QuotaName", "QuotaArn", "Unit", "GlobalQuota")
    moment = time.time()
    return {
        "RequestedQuota": {
            **{member: described[member] for member in members},
            "Id": uuid.uuid4().hex,
            "DesiredValue": desired,
            "Status": "APPROVED",
            "Created": moment,
            "LastUpdated": moment,
        }
    }


def _find(request: Record) -> Quota:
    _check_service(request)
    for quota in list_quotas():
        if quota.code == request["QuotaCode"]:
            return quota
    raise ApiError(
        "NoSuchResourceException", "The request failed because the specified quota does not exist."
    )


def _check_service(request: Record) -> None:
    if request["ServiceCode"] != SERVICE_CODE:
        raise ApiError(
            "NoSuchResourceException",
            f"The embedded cloud has quotas of {SERVICE_CODE} alone, not of {request['ServiceCode']}.",
        )


def _describe(quota: Quota, value: float) -> Record:
    return {
        "ServiceCode": SERVICE_CODE,
        "ServiceName": "Amazon SageMaker",
        "QuotaArn": f"arn:aws:servicequotas:{get_region()}:{get_account_id()}:{SERVICE_CODE}/{quota.code}",
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Value": float(value),
        "Unit": "None",
        "Adjustable": quota.is_adjustable,
        "GlobalQuota": False,
        "QuotaAppliedAtLevel": "ACCOUNT",
    }


def _take_page(request: Record, value_of: Callable[[Quota], float]) -> Record:
    _check_service(request)
    quotas = [quota for quota in list_quotas() if request.get("QuotaCode", quota.code) == quota.code]
    start = _read_token(request.get("NextToken"))
    end = start + request.get("MaxResults", _PAGE)
    return {
        "Quotas": [_describe(quota, value_of(quota)) for quota in quotas[start:end]],
        "NextToken": base64.b64encode(str(end).encode()).decode() if end < len(quotas) else None,
    }


def _read_token(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError):
        raise ApiError("InvalidPaginationTokenException", "Invalid input was provided.") from None
