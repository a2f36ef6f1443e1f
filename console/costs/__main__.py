"""Prints the table of docs/scale.md of what photos cost by their number: ``python -m console.costs``."""

from collections.abc import Mapping

from console.costs.estimate import Costs, Range, estimate_busy, estimate_training
from console.costs.wording import format_range
from stacks.configuration.settings import Settings

PHOTOS_A_DAY: Mapping[int, Mapping[str, object]] = {
    100: {},
    10_000: {},
    # 700 a minute, and for some hours three times as many, of which each instance is to answer 300.
    1_000_000: {
        "endpoint_instance_type": "ml.m5.large",
        "endpoint_min_instances": 3,
        "endpoint_max_instances": 7,
    },
}
"""By how many photos a day the settings that are other than their defaults."""

OF_AN_ENDPOINT = ("endpoint, ", "answers of the endpoint")


def format_table() -> str:
    """Returns a month's dollars by part and photos a day as a table in Markdown."""
    settings = [Settings.model_validate(changed) for changed in PHOTOS_A_DAY.values()]
    serverless = Settings(endpoint_mode="serverless")
    ours = _estimate(settings)
    others = _estimate([serverless] * len(settings))
    batched = _estimate(settings, batched=True)
    rows = {"**endpoint**, its instances": [_add(costs, OF_AN_ENDPOINT[0]) for costs in ours]}
    rows |= {what: [costs.items[what] for costs in ours] for what in ours[0].items if not _is_instances(what)}
    rows["**all of it**"] = [costs.total() for costs in ours]
    rows["`endpoint_mode` `serverless`: the endpoint"] = [_add(costs, *OF_AN_ENDPOINT) for costs in others]
    rows["all of it, `serverless`"] = [costs.total() for costs in others]
    rows["all of it, as batches of photos that lie in S3"] = [costs.total() for costs in batched]
    rows["each deploy: a training and its evaluation, at most"] = [
        estimate_training(each).total() for each in settings
    ]
    lines = [
        f"| a month of | {' | '.join(f'{count:,} a day' for count in PHOTOS_A_DAY)} |",
        f"| --- |{' --- |' * len(PHOTOS_A_DAY)}",
        f"| settings | {' | '.join(_name_settings(changed) for changed in PHOTOS_A_DAY.values())} |",
    ]
    lines += [f"| {what} | {' | '.join(map(format_range, dollars))} |" for what, dollars in rows.items()]
    return "\n".join(lines)


def _estimate(settings: list[Settings], *, batched: bool = False) -> list[Costs]:
    return [
        estimate_busy(each, photos, batched=batched)
        for each, photos in zip(settings, PHOTOS_A_DAY, strict=True)
    ]


def _is_instances(what: str) -> bool:
    return what.startswith(OF_AN_ENDPOINT[0])


def _add(costs: Costs, *beginnings: str) -> Range:
    return Costs({what: each for what, each in costs.items.items() if what.startswith(beginnings)}).total()


def _name_settings(changed: Mapping[str, object]) -> str:
    return ", ".join(f"`{name}` {value}" for name, value in changed.items()) or "the defaults"


if __name__ == "__main__":
    print(format_table())
