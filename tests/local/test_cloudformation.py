"""Stacks on the embedded cloud change what changed, keep what served, and take all of it away."""

import json
import shutil
import threading
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from ministack.services.cloudformation import custom_resource

from local import cloudformation
from tests.local.cloud_process import Cloud, eventually

TELL_WHERE_TO_REPLY = """
import boto3, json
def handler(event, context):
    boto3.client('ssm').put_parameter(
        Name=event['ResourceProperties']['Mailbox'], Value=json.dumps(event), Type='String', Overwrite=True)
"""


def a_name() -> str:
    return f"stack-{uuid4().hex[:12]}"


def parameter(name: str, value: Any) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Name": name, "Type": "String", "Value": value}}


def deploy(cloud: Cloud, name: str, resources: dict[str, Any], **template: Any) -> Any:
    """Creates or updates a stack and waits for its end."""
    cloudformation = cloud.client("cloudformation")
    body = json.dumps({"Resources": resources, **template})
    known = [
        s["StackName"]
        for s in cloudformation.list_stacks()["StackSummaries"]
        if "DELETE_C" not in s["StackStatus"]
    ]
    change = cloudformation.update_stack if name in known else cloudformation.create_stack
    change(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    return cloud.settled(name)


def reasons(cloud: Cloud, name: str) -> list[str]:
    events = cloud.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return [event.get("ResourceStatusReason", "") for event in events]


def test_a_parameter_that_the_template_did_not_change_keeps_what_was_put(cloud: Cloud) -> None:
    name = a_name()
    dataset = parameter(f"/{name}/dataset", "not-staged")
    deploy(cloud, name, {"Dataset": dataset, "Other": parameter(f"/{name}/other", "1")})
    cloud.client("ssm").put_parameter(Name=f"/{name}/dataset", Value="staged", Overwrite=True)
    described = deploy(cloud, name, {"Dataset": dataset, "Other": parameter(f"/{name}/other", "2")})
    assert described["StackStatus"] == "UPDATE_COMPLETE"
    assert cloud.parameter(f"/{name}/other") == "2"
    assert cloud.parameter(f"/{name}/dataset") == "staged"
    assert updated(cloud, name) == ["Other", name]


def execute_change_set(cloud: Cloud, name: str, kind: str, description: str) -> None:
    """Creates or updates a stack as the CDK does, and waits for its end."""
    cloudformation = cloud.client("cloudformation")
    resources = {"Given": parameter(f"/{name}/given", description)}
    change_set = cloudformation.create_change_set(
        StackName=name,
        ChangeSetName=f"deploy-{kind.lower()}",
        ChangeSetType=kind,
        TemplateBody=json.dumps({"Description": description, "Resources": resources}),
    )["Id"]
    cloudformation.get_waiter("change_set_create_complete").wait(
        ChangeSetName=change_set, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
    )
    cloudformation.execute_change_set(ChangeSetName=change_set)
    cloud.settled(name)


def test_a_stack_is_described_as_its_template_says(cloud: Cloud) -> None:
    name = a_name()
    for kind, description in (("CREATE", "Photos"), ("UPDATE", "Photos and more")):
        execute_change_set(cloud, name, kind, description)
        (stack,) = cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        assert stack["Description"] == description


def test_a_resource_that_an_update_adds_is_told_of(cloud: Cloud) -> None:
    name = a_name()
    first = parameter(f"/{name}/first", "1")
    deploy(cloud, name, {"First": first})
    deploy(cloud, name, {"First": first, "Second": parameter(f"/{name}/second", "2")})
    assert updated(cloud, name) == ["Second", name]


def updated(cloud: Cloud, name: str) -> list[str]:
    """Returns what a stack's events say was updated, each of which must have been begun before."""
    events = cloud.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"][::-1]
    told = {
        status: [e["LogicalResourceId"] for e in events if e["ResourceStatus"] == status]
        for status in ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    }
    assert sorted(told["UPDATE_IN_PROGRESS"]) == sorted(told["UPDATE_COMPLETE"])
    return told["UPDATE_COMPLETE"]


def test_a_parameter_of_the_store_is_read_again_at_each_update(cloud: Cloud) -> None:
    name = a_name()
    ssm = cloud.client("ssm")
    ssm.put_parameter(Name=f"/{name}/given", Value="first", Type="String")
    resources = {"Copy": parameter(f"/{name}/copy", {"Ref": "Given"})}
    parameters = {"Given": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": f"/{name}/given"}}
    deploy(cloud, name, resources, Parameters=parameters)
    assert cloud.parameter(f"/{name}/copy") == "first"
    ssm.put_parameter(Name=f"/{name}/given", Value="second", Overwrite=True)
    deploy(cloud, name, resources, Parameters=parameters)
    assert cloud.parameter(f"/{name}/copy") == "second"


def test_a_bucket_has_the_tags_encryption_and_lifecycle_of_its_template(cloud: Cloud) -> None:
    name = a_name()
    properties: dict[str, Any] = {
        "Tags": [{"Key": "project", "Value": "scones"}],
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
            ]
        },
        "LifecycleConfiguration": {
            "Rules": [
                {"Id": "old", "Status": "Enabled", "Prefix": "captured/", "ExpirationInDays": 30},
                {
                    "Status": "Enabled",
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
                    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
                },
            ]
        },
    }
    deploy(cloud, name, {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": properties}})
    s3 = cloud.client("s3")
    bucket = physical(cloud, name, "Bucket")
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == properties["Tags"]
    rules = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert rules[0]["Expiration"] == {"Days": 30}
    assert rules[1]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert rules[1]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    properties["Tags"] = [{"Key": "project", "Value": "renamed"}]
    del properties["LifecycleConfiguration"]
    deploy(cloud, name, {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": properties}})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == properties["Tags"]
    with pytest.raises(s3.exceptions.ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=bucket)


def test_a_bucket_with_contents_is_not_deleted_and_an_emptied_one_is(cloud: Cloud) -> None:
    name = a_name()
    versioned = {"VersioningConfiguration": {"Status": "Enabled"}}
    deploy(cloud, name, {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": versioned}})
    s3, cloudformation = cloud.client("s3"), cloud.client("cloudformation")
    bucket = physical(cloud, name, "Bucket")
    version = s3.put_object(Bucket=bucket, Key="photo.png", Body=b"photo")["VersionId"]
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=name)
    assert cloud.settled(stack)["StackStatus"] == "DELETE_FAILED"
    assert any("The bucket you tried to delete is not empty" in reason for reason in reasons(cloud, stack))
    s3.delete_object(Bucket=bucket, Key="photo.png", VersionId=version)
    cloudformation.delete_stack(StackName=name)
    assert cloud.settled(stack)["StackStatus"] == "DELETE_COMPLETE"
    assert bucket not in [known["Name"] for known in s3.list_buckets()["Buckets"]]


def custom(cloud: Cloud, name: str, **properties: str) -> dict[str, Any]:
    """A custom resource whose function returns at once and leaves the reply to others."""
    role = cloud.role({"Effect": "Allow", "Action": "ssm:PutParameter", "Resource": "*"})
    token = cloud.function(TELL_WHERE_TO_REPLY, role=role)
    return {
        "Type": "Custom::Job",
        "Properties": {"ServiceToken": token, "Mailbox": f"/{name}/mailbox", **properties},
    }


def reply_later(cloud: Cloud, name: str, **answer: Any) -> threading.Thread:
    """Replies to the custom resource once it has asked, and once more if it is rolled back."""

    def reply() -> None:
        ssm = cloud.client("ssm")

        def asked() -> Any:
            found = ssm.get_parameters(Names=[f"/{name}/mailbox"])["Parameters"]
            return found and json.loads(found[0]["Value"])

        event = eventually(asked)
        ssm.delete_parameter(Name=f"/{name}/mailbox")
        body = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
        body |= {"PhysicalResourceId": "job-1", **answer}
        request = urllib.request.Request(event["ResponseURL"], json.dumps(body).encode(), method="PUT")
        urllib.request.urlopen(request).close()

    thread = threading.Thread(target=reply)
    thread.start()
    return thread


def test_a_custom_resource_may_be_answered_later_by_somebody_else(cloud: Cloud) -> None:
    name = a_name()
    resources = {
        "Job": custom(cloud, name),
        "Model": parameter(f"/{name}/model", {"Fn::GetAtt": ["Job", "Url"]}),
    }
    replying = reply_later(cloud, name, Status="SUCCESS", Data={"Url": "s3://models/1"})
    assert deploy(cloud, name, resources)["StackStatus"] == "CREATE_COMPLETE"
    replying.join()
    assert cloud.parameter(f"/{name}/model") == "s3://models/1"


def test_a_failed_update_says_why_in_its_own_words_and_keeps_what_was_there(cloud: Cloud) -> None:
    name = a_name()
    job = custom(cloud, name, Data="first")
    model = parameter(f"/{name}/model", {"Fn::GetAtt": ["Job", "Url"]})
    replying = reply_later(cloud, name, Status="SUCCESS", Data={"Url": "first"})
    deploy(cloud, name, {"Job": job, "Model": model})
    replying.join()
    job["Properties"]["Data"] = "second"

    def refuse_then_accept() -> None:
        reply_later(cloud, name, Status="FAILED", Reason="accuracy 0.61 is under the gate 0.8").join()
        reply_later(cloud, name, Status="SUCCESS", Data={"Url": "first"}).join()

    replying = threading.Thread(target=refuse_then_accept)
    replying.start()
    described = deploy(cloud, name, {"Job": job, "Model": model})
    replying.join()
    assert described["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "accuracy 0.61 is under the gate 0.8" in reasons(cloud, name)
    assert cloud.parameter(f"/{name}/model") == "first"


def test_a_custom_resource_that_nobody_answers_fails_after_its_time(cloud: Cloud) -> None:
    name = a_name()
    described = deploy(cloud, name, {"Job": custom(cloud, name, ServiceTimeout="1")})
    assert described["StackStatus"] == "ROLLBACK_COMPLETE"


def test_a_deleted_stack_leaves_nothing(cloud: Cloud) -> None:
    name = a_name()
    resources = {
        "Group": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": f"/{name}/log", "RetentionInDays": 7},
        },
        "Value": parameter(f"/{name}/value", "1"),
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": name,
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []},
            },
        },
        "Permissions": {
            "Type": "AWS::IAM::Policy",
            "Properties": {
                "PolicyName": name,
                "PolicyDocument": {"Version": "2012-10-17", "Statement": []},
                "Roles": [{"Ref": "Role"}],
            },
        },
    }
    deploy(cloud, name, resources)
    cloudformation = cloud.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=name)
    assert cloud.settled(stack)["StackStatus"] == "DELETE_COMPLETE"
    assert cloud.client("logs").describe_log_groups(logGroupNamePrefix=f"/{name}/")["logGroups"] == []
    assert cloud.client("ssm").get_parameters(Names=[f"/{name}/value"])["Parameters"] == []
    assert name not in [role["RoleName"] for role in cloud.client("iam").list_roles()["Roles"]]


def physical(cloud: Cloud, stack: str, logical_id: str) -> str:
    """Returns the physical id of a resource."""
    detail = cloud.client("cloudformation").describe_stack_resource(
        StackName=stack, LogicalResourceId=logical_id
    )
    return str(detail["StackResourceDetail"]["PhysicalResourceId"])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "def handler(event, context): raise OSError(28, 'No space left on device')",
            "The function failed before it answered: OSError: [Errno 28] No space left on device",
        ),
        (
            "import absent",
            "Runtime.ImportModuleError: Unable to import module 'index': No module named 'absent'",
        ),
        (
            "import os\ndef handler(event, context): os._exit(1)",
            "The function failed before it answered: Runtime.",
        ),
    ],
    ids=["raises", "cannot be loaded", "dies"],
)
def test_a_custom_resource_whose_function_fails_has_failed_at_once_with_its_text(
    code: str, reason: str, cloud: Cloud
) -> None:
    name = a_name()
    job = {"Type": "Custom::Job", "Properties": {"ServiceToken": cloud.function(code)}}
    assert deploy(cloud, name, {"Job": job})["StackStatus"] == "ROLLBACK_COMPLETE"
    assert any(reason in told for told in reasons(cloud, name))


