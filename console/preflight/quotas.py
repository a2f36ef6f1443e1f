"""What an account may use of SageMaker, as Service Quotas tells it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

SERVICE = "sagemaker"


@dataclass(frozen=True)
class Quota:
    """A quota of an account in a region.

    Attributes:
        code: Its code, by which a rise is asked for.
        allowed: How much of it the account may use.
    """

    code: str
    allowed: float


def read_quotas(client: Any, needed: Collection[str]) -> dict[str, Quota]:
    """Returns SageMaker's quotas by name.

    Service Quotas lists what an account has, and leaves out some quotas of which it knows nothing but what
    every new account gets. Those are looked up where one of the needed is missing:
    https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html

    Args:
        client: Client of Service Quotas.
        needed: Names of the quotas that have to be among them.
    """
    applied = _list(client, "list_service_quotas")
    if all(name in applied for name in needed):
        return applied
    return {**_list(client, "list_aws_default_service_quotas"), **applied}


def _list(client: Any, operation: str) -> dict[str, Quota]:
    pages = client.get_paginator(operation).paginate(ServiceCode=SERVICE)
    return {
        quota["QuotaName"]: Quota(quota["QuotaCode"], quota["Value"])
        for page in pages
        for quota in page["Quotas"]
    }
