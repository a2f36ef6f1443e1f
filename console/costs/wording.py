"""What a deployment costs, in words and as a table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from console.costs.estimate import (
    Costs,
    Range,
    estimate_batch,
    estimate_busy,
    estimate_busy_month,
    estimate_endpoint,
    estimate_month,
    estimate_photos,
    estimate_reviews,
    estimate_training,
)
from console.costs.prices import DESCRIPTION, HOURS_A_MONTH, TABLE
from console.costs.usage import ASSUMED
from stacks.configuration.settings import Settings

PHOTOS = 1000
TABLE_FILE = "console/costs/prices.json"


def describe_settings(settings: Settings) -> str:
    """Returns a line of what the settings cost, for before anything is made."""
    return (
        f"On AWS these settings cost {_describe_time(estimate_month(settings))} while no photo comes, "
        f"{format_dollars(estimate_photos(settings, PHOTOS).total().most)} for {PHOTOS:,} photos, "
        f"{_describe_training(settings)} ({DESCRIPTION})"
    )


def describe_deployed(settings: Settings, *, switched_off: bool, here: bool) -> str:
    """Returns a line of what costs from now on, for after a deploy.

    Args:
        settings: The settings.
        switched_off: Whether the endpoint is switched off, whatever the settings say.
        here: Whether the deployment is on the embedded cloud.
    """
    subject = "On AWS this would cost" if here else "This costs"
    month, off = (estimate_month(settings, switched_off=which) for which in (switched_off, True))
    line = f"{subject} {_describe_time(month)} while no photo comes, until make destroy"
    if switched_off:
        return f"{line}; with the endpoint off, as it is now"
    if settings.endpoint_mode != "serverless":
        return f"{line}; with the endpoint off {format_range(off.total())} a month"
    return line


def describe_endpoint(told: Mapping[str, Any]) -> str:
    """Returns a line of what a month of the endpoint costs: always on, by its schedule, and off.

    Args:
        told: What its stack tells of its settings (stacks/configuration/endpoint.py).
    """
    if told["mode"] == "serverless":
        return (
            "On AWS a month costs nothing while no photo comes: a serverless endpoint is paid by the answer"
        )
    always = estimate_endpoint({**told, "schedule": {}})
    if always.unknown:
        return (
            f"What a month of {told['instance_type']} costs on AWS is not in {TABLE_FILE}: see "
            "aws.amazon.com/sagemaker/ai/pricing; switched off nothing"
        )
    parts = [f"{format_range(always.total())} always on"]
    if told["schedule"]:
        ((what, dollars),) = estimate_endpoint(told).items.items()
        parts.append(f"{format_range(dollars)} {what.partition(told['instance_type'])[2].strip()}")
    return f"On AWS a month costs {', '.join(parts)}, $0 switched off ({DESCRIPTION})"


def format_costs(settings: Settings) -> Iterator[str]:
    """Yields the lines of the whole estimate."""
    yield describe_settings(settings)
    busy = format_dollars(estimate_busy_month(settings))
    yield from _format("A month while no photo comes", estimate_month(settings))
    yield f"  and up to {busy} for custom metrics of photos, where some come in each hour of the month"
    yield from _format(f"{PHOTOS:,} photos, uploaded one by one", estimate_photos(settings, PHOTOS))
    yield from _format(f"{PHOTOS:,} photos of a batch, which lie in S3", estimate_batch(settings, PHOTOS))
    yield from _format(f"A month of {PHOTOS:,} reviews, beside that", estimate_reviews(settings, PHOTOS))
    yield from _format(f"{_name_training(settings)}, at most", estimate_training(settings))
    yield from _explain()


def format_busy(settings: Settings, photos_a_day: int) -> Iterator[str]:
    """Yields the lines of what a month costs in which so many photos come each day."""
    batched = format_range(estimate_busy(settings, photos_a_day, batched=True).total())
    yield from _format(f"A month of {photos_a_day:,} photos a day", estimate_busy(settings, photos_a_day))
    yield f"  and as batches, of photos that lie in S3 already, {batched} in all"
    yield from _explain()


def _explain() -> Iterator[str]:
    yield ""
    yield f"Prices: {DESCRIPTION}; {TABLE_FILE} says where each was read"
    yield f"Assumed, for nobody has measured it on AWS: {ASSUMED}"
    for fault in _list_unchecked():
        yield f"Not checked: {fault}"


def format_range(dollars: Range) -> str:
    """Returns a sum, or the least and the most."""
    least, most = format_dollars(dollars.least), format_dollars(dollars.most)
    return least if least == most else f"{least} to {most}"


def format_dollars(dollars: float) -> str:
    """Returns a sum with cents; from $100 on without, below a cent with two digits that count."""
    if dollars >= 100:
        return f"${dollars:,.0f}"
    if dollars >= 0.01 or dollars == 0:
        return f"${dollars:.2f}" if dollars else "$0"
    return f"${dollars:.2g}" if dollars >= 0.0001 else "less than $0.0001"


def _describe_time(month: Costs) -> str:
    total = month.total()
    hour, day = (
        Range(*(share * part for part in total)) for share in (1 / HOURS_A_MONTH, 24 / HOURS_A_MONTH)
    )
    unknown = f" (without {' and '.join(month.unknown)}, not in {TABLE_FILE})" if month.unknown else ""
    return f"{format_range(hour)} an hour, {format_range(day)} a day, {format_range(total)} a month{unknown}"


def _describe_training(settings: Settings) -> str:
    costs = estimate_training(settings)
    unknown = f" (without {' and '.join(costs.unknown)}, not in {TABLE_FILE})" if costs.unknown else ""
    return f"{format_dollars(costs.total().most)} at most for {_name_training(settings).lower()}{unknown}"


def _name_training(settings: Settings) -> str:
    return "An evaluation of the model" if settings.model_artifact else "A training and its evaluation"


def _format(heading: str, costs: Costs) -> Sequence[str]:
    rows = [(f"  {what}", format_range(dollars)) for what, dollars in costs.items.items()]
    rows += [(f"  {instance_type}", f"not in {TABLE_FILE}") for instance_type in costs.unknown]
    rows.insert(0, (heading, format_range(costs.total())))
    return ["", *(f"{what:<72}{dollars:>16}" for what, dollars in rows)]


def _list_unchecked() -> Iterator[str]:
    yield TABLE["instances"]["unchecked"]
    for name, price in TABLE["prices"].items():
        if "unchecked" in price:
            yield f"{name}: {price['unchecked']}"
