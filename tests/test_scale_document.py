"""docs/scale.md tells what the code has: costs by photos a day, bounds that are ours, and settings."""

import re
from pathlib import Path

import pytest

from benchmarks.growth.parts import PARTS
from console.costs.__main__ import PHOTOS_A_DAY, format_table
from console.costs.estimate import LONGEST_DEPLOY_SECONDS, estimate_busy
from console.costs.usage import MOST_DRIFT_PHOTOS, PHOTOS_OF_A_PART, ROUTED_STATES
from console.traffic.executed import MOST_EXECUTIONS
from stacks import uploads
from stacks.configuration.endpoint import SERVERLESS_CONCURRENCY
from stacks.configuration.settings import Settings

DOCUMENT = (Path(__file__).resolve().parents[1] / "docs" / "scale.md").read_text()
TABLE = DOCUMENT.split("## Where each part ends")[1].split("\n\nThe endpoint ends first")[0]
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]] for line in TABLE.splitlines() if line.startswith("|")
]
BOUNDS = {row[0]: row for row in ROWS}


def test_its_table_of_costs_is_the_one_that_the_prices_make() -> None:
    table = format_table()
    header = table.splitlines()[0]
    found = DOCUMENT[DOCUMENT.index(header) :].split("\n\n")[0]
    assert found == table, "python -m console.costs prints the table for docs/scale.md"


def test_a_part_of_the_table_is_not_missing_from_the_sum() -> None:
    for changed, photos in zip(PHOTOS_A_DAY.values(), PHOTOS_A_DAY, strict=True):
        items = estimate_busy(Settings.model_validate(changed), photos).items
        assert sum(what.startswith("endpoint, ") for what in items) == 1
        others = [what for what in items if not what.startswith("endpoint, ")]
        assert others
        assert all(f"\n| {what} | " in format_table() for what in others)


def test_the_bounds_that_are_ours_are_those_of_the_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    from lambdas.operations import drift_photos

    at_once, batch = uploads.MOST_AT_ONCE, uploads.BATCH
    assert BOUNDS["function upload"][1] == f"{at_once} calls of {batch} messages at a time"
    assert f"ours has {at_once * batch} in flight" in BOUNDS["queue"][1]
    assert BOUNDS["endpoint, `serverless`"][1].startswith(f"{SERVERLESS_CONCURRENCY} at a time")
    assert BOUNDS["page"][1].startswith(f"{MOST_EXECUTIONS:,} executions")
    assert BOUNDS["training and evaluation"][1].startswith(f"{LONGEST_DEPLOY_SECONDS // 60} minutes")
    assert BOUNDS["states"][2].startswith(f"{1500 // ROUTED_STATES}, elsewhere {500 // ROUTED_STATES}")
    assert MOST_DRIFT_PHOTOS == drift_photos.MOST_PHOTOS
    megabytes = drift_photos.MOST_READ_BYTES // 2**20
    assert BOUNDS["function drift"][1] == (
        f"{MOST_DRIFT_PHOTOS:,} photos of a day, {megabytes} MiB of captured lines"
    )
    assert f"a state for {PHOTOS_OF_A_PART} photos" in DOCUMENT


def test_each_setting_that_is_to_be_turned_exists() -> None:
    turned = {name for cells in BOUNDS.values() for name in re.findall(r"`([a-z]+(?:_[a-z]+)+)`", cells[4])}
    assert "endpoint_max_instances" in turned
    assert turned <= set(Settings.model_fields)


def test_each_part_whose_growth_is_measured_has_a_table_of_its_sizes_and_a_picture() -> None:
    growth = DOCUMENT.split("## Measured growth")[1]
    for name, part in PARTS.items():
        assert f"](scale/{name}.svg)" in growth
        assert f" {name}" in growth.split("```")[1]
        assert f"| {part.size} | {' | '.join(f'{size:,}' for size in part.sizes)} |" in growth
