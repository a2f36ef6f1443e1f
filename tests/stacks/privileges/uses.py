"""Reads what embedded clouds have noted of permissions, and writes it as a table."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from tests.stacks.privileges.reasons import find_reason, is_of_aws
from tests.stacks.synthesis import STACKS

RECORD = Path(__file__).with_name("uses.json")
# CloudFormation's names of roles: the stack, the logical id with the CDK's digest, and what makes it unique.
# The embedded one cuts into the last two where the name would be too long.
_ROLE = re.compile(rf"(.+)-({'|'.join(STACKS)})-(\w*?Role)[0-9A-F]+(?:-[0-9A-Za-z]+)?")
_ACCOUNT = r"[\w-]*:(?:\d{12})?:"

Permission = tuple[str, str, str, str]
"""Stack, role, action and resource; the resource without what differs from deployment to deployment."""
Uses = dict[Permission, bool]
"""Whether each permission was used."""


def read_lines(lines: Iterable[str]) -> Uses:
    """Reads the lines that ``local/iam/uses.py`` has written; roles that are no deployment's are left out."""
    uses: Uses = {}
    for line in lines:
        noted = json.loads(line)
        if named := _ROLE.fullmatch(noted["role"]):
            name, stack, role = named.groups()
            permission = stack, role, noted["action"], generalize(noted["resource"], name)
            uses[permission] = uses.get(permission, False) or noted["kind"] == "used"
    return uses


def generalize(resource: str, name: str) -> str:
    """Returns a resource as it is in any deployment: NAME for the name, BUCKET and TABLE for its own.

    Args:
        resource: ARN, or a pattern of ARNs.
        name: The deployment's name.
    """
    short = re.sub(rf"^arn:aws:([\w-]+):{_ACCOUNT}", r"\1:", resource)
    short = re.sub(rf"^s3:{re.escape(name)}-storage-bucket[0-9a-z]+-[0-9a-z]+", "s3:BUCKET", short)
    short = re.sub(rf"^dynamodb:table/{re.escape(name)}-[\w-]+", "dynamodb:table/TABLE", short)
    short = re.sub(r"assets-\d{12}-[a-z0-9-]+/[0-9a-f]{64}", "assets-ACCOUNT-REGION/DIGEST", short)
    if named := _ROLE.fullmatch(short.removeprefix("iam:role/")):
        return f"iam:role/{named[3]}"
    return re.sub(rf"(?<![\w-]){re.escape(name)}(?![a-z])", "NAME", short)


def load() -> Uses:
    """Returns what was kept last."""
    kept: Mapping[str, Mapping[str, Mapping[str, bool]]] = json.loads(RECORD.read_text())
    return {
        (*role.split("/"), action, resource): used
        for role, actions in kept.items()
        for action, resources in actions.items()
        for resource, used in resources.items()
    }  # type: ignore[misc]


def keep(uses: Uses) -> None:
    """Keeps what was used."""
    kept: defaultdict[str, defaultdict[str, dict[str, bool]]] = defaultdict(lambda: defaultdict(dict))
    for (stack, role, action, resource), used in sorted(uses.items()):
        kept[f"{stack}/{role}"][action][resource] = used
    RECORD.write_text(json.dumps(kept, indent=1) + "\n")


def draw_table(uses: Uses) -> str:
    """Returns a Markdown table: of each role and resource what was used, and what else is allowed and why."""
    cells: defaultdict[tuple[str, str, str], tuple[list[str], dict[str, list[str]]]] = defaultdict(
        lambda: ([], {})
    )
    for (stack, role, action, resource), used in sorted(uses.items()):
        if is_of_aws(action, resource):
            continue
        used_there, unused_there = cells[stack, role, resource]
        if used:
            used_there.append(action)
        else:
            reason = find_reason(role, action, resource) or "no reason"
            unused_there.setdefault(reason, []).append(action)
    return "\n".join(
        [
            "| role | on | used | allowed and not used |",
            "| --- | --- | --- | --- |",
            *(
                f"| {stack} `{role}` | `{resource}` | {_list_actions(used)} | {'; '.join(_explain(unused))} |"
                for (stack, role, resource), (used, unused) in cells.items()
            ),
        ]
    )


def _explain(unused: Mapping[str, list[str]]) -> Iterator[str]:
    for reason, actions in unused.items():
        yield f"{_list_actions(actions)}: {reason}"


def _list_actions(actions: Iterable[str]) -> str:
    return ", ".join(f"`{action}`" for action in actions)
