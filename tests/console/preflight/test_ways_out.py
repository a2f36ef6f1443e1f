"""Needs follow from the settings; where the account has too little, settings that fit it are proposed."""

from typing import Any

import pytest

from console.preflight.findings import NO, NOTE, OK, Account
from console.preflight.needs import CONCURRENCY, ENDPOINT, Need, list_needs
from console.preflight.quotas import Quota
from console.preflight.usage import Use
from console.preflight.ways_out import TRAIN_HERE, list_ways_out
from stacks.configuration.settings import Settings

T2 = "ml.t2.medium for endpoint usage"


def make_account(*uses: Use, **allowed: float) -> Account:
    """Returns an account with these quotas, of which nothing else is allowed; ``T2`` stands for its name."""
    quotas = {
        {"T2": T2, "CONCURRENCY": CONCURRENCY}.get(name, name): Quota("L-1", value)
        for name, value in allowed.items()
    }
    return Account(quotas, uses, "scones")


def find_need(use: str, **changes: Any) -> tuple[Settings, Need]:
    settings = Settings(**changes)
    (need,) = (need for need in list_needs(settings) if need.use == use)
    return settings, need


@pytest.mark.parametrize(
    ("changes", "needs"),
    [
        ({}, {"ml.g4dn.xlarge for training job usage": 1, "ml.m5.large for transform job usage": 1, T2: 2}),
        (
            {"training_mode": "spot", "endpoint_mode": "off"},
            {"ml.g4dn.xlarge for spot training job usage": 1, "ml.m5.large for transform job usage": 1},
        ),
        (
            {
                "training_instance_count": 2,
                "hyperparameters": Settings().hyperparameters | {"kv_store": "dist_sync"},
                "endpoint_mode": "off",
            },
            {
                "ml.g4dn.xlarge for training job usage": 2,
                "Maximum number of instances per training job": 2,
                "ml.m5.large for transform job usage": 1,
            },
        ),
        (
            {"model_artifact": "model.tar.gz", "endpoint_mode": "serverless"},
            {"ml.m5.large for transform job usage": 1, CONCURRENCY: 5},
        ),
        (
            {
                "model_artifact": "s3://bucket/key",
                "endpoint_instance_type": "ml.m5.large",
                "endpoint_max_instances": 3,
            },
            {"ml.m5.large for transform job usage": 1, "ml.m5.large for endpoint usage": 6},
        ),
    ],
)
def test_a_deploy_asks_for_what_its_settings_say(changes: dict[str, Any], needs: dict[str, int]) -> None:
    assert {need.quota: need.asked for need in list_needs(Settings(**changes))} == needs


@pytest.mark.parametrize(
    ("allowed", "uses", "state"),
    [
        (2, [], OK),
        (1, [], NOTE),
        (0, [], NO),
        (2, [Use(T2, 1, "another")], NOTE),
        (2, [Use(T2, 2, "another")], NO),
        # What the deployment's own endpoint has is part of what is asked for.
        (2, [Use(T2, 1, "scones")], OK),
        (1, [Use(T2, 1, "scones")], NOTE),
    ],
)
def test_an_update_takes_twice_the_instances_and_a_first_deploy_once(
    allowed: int, uses: list[Use], state: str
) -> None:
    _, need = find_need(ENDPOINT)
    finding = make_account(*uses, T2=allowed).judge(need)
    assert finding.state == state
    assert f"2 asked, {allowed} allowed, {sum(use.count for use in uses)} in use" in finding.text
    assert all(use.name in finding.text for use in uses)


def test_another_type_and_serverless_are_proposed_where_the_account_has_them() -> None:
    settings, need = find_need(ENDPOINT)
    account = make_account(**{"ml.m5.large for endpoint usage": 2}, T2=0, CONCURRENCY=10)
    assert list_ways_out(account, settings, need) == [
        'in cdk.json: "endpoint_instance_type": "ml.m5.large"',
        'in cdk.json: "endpoint_mode": "serverless"',
        "ask for more, which takes minutes to days: aws service-quotas request-service-quota-increase "
        "--service-code sagemaker --quota-code L-1 --desired-value 2",
    ]


def test_a_setting_that_contradicts_the_others_is_not_proposed() -> None:
    settings, need = find_need(ENDPOINT, endpoint_instance_type="ml.m5.large", endpoint_max_instances=2)
    account = make_account(T2=100, CONCURRENCY=10)
    # This type does not scale, and a serverless endpoint has no instances.
    assert list_ways_out(account, settings, need) == []


def test_a_rise_leaves_room_for_what_others_use() -> None:
    settings, need = find_need(ENDPOINT)
    (way,) = list_ways_out(make_account(Use(T2, 2, "another"), T2=2), settings, need)
    assert way.endswith("--desired-value 4")


def test_without_any_quota_for_training_it_is_this_machine_that_trains() -> None:
    settings, need = find_need("training job")
    assert list_ways_out(make_account(), settings, need) == [TRAIN_HERE]


def test_spot_is_proposed_where_the_account_has_it() -> None:
    settings, need = find_need("training job")
    account = make_account(**{"ml.g4dn.xlarge for spot training job usage": 1})
    assert list_ways_out(account, settings, need)[0] == 'in cdk.json: "training_mode": "spot"'
