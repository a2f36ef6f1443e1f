"""A table that a template makes expires, recovers and is protected as the template says."""

import time
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from ministack.services import dynamodb

from tests.local.cloud_process import Cloud
from tests.local.test_cloudformation import deploy, reasons

PLAIN = {
    "KeySchema": [{"AttributeName": "photo", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "photo", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
WHOLE = PLAIN | {
    "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": True},
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    "DeletionProtectionEnabled": True,
    "SSESpecification": {"SSEEnabled": True},
    "Tags": [{"Key": "project", "Value": "scones"}],
}


@pytest.fixture
def name() -> str:
    """A name of its own for a stack and its table."""
    return f"table-{uuid4().hex[:12]}"


def table(name: str, properties: dict[str, Any], **attributes: str) -> dict[str, Any]:
    """A template's only resource."""
    return {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {"TableName": name, **properties},
            **attributes,
        }
    }


def describe(cloud: Cloud, name: str) -> dict[str, Any]:
    """Returns what a template may say of a table, in short."""
    api = cloud.client("dynamodb")
    described = api.describe_table(TableName=name)["Table"]
    expiry = api.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    backups = api.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    return {
        "expiry": (expiry["TimeToLiveStatus"], expiry.get("AttributeName")),
        "recovery": backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"],
        "protected": described.get("DeletionProtectionEnabled", False),
        "encryption": (described.get("SSEDescription") or {}).get("Status"),
        "tags": {
            tag["Key"]: tag["Value"]
            for tag in api.list_tags_of_resource(ResourceArn=described["TableArn"])["Tags"]
            if not tag["Key"].startswith("aws:")
        },
    }


def list_tables(cloud: Cloud) -> list[str]:
    pages = cloud.client("dynamodb").get_paginator("list_tables").paginate()
    return [name for page in pages for name in page["TableNames"]]


def remove(cloud: Cloud, name: str) -> str:
    """Deletes a stack; returns its last status."""
    api = cloud.client("cloudformation")
    stack = api.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    api.delete_stack(StackName=name)
    return str(cloud.settled(stack)["StackStatus"])


def test_a_table_has_all_that_its_template_says_and_an_update_changes_it(cloud: Cloud, name: str) -> None:
    assert deploy(cloud, name, table(name, WHOLE))["StackStatus"] == "CREATE_COMPLETE"
    assert describe(cloud, name) == {
        "expiry": ("ENABLED", "expires_at"),
        "recovery": "ENABLED",
        "protected": True,
        "encryption": "ENABLED",
        "tags": {"project": "scones"},
    }
    api = cloud.client("dynamodb")
    api.put_item(TableName=name, Item={"photo": {"S": "a"}})
    assert deploy(cloud, name, table(name, PLAIN))["StackStatus"] == "UPDATE_COMPLETE"
    without = describe(cloud, name)
    assert without["expiry"][0] == "DISABLED"
    assert (without["recovery"], without["protected"], without["tags"]) == ("DISABLED", False, {})
    deploy(cloud, name, table(name, WHOLE))
    assert describe(cloud, name)["expiry"] == ("ENABLED", "expires_at")
    assert api.scan(TableName=name)["Items"] == [{"photo": {"S": "a"}}]


def test_a_table_goes_with_its_stack_unless_it_is_to_stay(cloud: Cloud, name: str) -> None:
    deploy(cloud, name, table(name, PLAIN))
    assert remove(cloud, name) == "DELETE_COMPLETE"
    assert name not in list_tables(cloud)
    deploy(cloud, name, table(name, PLAIN, DeletionPolicy="Retain"))
    cloud.client("dynamodb").put_item(TableName=name, Item={"photo": {"S": "a"}})
    assert remove(cloud, name) == "DELETE_COMPLETE"
    assert name in list_tables(cloud)


def test_a_table_that_is_there_already_is_not_made_anew_and_loses_nothing(cloud: Cloud, name: str) -> None:
    api = cloud.client("dynamodb")
    api.create_table(TableName=name, **PLAIN)
    api.put_item(TableName=name, Item={"photo": {"S": "a"}})
    assert deploy(cloud, name, table(name, PLAIN))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any(f"'{name}' already exists" in reason for reason in reasons(cloud, name))
    assert api.scan(TableName=name)["Items"] == [{"photo": {"S": "a"}}]


def test_a_protected_table_keeps_its_stack_from_being_deleted(cloud: Cloud, name: str) -> None:
    deploy(cloud, name, table(name, WHOLE))
    assert remove(cloud, name) == "DELETE_FAILED"
    assert name in list_tables(cloud)
    cloud.client("dynamodb").update_table(TableName=name, DeletionProtectionEnabled=False)
    assert remove(cloud, name) == "DELETE_COMPLETE"


def test_a_table_that_comes_again_has_nothing_of_the_former_one(cloud: Cloud, name: str) -> None:
    deploy(cloud, name, table(name, WHOLE | {"DeletionProtectionEnabled": False}))
    remove(cloud, name)
    deploy(cloud, name, table(name, PLAIN))
    described = describe(cloud, name)
    assert (described["expiry"][0], described["recovery"]) == ("DISABLED", "DISABLED")


def test_what_has_expired_is_taken_away_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped(BaseException):
        """Ends the endless loop."""

    naps = iter([None, Stopped()])

    def sleep(_seconds: float) -> None:
        if ended := next(naps):
            raise ended

    request = {"TableName": "photos", **PLAIN}
    assert dynamodb._create_table(request)[0] == 200
    specification = {"AttributeName": "expires_at", "Enabled": True}
    dynamodb._update_ttl({"TableName": "photos", "TimeToLiveSpecification": specification})
    now = int(time.time())
    for photo, expires in {"old": now - 10, "young": now + 1000, "never": None}.items():
        expiry = {} if expires is None else {"expires_at": {"N": str(expires)}}
        dynamodb._put_item({"TableName": "photos", "Item": {"photo": {"S": photo}, **expiry}})
    monkeypatch.setattr(dynamodb, "time", SimpleNamespace(sleep=sleep, time=time.time))
    with pytest.raises(Stopped):
        dynamodb._ttl_reaper()
    assert sorted(dynamodb._tables["photos"]["items"]) == ["never", "young"]
    dynamodb._delete_table({"TableName": "photos"})
