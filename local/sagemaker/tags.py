"""AddTags, ListTags and DeleteTags, for every kind of resource."""

from typing import Any

from local.sagemaker import records
from local.sagemaker.errors import invalid
from local.sagemaker.records import LOCK, Record

_OWNERS = {
    "training-job": records.training_jobs,
    "transform-job": records.transform_jobs,
    "model": records.models,
    "endpoint-config": records.endpoint_configs,
    "endpoint": records.endpoints,
}


def add_tags(request: dict[str, Any]) -> Record:
    """AddTags."""
    resource_arn = _existing(request["ResourceArn"])
    with LOCK:
        records.set_tags(resource_arn, request["Tags"])
        return {"Tags": records.tags.get(resource_arn, [])}


def list_tags(request: dict[str, Any]) -> Record:
    """ListTags; at most 50 tags fit a resource, so it is always one page."""
    return {"Tags": records.tags.get(_existing(request["ResourceArn"]), [])}


def delete_tags(request: dict[str, Any]) -> Record:
    """DeleteTags; keys that are not there are no error, as on AWS."""
    resource_arn = _existing(request["ResourceArn"])
    with LOCK:
        kept = [tag for tag in records.tags.get(resource_arn, []) if tag["Key"] not in request["TagKeys"]]
        records.tags[resource_arn] = kept
    return {}


def _existing(resource_arn: str) -> str:
    kind, _, name = resource_arn.rpartition(":")[2].partition("/")
    if name not in _OWNERS.get(kind, ()) or records.arn(kind, name) != resource_arn:
        raise invalid("Resource does not exist.")
    return resource_arn
