"""Service Quotas as MiniStack serves it."""

from pathlib import Path

from local.json_services.service import JsonService
from local.service_quotas import operations, quotas

SERVICE = JsonService(
    "service-quotas",
    "Service Quotas",
    {
        "GetAWSDefaultServiceQuota": operations.get_default_quota,
        "GetServiceQuota": operations.get_service_quota,
        "ListAWSDefaultServiceQuotas": operations.list_default_quotas,
        "ListServiceQuotas": operations.list_service_quotas,
        "RequestServiceQuotaIncrease": operations.request_increase,
    },
    # Reading knows no resources: policies that allow it name all of them.
    lambda _headers, _body: "*",
)


def install(home: Path) -> None:
    """Lets MiniStack serve Service Quotas.

    Args:
        home: Folder of the embedded cloud, whose ``quotas.json`` says what is allowed.
    """
    quotas.install(home)
    SERVICE.install()