def test_an_answer_given_before_the_function_failed_counts(cloud: Cloud) -> None:
    name = a_name()
    code = """
import json, urllib.request
def handler(event, context):
    answer = json.dumps({"Status": "SUCCESS", "PhysicalResourceId": "made", "Data": {}}).encode()
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], answer, method="PUT"))
    raise ValueError("too late")
"""
    job = {"Type": "Custom::Job", "Properties": {"ServiceToken": cloud.function(code)}}
    assert deploy(cloud, name, {"Job": job})["StackStatus"] == "CREATE_COMPLETE"


def test_a_function_that_cannot_even_be_begun_fails_the_custom_resource_that_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    event = custom_resource.register_token("token")

    def begin(function: Any, request: Any) -> Any:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        cloudformation.answer_for_failed(begin, {}, {"ResponseURL": "http://x/_ministack/cfn-response/token"})
    assert event.is_set()
    assert custom_resource._pending.pop("token")["result"] == {
        "Status": "FAILED",
        "Reason": "The function failed before it answered: OSError: [Errno 28] No space left on device",
    }


def test_a_deploy_onto_a_disk_that_is_all_but_full_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def handle(parameters: Any) -> str:
        return "handled"

    assert cloudformation.refuse_without_room(tmp_path, handle, {}) == "handled"
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=4_000_000))
    status, _, body = cloudformation.refuse_without_room(tmp_path, handle, {})
    assert status == 400
    assert f"4 MB are free where {tmp_path} lies, and 500 MB are needed" in body.decode()
