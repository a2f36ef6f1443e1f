"""AddTags, ListTags and DeleteTags, for every kind of resource."""

from typing import Any

from local.sagemaker import records
from local.sagemaker.errors import ValidationException
from local.sagemaker.records import LOCK, Record


def add_tags(request: dict[str, Any]) -> Record:
    """AddTags: a tag replaces the one with the same key."""
    resource_arn = _check_exists(request["ResourceArn"])
    with LOCK:
        records.set_tags(resource_arn, request["Tags"])
        return {"Tags": records.tags.get(resource_arn, [])}


def list_tags(request: dict[str, Any]) -> Record:
    """ListTags; at most 50 tags fit a resource, so it is always one page."""
    return {"Tags": records.tags.get(_check_exists(request["ResourceArn"]), [])}


def delete_tags(request: dict[str, Any]) -> Record:
    """DeleteTags; keys that are not there are no error, as on AWS."""
    resource_arn = _check_exists(request["ResourceArn"])
    with LOCK:
        kept = [tag for tag in records.tags.get(resource_arn, []) if tag["Key"] not in request["TagKeys"]]
        records.tags[resource_arn] = kept
    return {}


def _check_exists(resource_arn: str) -> str:
    arn_type, _, name = resource_arn.rpartition(":")[2].partition("/")
    for kind in records.KINDS:
        if kind.arn_type == arn_type and name in kind.store and kind.arn(name) == resource_arn:
            return resource_arn
    raise ValidationException("Resource does not exist.")
