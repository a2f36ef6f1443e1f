"""What to do where a quota is too low: settings that fit the account, a rise, or another machine."""

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from console.preflight.findings import OK, Account
from console.preflight.needs import ENDPOINT, TRAINING, TRANSFORM, Need, list_needs
from stacks.configuration import instance_types
from stacks.configuration.settings import SettingError, Settings

TRAIN_HERE = (
    "train on this machine: (make demo && source .venv/bin/activate && "
    'eval "$(python -m local env)" && python -m console model model.tar.gz), and in cdk.json '
    '"model_artifact": "model.tar.gz"'
)
# The cheaper families first; those with a GPU last, but for training.
_FAMILIES = ("t2", "m5", "c5", "m4", "c4", "m6i", "c6i", "m7i", "c7i", "g4dn", "g5", "p3", "p2")
_SIZES = ("medium", "large", "xlarge")  # before those of several: 2xlarge and so on


def list_ways_out(account: Account, settings: Settings, need: Need) -> list[str]:
    """Returns the ways out of a need that is not met, the cheapest and quickest first.

    Args:
        account: What the account has.
        settings: The settings that ask for it.
        need: What they ask for.
    """
    ways = [
        f"in cdk.json: {json.dumps(change)[1:-1]}" for change in _list_changes(account, settings, need.use)
    ]
    if need.use == TRAINING:
        ways.append(TRAIN_HERE)
    if need.quota in account.quotas:
        ways.append(
            "ask for more, which takes minutes to days: aws service-quotas request-service-quota-increase "
            f"--service-code sagemaker --quota-code {account.quotas[need.quota].code} "
            f"--desired-value {_count_wanted(account, need)}"
        )
    return ways


def _count_wanted(account: Account, need: Need) -> int:
    """Returns what the quota would have to be, beside what others use of it."""
    others = sum(
        use.count
        for use in account.uses
        if use.quota == need.quota and not (need.use == ENDPOINT and use.name == account.own)
    )
    return others + need.asked


def _list_changes(account: Account, settings: Settings, use: str) -> Iterator[Mapping[str, Any]]:
    """Yields changes of settings with which the account has all that is asked for a use.

    They are the first other instance type of all that do, and the first other mode.
    """
    kinds: dict[str, list[list[Mapping[str, Any]]]] = {
        TRAINING: [
            _list_types("training_instance_type", instance_types.TRAINING),
            [{"training_mode": mode} for mode in ("on-demand", "spot")],
        ],
        TRANSFORM: [_list_types("evaluation_instance_type", instance_types.TRANSFORM)],
        ENDPOINT: [
            _list_types("endpoint_instance_type", instance_types.HOSTING),
            [{"endpoint_mode": "serverless"}],
        ],
    }
    for kind in kinds[use]:
        for change in kind:
            if _is_way_out(account, settings, change, use):
                yield change
                break


def _is_way_out(account: Account, settings: Settings, change: Mapping[str, Any], use: str) -> bool:
    try:
        changed = Settings(**{**settings.model_dump(), **change})
    except SettingError:
        return False
    needs = [need for need in list_needs(changed) if need.use == use]
    return changed != settings and all(account.judge(need).state == OK for need in needs)


def _list_types(setting: str, types: Collection[str]) -> list[Mapping[str, Any]]:
    """Returns a change for each instance type, the small ones without a GPU first."""
    return [{setting: name} for name in sorted(types, key=_rank)]


def _rank(instance_type: str) -> tuple[bool, int, int, str]:
    _, family, size = instance_type.split(".")
    known = _FAMILIES.index(family) if family in _FAMILIES else len(_FAMILIES)
    scale = _SIZES.index(size) if size in _SIZES else len(_SIZES) + int(size.removesuffix("xlarge"))
    return family.startswith(("g", "p")), scale, known, instance_type
