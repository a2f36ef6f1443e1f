"""Completes the Resource Groups Tagging API: GetResources tells of services that MiniStack leaves out.

And it tells of what has tags alone, as on AWS
(https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html).
"""

from collections.abc import Iterator
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import cloudformation, cloudwatch, cloudwatch_logs, ssm, stepfunctions, tagging

from local.autoscaling import targets
from local.patching import find_original, wrap
from local.sagemaker import records

Tagged = Iterator[tuple[str, list[dict[str, str]]]]


def install() -> None:
    """Adds the services, and leaves out what has no tags."""
    for owner, name in (
        (cloudformation, "_stacks"),
        (cloudwatch, "_resource_tags"),
        (cloudwatch_logs, "_log_groups"),
        (ssm, "_tags"),
        (stepfunctions, "_tags"),
    ):
        find_original(owner, name)
    find_original(tagging, "_COLLECTORS").update(
        {
            "application-autoscaling": lambda: _list_pairs(targets.tags),
            "cloudformation": _list_stacks,
            "cloudwatch": _list_alarms,
            "logs": _list_log_groups,
            "sagemaker": lambda: iter(records.tags.items()),
            "ssm": lambda: _list_pairs(ssm._tags),
            "states": _list_state_machines,
        }
    )
    wrap(tagging, "_matches_tag_filters", _match)


def _match(matches: Any, tags: list[dict[str, str]], filters: Any) -> bool:
    return bool(tags) and bool(matches(tags, filters))


def _list_pairs(by_arn: Any) -> Tagged:
    for arn, tags in by_arn.items():
        yield arn, _spell_out(tags)


def _list_stacks() -> Tagged:
    for stack in cloudformation._stacks.values():
        if stack.get("StackStatus") != "DELETE_COMPLETE":
            yield stack["StackId"], stack.get("Tags") or []


def _list_alarms() -> Tagged:
    for arn, tags in cloudwatch._resource_tags.items():
        if arn.split(":")[3] == get_region():
            yield arn, _spell_out(tags)


def _list_log_groups() -> Tagged:
    for name, group in cloudwatch_logs._log_groups.items():
        arn = f"arn:aws:logs:{get_region()}:{get_account_id()}:log-group:{name}"
        yield arn, _spell_out(group["tags"])


def _list_state_machines() -> Tagged:
    for arn, tags in stepfunctions._tags.items():
        yield arn, [{"Key": tag["key"], "Value": tag["value"]} for tag in tags]


def _spell_out(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
