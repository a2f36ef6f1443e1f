"""Settings of the endpoint that contradict each other are refused in a line; others are not."""

import json
from typing import Any

import pytest

from stacks.configuration.endpoint import format_endpoint_settings
from stacks.configuration.settings import SettingError, Settings, read_settings

NIGHTS = {"off": "0 20 ? * MON-FRI *", "on": "0 7 ? * MON-FRI *", "time_zone": "Europe/Berlin"}
SCALING = {"endpoint_max_instances": 4, "endpoint_instance_type": "ml.m5.large"}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"endpoint_min_instances": 2}, "below endpoint_min_instances, which is 2"),
        ({"endpoint_max_instances": 2}, "no endpoint of ml.t2.medium scales by itself"),
        ({**SCALING, "endpoint_mode": "serverless"}, "which has no instances and scales by itself"),
        (
            {"endpoint_mode": "serverless", "endpoint_min_instances": 2, "endpoint_max_instances": 2},
            "set it and endpoint_min_instances to 1",
        ),
        (
            {"endpoint_mode": "serverless", "endpoint_baking_seconds": 60},
            "whose updates SageMaker does not watch",
        ),
        ({"endpoint_mode": "serverless", "endpoint_schedule": NIGHTS}, "which costs nothing while idle"),
        ({"endpoint_mode": "off", "endpoint_schedule": NIGHTS}, "would switch on what is to stay off"),
        ({"endpoint_schedule": {**NIGHTS, "on": "00 20 ? * 2-6 *"}}, "off and on at the same time"),
    ],
)
def test_settings_that_contradict_each_other_are_named_with_what_to_do(
    settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingError, match=words) as refused:
        Settings(**settings)
    (line,) = str(refused.value).splitlines()
    assert line.startswith("Setting 'endpoint_")


@pytest.mark.parametrize(
    "settings",
    [
        SCALING,
        {**SCALING, "endpoint_mode": "off"},
        {"endpoint_min_instances": 3, "endpoint_max_instances": 3},
        {"endpoint_mode": "serverless", "endpoint_baking_seconds": 0},
        {"endpoint_mode": "serverless", "endpoint_instance_type": "ml.m5.large"},
        {**SCALING, "endpoint_schedule": NIGHTS},
    ],
)
def test_settings_that_only_do_not_matter_at_the_moment_are_taken(settings: dict[str, Any]) -> None:
    Settings(**settings)


def test_a_schedule_is_taken_from_the_command_line_as_json() -> None:
    read = read_settings({"endpoint_schedule": json.dumps(NIGHTS)})
    assert read.endpoint_schedule == NIGHTS
    assert json.loads(format_endpoint_settings(read)) == {
        "mode": "instance",
        "instance_type": "ml.t2.medium",
        "least": 1,
        "most": 1,
        "schedule": NIGHTS,
    }


@pytest.mark.parametrize(
    "schedule",
    [
        {"off": NIGHTS["off"]},
        {**NIGHTS, "time_zone": "Berlin"},
        {**NIGHTS, "on": "0 7 * * *"},
        {**NIGHTS, "on": "0 24 ? * MON-FRI *"},
        {**NIGHTS, "at": "noon"},
        "every night",
    ],
)
def test_what_scheduler_would_refuse_is_refused_before_the_deploy(schedule: Any) -> None:
    with pytest.raises(SettingError, match=r"Setting 'endpoint_schedule' is .*it must be empty, or off, on"):
        read_settings({"endpoint_schedule": schedule})


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("time_zone", "Berlin", "there is no time_zone 'Berlin'"),
        ("off", "0 24 ? * MON *", "off is wrong, '24' is no hour from 0 to 23"),
        ("off", "0 20 ? * MOON *", "off is wrong, 'MOON' is no number and none of SUN, MON,"),
        ("on", "0 7 * * *", "on is wrong, '0 7 * * *' has not six fields with one ? in place of a day"),
    ],
)
def test_of_a_schedule_the_field_that_is_wrong_is_named(field: str, value: str, words: str) -> None:
    with pytest.raises(SettingError) as refused:
        read_settings({"endpoint_schedule": {**NIGHTS, field: value}})
    (line,) = str(refused.value).splitlines()
    assert f": {words}" in line
    assert "; it must be empty, or off, on" in line
