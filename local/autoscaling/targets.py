"""What is registered for scaling, per account and region: targets, policies, activities and tags.

It imports nothing of the embedded SageMaker, which asks here whether a variant is registered.
"""

import threading
from typing import Any

from ministack.core.responses import AccountRegionScopedDict

Record = dict[str, Any]

#: Held for every look-then-change on the stores; never while waiting for the network.
LOCK = threading.RLock()
#: Is set where a target may want another number of instances at once.
changed = threading.Event()
#: Resource id, ``endpoint/ENDPOINT/variant/VARIANT``, to the scalable target.
targets = AccountRegionScopedDict()
#: Resource id and name of the policy to the policy.
policies = AccountRegionScopedDict()
#: Resource id to its scaling activities, the latest first.
activities = AccountRegionScopedDict()
#: ARN of a scalable target to its tags, by key.
tags = AccountRegionScopedDict()


def make_resource_id(endpoint: str, variant: str) -> str:
    """Returns how Application Auto Scaling names a variant of an endpoint."""
    return f"endpoint/{endpoint}/variant/{variant}"


def is_registered(endpoint: str, variant: str) -> bool:
    """Returns whether a variant of the caller's account and region is a scalable target."""
    return make_resource_id(endpoint, variant) in targets


def forget(resource_id: str) -> None:
    """Forgets a target with its policies and its tags; what was done to it is still told."""
    with LOCK:
        target = targets.pop(resource_id, None)
        if target is not None:
            tags.pop(target["ScalableTargetARN"], None)
        for key in [key for key in policies if key[0] == resource_id]:
            del policies[key]
