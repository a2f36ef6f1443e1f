"""What an account may use is what it was granted, and where that is not told, what every new account has."""

from collections.abc import Mapping
from typing import Any

from console.preflight.quotas import Quota, read_quotas
from tests.console.preflight.account import Account, Answer

TRAINING = "ml.g4dn.xlarge for training job usage"
ENDPOINT = "ml.t2.medium for endpoint usage"


def list_pages(**values: float) -> Answer:
    """Returns what lists quotas one a page; their codes are made of their values."""
    names = {"training": TRAINING, "endpoint": ENDPOINT}
    quotas = [
        {"QuotaName": names.get(name, name), "QuotaCode": f"L-{value:g}", "Value": float(value)}
        for name, value in values.items()
    ]

    def answer(request: Mapping[str, Any]) -> Mapping[str, Any]:
        assert request["ServiceCode"] == "sagemaker"
        start = int(request.get("NextToken", 0))
        more = {"NextToken": str(start + 1)} if start + 1 < len(quotas) else {}
        return {"Quotas": quotas[start : start + 1], **more}

    return answer


def test_what_an_account_was_granted_is_all_that_is_asked_where_it_is_all_told() -> None:
    account = Account("service-quotas", ListServiceQuotas=list_pages(training=4, endpoint=3))
    assert read_quotas(account.client, [TRAINING, ENDPOINT]) == {
        TRAINING: Quota("L-4", 4),
        ENDPOINT: Quota("L-3", 3),
    }


def test_what_new_accounts_have_stands_in_for_a_quota_of_which_nothing_is_told() -> None:
    account = Account(
        "service-quotas",
        ListServiceQuotas=list_pages(training=4),
        ListAWSDefaultServiceQuotas=list_pages(training=0, endpoint=2),
    )
    assert read_quotas(account.client, [TRAINING, ENDPOINT]) == {
        TRAINING: Quota("L-4", 4),
        ENDPOINT: Quota("L-2", 2),
    }


def test_a_quota_that_nobody_knows_is_not_made_up() -> None:
    account = Account(
        "service-quotas",
        ListServiceQuotas=list_pages(training=4),
        ListAWSDefaultServiceQuotas=list_pages(training=0),
    )
    assert ENDPOINT not in read_quotas(account.client, [ENDPOINT])
