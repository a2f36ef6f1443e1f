"""What is said of costs: sums, what they are for, and what is missing."""

from typing import Any

import pytest

from console.costs.prices import DESCRIPTION
from console.costs.wording import (
    describe_deployed,
    describe_endpoint,
    describe_settings,
    format_costs,
    format_dollars,
)
from stacks.configuration.settings import Settings

NIGHTS = {"off": "0 20 ? * MON-FRI *", "on": "0 7 ? * MON-FRI *", "time_zone": "Europe/Berlin"}
INSTANCE = {"mode": "instance", "instance_type": "ml.m5.large", "least": 1, "most": 1, "schedule": {}}


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        (0, "$0"),
        (0.00005, "less than $0.0001"),
        (0.00123, "$0.0012"),
        (0.0567, "$0.06"),
        (40.88, "$40.88"),
        (1234.5, "$1,234"),
    ],
)
def test_a_sum_has_the_digits_that_count(dollars: float, text: str) -> None:
    assert format_dollars(dollars) == text


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "$83.95 always on, $0 switched off"),
        ({"least": 2, "most": 4}, "$168 to $336 always on"),
        (
            {"schedule": NIGHTS},
            "$83.95 always on, $32.48 by its schedule, 65 of 168 hours a week, $0 switched off",
        ),
        ({"schedule": {**NIGHTS, "on": "0 7 1 * ? *"}}, "in some weeks otherwise than in others"),
        ({"mode": "off"}, "$83.95 always on, $0 switched off"),
        ({"mode": "serverless"}, "costs nothing while no photo comes"),
        (
            {"instance_type": "ml.r7i.48xlarge"},
            "ml.r7i.48xlarge costs on AWS is not in console/costs/prices.json",
        ),
    ],
)
def test_what_a_month_of_an_endpoint_costs_is_told_by_its_settings(
    settings: dict[str, Any], words: str
) -> None:
    line = describe_endpoint({**INSTANCE, **settings})
    assert words in line
    assert "\n" not in line


def test_before_a_deploy_a_line_says_what_the_settings_cost() -> None:
    line = describe_settings(Settings())
    for words in ("an hour", "a day", "a month while no photo comes", "for 1,000 photos", "a training"):
        assert words in line
    assert DESCRIPTION in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"endpoint_instance_type": "ml.r5.large"}, "a month (without ml.r5.large, not in "),
        ({"training_instance_type": "ml.p2.xlarge"}, "its evaluation (without ml.p2.xlarge, not in "),
        ({"model_artifact": "s3://bucket/model.tar.gz"}, "at most for an evaluation of the model"),
    ],
)
def test_the_line_names_what_it_does_not_know_and_what_is_not_done(
    settings: dict[str, Any], words: str
) -> None:
    assert words in describe_settings(Settings(**settings))


def test_after_a_deploy_a_line_says_what_it_costs_until_it_is_destroyed() -> None:
    line = describe_deployed(Settings(), switched_off=False, here=False)
    assert line.startswith("This costs $")
    assert "a month while no photo comes, until make destroy; with the endpoint off $" in line


def test_on_the_embedded_cloud_the_line_says_what_it_would_cost_on_aws() -> None:
    assert describe_deployed(Settings(), switched_off=False, here=True).startswith("On AWS this would cost $")


def test_an_endpoint_that_was_switched_off_is_not_counted() -> None:
    on, off = (describe_deployed(Settings(), switched_off=which, here=False) for which in (False, True))
    assert off.endswith("until make destroy; with the endpoint off, as it is now")
    assert on.split(" an hour")[0] != off.split(" an hour")[0]


def test_what_costs_nothing_idle_is_not_to_be_switched_off() -> None:
    line = describe_deployed(Settings(endpoint_mode="serverless"), switched_off=False, here=False)
    assert line.endswith("a month while no photo comes, until make destroy")


def test_an_endpoint_that_was_switched_on_is_counted_although_the_settings_have_it_off() -> None:
    as_set, on = (
        describe_deployed(Settings(endpoint_mode=mode), switched_off=False, here=False)
        for mode in ("instance", "off")
    )
    assert on == as_set


def test_the_whole_estimate_has_each_part_its_sources_and_its_assumptions() -> None:
    lines = list(format_costs(Settings()))
    for heading in (
        "A month while no photo comes",
        "1,000 photos, uploaded one by one",
        "1,000 photos of a batch",
        "A month of 1,000 reviews",
        "A training and its evaluation, at most",
        "Prices: us-east-1",
        "Assumed",
        "Not checked",
    ):
        assert any(line.startswith(heading) for line in lines), heading
    assert any("endpoint, 1 ml.t2.medium always on" in line and line.endswith("$40.88") for line in lines)


def test_the_whole_estimate_names_a_type_without_a_price() -> None:
    lines = list(format_costs(Settings(endpoint_instance_type="ml.r5.large")))
    assert any("ml.r5.large" in line and line.endswith("not in console/costs/prices.json") for line in lines)
