"""Corrects how MiniStack's IAM judges line breaks, ARNs with paths, alarms, and events by their source."""

import json
import re
from contextlib import suppress
from functools import lru_cache
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import iam

from local.patching import find_original, replace, wrap

STORES = {"role": "_roles", "user": "_users", "group": "_groups"}
"""What an IAM resource is called in its ARN, and where MiniStack keeps such resources by name."""


_TELLS_OF_ALARMS = "cloudwatch:DescribeAlarms"
_PARSED_POLICIES = 1024


def install() -> None:
    """Replaces MiniStack's rules by AWS's."""
    find_original(iam_actions, "extract_iam_action")
    for store in STORES.values():
        find_original(iam, store)
    find_original(iam_actions, "_query_param")
    replace(iam_evaluator, "_fnmatch_compile", compile_wildcards)
    for gather in ("_gather_role_policies", "_gather_user_policies"):
        wrap(iam_evaluator, gather, _gather_policies)
    _parse_each_policy_once()
    wrap(iam_actions, "extract_resource_arn", _extract_resource_arn)
    wrap(iam_actions, "request_tag_context", _describe_request)
    handlers = find_original(iam, "_IAM_HANDLERS")
    simulate = handlers["SimulatePrincipalPolicy"]
    handlers["SimulatePrincipalPolicy"] = lambda request: _simulate(simulate, request)


@lru_cache(maxsize=4096)
def compile_wildcards(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    """Returns the expression that matches all of a value as IAM's ``*`` and ``?`` do: any characters.

    Args:
        pattern: Pattern from a policy.
        ignore_case: Whether upper and lower case are one, as in actions.
    """
    wildcards = {"*": ".*", "?": "."}
    expression = "".join(wildcards.get(character) or re.escape(character) for character in pattern)
    return re.compile(rf"{expression}\Z", re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _parse_each_policy_once() -> None:
    """Keeps what policies say by their text, for each request asks all of its role's anew."""
    parse = find_original(iam_evaluator, "parse_policy_document")
    parse_text = lru_cache(maxsize=_PARSED_POLICIES)(parse)

    def parse_policy(policy: str | dict[str, Any]) -> Any:
        return parse_text(policy) if isinstance(policy, str) else parse(policy)

    replace(iam_evaluator, "parse_policy_document", parse_policy)


def _gather_policies(gather: Any, name: str, account: str) -> Any:
    return gather(name.rsplit("/", 1)[-1], account)


def _find(arn: str) -> tuple[str, str, dict[str, Any] | None]:
    """Returns the kind, the name and the record of the role, user or group that an ARN names."""
    kind, _, path = arn.rpartition(":")[2].partition("/")
    name = path.rsplit("/", 1)[-1]
    record = getattr(iam, STORES[kind]).get(name) if kind in STORES else None
    return kind, name, record


def _extract_resource_arn(extract: Any, service: str, *rest: Any) -> str:
    """Lets policies name IAM's own resources by their whole ARNs, paths included, and alarms by theirs.

    Whichever alarms are asked for, CloudWatch wants the permission to tell of all.
    """
    arn = str(extract(service, *rest))
    if service == "monitoring" and arn == "*":
        action = iam_actions.extract_iam_action(service, *rest[:5])
        region, account = rest[5:7]
        return f"arn:aws:cloudwatch:{region}:{account}:alarm:*" if action == _TELLS_OF_ALARMS else arn
    if service != "iam":
        return arn
    kind, name, record = _find(arn)
    if record is not None:
        return str(record["Arn"])
    path = iam_actions._query_param(rest[4], "Path")
    return f"{arn.removesuffix(name)}{path.lstrip('/')}{name}" if kind in STORES else arn


def _describe_request(describe: Any, service: str, action: str, body: bytes, *rest: Any) -> dict[str, Any]:
    """Adds EventBridge's condition keys for events to those that MiniStack knows of a request.

    Of events that differ there is no one value, so that a condition on it does not hold.
    """
    keys = dict(describe(service, action, body, *rest))
    if action != "events:PutEvents":
        return keys
    for key, field in (("events:source", "Source"), ("events:detail-type", "DetailType")):
        # EventBridge itself refuses what is no request.
        with suppress(ValueError, LookupError, TypeError):
            (keys[key],) = {entry[field] for entry in json.loads(body)["Entries"]}
    return keys


def _simulate(simulate: Any, request: dict[str, Any]) -> Any:
    arn = iam._p(request, "PolicySourceArn")
    kind, name, record = _find(arn)
    if kind in STORES and (record is None or record["Arn"] != arn):
        return iam._error(404, "NoSuchEntity", f"The {kind} with name {name} cannot be found.")
    return simulate(request)
