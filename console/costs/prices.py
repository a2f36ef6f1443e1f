"""The table of list prices: dollars a unit, in one region, each with where it was read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HOURS_A_MONTH = 730
TABLE: dict[str, Any] = json.loads(Path(__file__).with_name("prices.json").read_text())
DESCRIPTION = f"{TABLE['region']}, list prices read on {TABLE['read']}, without {TABLE['left_out']}"


def price_use(use: Mapping[str, float]) -> float:
    """Returns what a use costs, in dollars.

    Args:
        use: How many units of what, by the names of the table.
    """
    return sum(amount * TABLE["prices"][name]["usd"] for name, amount in use.items())


def find_hourly(instance_type: str) -> float | None:
    """Returns what an instance costs an hour, in dollars; None where the table does not have it."""
    hourly: float | None = TABLE["instances"]["usd"].get(instance_type)
    return hourly
