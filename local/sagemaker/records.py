"""What this SageMaker knows: one store a kind, each scoped to the caller's account and region."""

import threading
import time
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, get_account_id, get_region

Record = dict[str, Any]

#: Held for every look-then-change on the stores; never while waiting for the network or a process.
LOCK = threading.RLock()

training_jobs = AccountRegionScopedDict()
transform_jobs = AccountRegionScopedDict()
models = AccountRegionScopedDict()
endpoint_configs = AccountRegionScopedDict()
endpoints = AccountRegionScopedDict()
#: ARN of a resource to its tags, in the order they came.
tags = AccountRegionScopedDict()

STORES = {
    "training_jobs": training_jobs,
    "transform_jobs": transform_jobs,
    "models": models,
    "endpoint_configs": endpoint_configs,
    "endpoints": endpoints,
    "tags": tags,
}


def arn(kind: str, name: str) -> str:
    """Returns the ARN of a resource of the caller's account and region."""
    return f"arn:aws:sagemaker:{get_region()}:{get_account_id()}:{kind}/{name}"


def now() -> float:
    """Returns the time as AWS's JSON has it: seconds since 1970, to the millisecond."""
    return round(time.time(), 3)


def set_tags(resource_arn: str, new: list[dict[str, str]]) -> None:
    """Adds tags to a resource, replacing those with the same key."""
    merged = {tag["Key"]: tag for tag in [*tags.get(resource_arn, []), *new]}
    if merged:
        tags[resource_arn] = list(merged.values())
