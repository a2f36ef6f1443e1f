"""What a deployment costs by its settings, in dollars, from the least to the most."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from console.costs.prices import HOURS_A_MONTH, find_hourly, price_use
from console.costs.usage import (
    DAYS_A_MONTH,
    use_batch,
    use_busy,
    use_daily_photos,
    use_idle,
    use_photos,
    use_reviews,
)
from stacks.configuration.endpoint import tell_endpoint_settings
from stacks.configuration.schedule import count_hours_on
from stacks.configuration.settings import Settings

HOURS_A_WEEK = 168
# How long a deploy waits for a training and its evaluation together.
LONGEST_DEPLOY_SECONDS = 3420


class Range(NamedTuple):
    """Dollars, from the least to the most."""

    least: float
    most: float


@dataclass(frozen=True)
class Costs:
    """What something costs, item by item.

    Attributes:
        items: Each item's dollars, by what it is for.
        unknown: Instance types that the table of prices does not have: what they cost is missing.
    """

    items: Mapping[str, Range]
    unknown: tuple[str, ...] = field(default=())

    def total(self) -> Range:
        """Returns the sum of all items whose price is known."""
        return Range(
            sum(item.least for item in self.items.values()), sum(item.most for item in self.items.values())
        )


def estimate_endpoint(told: Mapping[str, Any]) -> Costs:
    """Returns what a month of an endpoint of instances costs while no photo comes.

    Args:
        told: What its stack tells of its settings (stacks/configuration/endpoint.py).
    """
    hourly = find_hourly(told["instance_type"])
    if hourly is None:
        return Costs({}, (told["instance_type"],))
    least, most = told["least"], told["most"]
    count = str(least) if least == most else f"{least} to {most}"
    shares, when = _share_on(told["schedule"])
    month = hourly * HOURS_A_MONTH
    what = f"endpoint, {count} {told['instance_type']} {when}"
    return Costs({what: Range(month * least * shares.least, month * most * shares.most)})


def estimate_month(settings: Settings, *, switched_off: bool | None = None) -> Costs:
    """Returns what a month costs while no photo comes.

    Args:
        settings: The settings.
        switched_off: Whether the endpoint is switched off; None where that is as the settings say.
    """
    if settings.endpoint_mode == "off" if switched_off is None else switched_off:
        endpoint = Costs({"endpoint, switched off": Range(0, 0)})
    elif settings.endpoint_mode == "serverless":
        endpoint = Costs({"endpoint, serverless": Range(0, 0)})
    else:
        endpoint = estimate_endpoint(tell_endpoint_settings(settings))
    return Costs({**endpoint.items, **_price(use_idle(settings))}, endpoint.unknown)


def estimate_busy_month(settings: Settings) -> float:
    """Returns what the metrics of photos cost more, at most: where photos come in each hour of a month."""
    return price_use(use_busy(settings))


def estimate_photos(settings: Settings, count: float) -> Costs:
    """Returns what photos cost that are uploaded one by one and routed, with all that is kept of them."""
    return Costs(_price(use_photos(settings, count)))


def estimate_batch(settings: Settings, count: float) -> Costs:
    """Returns what photos cost that lie in S3 already and are routed as a batch."""
    return Costs(_price(use_batch(settings, count)))


def estimate_reviews(settings: Settings, count: float) -> Costs:
    """Returns what a month's reviews cost beside what the same photos would cost if they were routed."""
    return Costs(_price(use_reviews(settings, count)))


def estimate_busy(settings: Settings, photos_a_day: float, *, batched: bool = False) -> Costs:
    """Returns what a month costs in which so many photos come each day, with all that runs beside them.

    Args:
        settings: The settings.
        photos_a_day: How many photos.
        batched: Whether they are routed as batches, not one by one.
    """
    month, count = estimate_month(settings), photos_a_day * DAYS_A_MONTH
    photos = estimate_batch(settings, count) if batched else estimate_photos(settings, count)
    daily = _price(use_daily_photos(settings, photos_a_day))
    return Costs({**month.items, **photos.items, **daily}, month.unknown)


def estimate_training(settings: Settings) -> Costs:
    """Returns what a training and its evaluation cost at most: as long as a deploy waits for them.

    On spot instances a training costs less, by what the market asks: this is what on-demand ones cost.
    """
    training, count = settings.training_instance_type, settings.training_instance_count
    evaluation, training_seconds = settings.evaluation_instance_type, 0
    if not settings.model_artifact and (find_hourly(training) or 0) * count >= (find_hourly(evaluation) or 0):
        # Else a training costs the most that ends at once, and leaves the time to what is dearer.
        training_seconds = min(settings.training_max_seconds, LONGEST_DEPLOY_SECONDS)
    jobs = [("evaluation", evaluation, 1, LONGEST_DEPLOY_SECONDS - training_seconds)]
    if not settings.model_artifact:
        jobs.insert(0, ("training", training, count, training_seconds))
    items, unknown = {}, []
    for what, instance_type, count, seconds in jobs:
        if (hourly := find_hourly(instance_type)) is None:
            unknown.append(instance_type)
        else:
            dollars = hourly * count * seconds / 3600
            items[f"{what}, {count} {instance_type}"] = Range(dollars, dollars)
    return Costs(items, tuple(dict.fromkeys(unknown)))


def _price(uses: Mapping[str, Mapping[str, float]]) -> dict[str, Range]:
    prices = {what: price_use(use) for what, use in uses.items()}
    return {what: Range(dollars, dollars) for what, dollars in prices.items()}


def _share_on(schedule: Mapping[str, str]) -> tuple[Range, str]:
    """Returns the share of a month in which a schedule has the endpoint on, and says when that is."""
    if not schedule:
        return Range(1, 1), "always on"
    hours = count_hours_on(schedule)
    if hours is None:
        return Range(0, 1), "by its schedule, in some weeks otherwise than in others"
    share = hours / HOURS_A_WEEK
    return Range(share, share), f"by its schedule, {hours:g} of {HOURS_A_WEEK} hours a week"
