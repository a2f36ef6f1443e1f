"""What is registered is told per account and region, and forgotten whole."""

from collections.abc import Iterator

import pytest
from ministack.core.responses import request_scope

from local.autoscaling import targets

RESOURCE = "endpoint/scones/variant/AllTraffic"


@pytest.fixture(autouse=True)
def stores() -> Iterator[None]:
    yield
    for store in (targets.targets, targets.policies, targets.activities, targets.tags):
        store.clear()


def test_a_variant_is_registered_in_its_own_account_and_region_alone() -> None:
    with request_scope("111111111111", "us-east-1"):
        targets.targets[RESOURCE] = {"ScalableTargetARN": "arn"}
        assert targets.is_registered("scones", "AllTraffic")
        assert not targets.is_registered("scones", "other")
    with request_scope("111111111111", "eu-west-1"):
        assert not targets.is_registered("scones", "AllTraffic")
    with request_scope("222222222222", "us-east-1"):
        assert not targets.is_registered("scones", "AllTraffic")


def test_a_target_that_is_forgotten_takes_its_policies_and_tags_and_no_other_s() -> None:
    with request_scope("111111111111", "us-east-1"):
        targets.targets[RESOURCE] = {"ScalableTargetARN": "arn"}
        targets.tags["arn"] = {"project": "scones"}
        targets.policies[RESOURCE, "load"] = {}
        targets.policies["endpoint/other/variant/AllTraffic", "load"] = {}
        targets.forget(RESOURCE)
        assert list(targets.policies) == [("endpoint/other/variant/AllTraffic", "load")]
        assert list(targets.tags) == []
        assert not targets.is_registered("scones", "AllTraffic")
        targets.forget(RESOURCE)
