"""Lists all that is there of a deployment, in every service that it uses."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from console.destruction.kinds import DATA, KINDS, Kind
from console.destruction.ownership import TAG, Ownership, read_ownership
from evaluation.deployment import Deployment
from lambdas.workflow import places

UNSEEN = "perhaps"
"""What a remain is of which is not known whether it is there."""
DENIED = ("AccessDenied", "AccessDeniedException", "AuthorizationError")
STACK_ID = "aws:cloudformation:stack-id"
"""The tag that CloudFormation puts on what it makes."""
KEPT_OF_A_NAME = 16
"""How much of a deployment's name a role or bucket has at least: CloudFormation shortens long names."""


@dataclass(frozen=True)
class Remain:
    """Something that is there of a deployment.

    Attributes:
        what: What it is.
        name: Its name, or ARN where it has none.
        removal: The command that removes it.
    """

    what: str
    name: str
    removal: str

    @property
    def is_data(self) -> bool:
        """Whether it is what ``remove_data_on_destroy: false`` keeps."""
        return self.what in DATA

    @property
    def may_go(self) -> bool:
        """Whether it may be that AWS is about to remove it."""
        return not self.is_data and self.what != UNSEEN


def list_remains(deployment: Deployment) -> list[Remain]:
    """Returns what is there of a deployment: what bears its tag, and what has a name that it gives.

    A tag alone is not enough where the service that it should lie with does not know it. Not listed are the
    records that AWS keeps of itself and charges nothing for: jobs that have ended, and metrics.
    """
    ownership = read_ownership(deployment)
    words = _describe_place(deployment)
    found = [remain for kind in KINDS for remain in _list_or_say(deployment, kind, ownership, words)]
    found += _list_roles(deployment, ownership, words["region"])
    found += [
        Remain(
            "log stream",
            f"{stream} in {group}",
            f"aws logs delete-log-stream --log-group-name {group} --log-stream-name {stream}",
        )
        for group, stream in list_job_streams(deployment)
    ]
    known = tuple(kind.arn_prefix.format(**words) for kind in KINDS)
    tagged = sorted(arn for arn, owner in ownership.tagged.items() if owner == deployment.name)
    for arn in tagged:
        if arn.startswith(f"arn:{words['partition']}:kms:"):
            found += _list_key(deployment, arn)
        elif not arn.startswith(known):
            found.append(Remain("resource with its tag", arn, "remove it in the AWS console"))
    return found


def list_kept_data(deployment: Deployment) -> list[Remain]:
    """Returns the buckets and tables that are there of a deployment."""
    ownership, words = read_ownership(deployment), _describe_place(deployment)
    kinds = (kind for kind in KINDS if kind.what in DATA)
    found = (remain for kind in kinds for remain in _list_kind(deployment, kind, ownership, words))
    return [remain for remain in found if remain.is_data]


def list_job_streams(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Yields group and name of the log streams that SageMaker made of a deployment's jobs.

    The groups are those of all jobs of the account.
    """
    logs = deployment.client("logs")
    for group in (places.TRAINING_JOBS_LOG_GROUP, places.TRANSFORM_JOBS_LOG_GROUP):
        pages = logs.get_paginator("describe_log_streams").paginate(
            logGroupName=group, logStreamNamePrefix=places.job_name(deployment.name, "")
        )
        try:
            yield from [(group, stream["logStreamName"]) for page in pages for stream in page["logStreams"]]
        except logs.exceptions.ResourceNotFoundException:
            continue


def _list_or_say(
    deployment: Deployment, kind: Kind, ownership: Ownership, words: dict[str, str]
) -> Iterator[Remain]:
    """Yields what is there of a kind, or that it may not be listed, which proves no emptiness."""
    try:
        yield from _list_kind(deployment, kind, ownership, words)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in DENIED:
            raise
        why = f"a {kind.what}, for none may be listed ({error.operation_name}: {code})"
        yield Remain(UNSEEN, why, "have that allowed, then make destroy again")


def _list_kind(
    deployment: Deployment, kind: Kind, ownership: Ownership, words: dict[str, str]
) -> Iterator[Remain]:
    client = deployment.client(kind.service)
    request = {
        key: value.format(**words) if isinstance(value, str) else value for key, value in kind.request.items()
    }
    for page in client.get_paginator(kind.operation).paginate(**request):
        lists = [
            value for key, value in page.items() if isinstance(value, list) and key != "ResponseMetadata"
        ]
        for item in (item for listed in lists for item in listed):
            name = str(item[kind.member] if kind.member else item)
            short = kind.shorten(item, name)
            arn = kind.arn.format(name=name, short=short, **words)
            if not ownership.owns(short, arn):
                continue
            if kind.what in DATA and not _is_named_by(ownership, name):
                # Its data are not for the deployment to remove.
                yield Remain(f"{kind.what} with its tag", name, "take its tag away, or remove it by hand")
            else:
                yield Remain(kind.what, name, kind.removal.format(name=name, short=short, **words))


def _is_named_by(ownership: Ownership, name: str) -> bool:
    """Tells whether a stack of the deployment could have given a name: a tag may be anybody's."""
    begin = ownership.name[:KEPT_OF_A_NAME]
    return ownership.owns_name(name) or (begin != ownership.name and name.startswith(begin))


def _list_roles(deployment: Deployment, ownership: Ownership, region: str) -> Iterator[Remain]:
    """Yields the roles, which are the account's: a deployment of the same name may have some elsewhere."""
    iam = deployment.client("iam")
    for page in iam.get_paginator("list_roles").paginate():
        for role in page["Roles"]:
            name = role["RoleName"]
            if not name.startswith(deployment.name[:KEPT_OF_A_NAME]):
                continue
            tags = {tag["Key"]: tag["Value"] for tag in iam.list_role_tags(RoleName=name)["Tags"]}
            here = f":{region}:" in tags.get(STACK_ID, f":{region}:")
            owned = tags[TAG] == deployment.name if TAG in tags else ownership.owns_name(name)
            if here and owned:
                command = f"aws iam delete-role --role-name {name} (its policies before)"
                yield Remain("role", name, command)


def _list_key(deployment: Deployment, arn: str) -> Iterator[Remain]:
    """Yields a key of KMS, unless it is to be deleted: that takes days and costs nothing."""
    kms = deployment.client("kms")
    try:
        state = kms.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"]
    except kms.exceptions.NotFoundException:
        return
    if state != "PendingDeletion":
        yield Remain("key", arn, f"aws kms schedule-key-deletion --key-id {arn}")


def _describe_place(deployment: Deployment) -> dict[str, str]:
    sts: Any = deployment.client("sts")
    _, partition, _, _, account, _ = sts.get_caller_identity()["Arn"].split(":", 5)
    return {
        "partition": partition,
        "region": sts.meta.region_name,
        "account": account,
        "console": places.name_console(deployment.name),
    }
