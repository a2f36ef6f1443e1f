"""The table of prices says of each price what it is for, how much, and where that was read."""

import datetime

from console.costs.prices import DESCRIPTION, TABLE, find_hourly, price_use
from console.costs.usage import use_batch, use_busy, use_idle, use_photos, use_reviews
from stacks.configuration.instance_types import HOSTING, TRAINING, TRANSFORM
from stacks.configuration.settings import Settings


def test_each_price_has_a_unit_and_a_source_and_is_above_nothing() -> None:
    for name, price in TABLE["prices"].items():
        assert {"usd", "unit", "source"} <= price.keys() <= {"usd", "unit", "source", "unchecked"}, name
        assert price["usd"] > 0
        assert price["unit"]
        assert price["source"]
    assert TABLE["instances"]["source"]
    assert TABLE["instances"]["unchecked"]
    assert all(hourly > 0 for hourly in TABLE["instances"]["usd"].values())


def test_the_table_says_its_region_its_day_and_what_it_leaves_out() -> None:
    assert datetime.date.fromisoformat(TABLE["read"])
    for part in ("region", "read", "left_out"):
        assert TABLE[part] in DESCRIPTION


def test_each_type_of_the_table_is_one_that_a_setting_takes() -> None:
    assert set(TABLE["instances"]["usd"]) <= HOSTING | TRAINING | TRANSFORM


def test_the_types_of_the_default_settings_have_a_price() -> None:
    settings = Settings()
    for instance_type in (
        settings.endpoint_instance_type,
        settings.training_instance_type,
        settings.evaluation_instance_type,
    ):
        assert find_hourly(instance_type)


def test_each_price_is_used_and_each_use_has_a_price() -> None:
    used: set[str] = set()
    for mode in ("instance", "serverless"):
        settings = Settings(endpoint_mode=mode)
        used |= use_busy(settings).keys()
        for uses in (
            use_idle(settings),
            use_photos(settings, 1),
            use_batch(settings, 1),
            use_reviews(settings, 1),
        ):
            for use in uses.values():
                used |= use.keys()
    assert used == TABLE["prices"].keys()


def test_a_use_costs_its_units_times_their_prices() -> None:
    assert price_use({"alarm_month": 3, "dashboard_month": 1}) == 3 * 0.1 + 3
