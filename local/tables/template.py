"""Completes MiniStack's ``AWS::DynamoDB::Table``, and takes no table away that is there or is protected.

MiniStack drops what a template says of expiry, of recovery and of encryption.
"""

import json
from typing import Any

from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

from local.patching import find_original

TYPE = "AWS::DynamoDB::Table"
Properties = dict[str, Any]


def install() -> None:
    """Replaces MiniStack's handlers of the type by ones that complete them."""
    handlers = find_original(provisioners, "_RESOURCE_HANDLERS")
    theirs = handlers[TYPE]
    find_original(provisioners, "_physical_name")
    for used in ("_tables", "_update_ttl", "_update_continuous_backups", "_delete_table"):
        find_original(dynamodb, used)
    find_original(dynamodb, "_sse_description_from_spec")

    def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        name = properties.get("TableName") or provisioners._physical_name(stack, logical_id, max_len=255)
        if name in dynamodb._tables:
            raise ValueError(f"Resource of type '{TYPE}' with identifier '{name}' already exists.")
        table, attributes = theirs["create"](logical_id, properties, stack)
        configure(table, properties, {})
        return table, attributes

    def update(
        table: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
    ) -> tuple[str, Properties]:
        updated, attributes = theirs["update"](table, old, new, stack, logical_id)
        configure(updated, new, old if updated == table else {})
        return updated, attributes

    handlers[TYPE] = {**theirs, "create": create, "update": update, "delete": delete}


def configure(table: str, new: Properties, old: Properties) -> None:
    """Brings a table's expiry, recovery, encryption and protection from the old properties to the new."""
    expiry, former = new.get("TimeToLiveSpecification"), old.get("TimeToLiveSpecification")
    if expiry != former:
        specification = {**(expiry or former or {}), "Enabled": _is_true((expiry or {}).get("Enabled"))}
        _call(dynamodb._update_ttl, {"TableName": table, "TimeToLiveSpecification": specification})
    recovery = new.get("PointInTimeRecoverySpecification")
    if recovery != old.get("PointInTimeRecoverySpecification"):
        enabled = _is_true((recovery or {}).get("PointInTimeRecoveryEnabled"))
        specification = {"PointInTimeRecoveryEnabled": enabled}
        _call(
            dynamodb._update_continuous_backups,
            {"TableName": table, "PointInTimeRecoverySpecification": specification},
        )
    record = dynamodb._tables[table]
    encryption = new.get("SSESpecification")
    if encryption != old.get("SSESpecification"):
        record["SSEDescription"] = dynamodb._sse_description_from_spec(_convert_encryption(encryption or {}))
    record["DeletionProtectionEnabled"] = _is_true(new.get("DeletionProtectionEnabled"))


def delete(table: str, _properties: Properties) -> None:
    """Deletes a table with all that was said of it.

    Raises:
        ValueError: It is protected against deletion; worded as CloudFormation shows it.
    """
    if table in dynamodb._tables:
        _call(dynamodb._delete_table, {"TableName": table})


def _call(operation: Any, request: Properties) -> None:
    status, _, body = operation(request)
    if status >= 400:
        error = json.loads(body)
        code = error["__type"].rpartition("#")[2]
        raise ValueError(f"{error['message']} (Service: DynamoDb, Status Code: {status}, Error Code: {code})")


def _convert_encryption(property_: Properties) -> Properties:
    """Returns the API's form of the property ``SSESpecification``."""
    kept = {name: value for name, value in property_.items() if name != "SSEEnabled"}
    return {**kept, "Enabled": _is_true(property_.get("SSEEnabled"))}


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"
