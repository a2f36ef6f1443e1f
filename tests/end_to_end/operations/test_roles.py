"""Each role, given to a probe on the embedded cloud, is denied what is none of its business."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.end_to_end.deployed_home import NAME, SETTINGS
from tests.end_to_end.embedded_cloud import App, EmbeddedCloud

pytestmark = pytest.mark.end_to_end

ACCOUNT = "000000000000"
DENIED = ("AccessDenied", "AccessDeniedException")
EMPTYING = "CustomS3AutoDeleteObjects"
"""In the name of the CDK's own role, whose function empties the bucket before it is deleted."""
MAY_EMPTY = ("delete_object", "put_bucket_policy")


@pytest.fixture(scope="module")
def app(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> App:
    return App(cloud, NAME, SETTINGS, tmp_path_factory.mktemp("assembly"))


def assume(app: App, role: dict[str, Any]) -> boto3.Session:
    """Returns a session in a role, which from now on trusts the account's own administrators, too."""
    trusted = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    policy = role["AssumeRolePolicyDocument"]
    policy = {**policy, "Statement": [*policy["Statement"], trusted]}
    app.cloud.client("iam").update_assume_role_policy(
        RoleName=role["RoleName"], PolicyDocument=json.dumps(policy)
    )
    session = app.cloud.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="probe")
    given = session["Credentials"]
    return boto3.Session(
        given["AccessKeyId"],
        given["SecretAccessKey"],
        given["SessionToken"],
        app.cloud.client("s3").meta.region_name,
    )


def list_forbidden(app: App) -> list[tuple[str, str, dict[str, Any]]]:
    """Returns what no role of the app may do: the service, the operation and its parameters."""
    bucket, administrator = app.parameter("bucket"), f"arn:aws:iam::{ACCOUNT}:role/administrator"
    states = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine"
    photo = {"photo": {"S": "0" * 64}}
    return [
        ("s3", "delete_bucket", {"Bucket": bucket}),
        ("s3", "delete_object", {"Bucket": bucket, "Key": "models/model.tar.gz"}),
        ("s3", "put_bucket_policy", {"Bucket": bucket, "Policy": "{}"}),
        ("s3", "put_object", {"Bucket": bucket, "Key": "datasets/train.lst"}),
        ("s3", "get_object", {"Bucket": "somebody-elses", "Key": "models/model.tar.gz"}),
        ("dynamodb", "delete_item", {"TableName": app.parameter("outcomes"), "Key": photo}),
        ("dynamodb", "put_item", {"TableName": "somebody-elses", "Item": photo}),
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "somebody-elses", "Body": b""}),
        ("sagemaker", "delete_endpoint", {"EndpointName": app.name}),
        ("sagemaker", "create_model", {"ModelName": f"{app.name}-x", "ExecutionRoleArn": administrator}),
        ("ssm", "put_parameter", {"Name": f"/{app.name}/threshold", "Value": "0", "Overwrite": True}),
        ("stepfunctions", "start_execution", {"stateMachineArn": f"{states}:somebody-elses"}),
        ("lambda", "delete_function", {"FunctionName": f"{app.name}-filter"}),
        ("cloudformation", "delete_stack", {"StackName": f"{app.name}-storage"}),
        ("iam", "create_role", {"RoleName": "administrator", "AssumeRolePolicyDocument": "{}"}),
        ("sts", "assume_role", {"RoleArn": administrator, "RoleSessionName": "probe"}),
    ]


def test_each_role_given_to_a_probe_is_denied_what_is_none_of_its_business(app: App) -> None:
    pages = app.cloud.client("iam").get_paginator("list_roles").paginate()
    roles = [role for page in pages for role in page["Roles"] if role["RoleName"].startswith(f"{app.name}-")]
    assert len(roles) > 10
    app.cloud.client("s3").create_bucket(Bucket="somebody-elses")
    forbidden, allowed = list_forbidden(app), []
    for role in roles:
        session = assume(app, role)
        who = session.client("sts", endpoint_url=app.cloud.environment["AWS_ENDPOINT_URL"])
        assert f":assumed-role/{role['RoleName']}/probe" in who.get_caller_identity()["Arn"]
        for service, operation, parameters in forbidden:
            if EMPTYING in role["RoleName"] and operation in MAY_EMPTY:
                continue
            client = session.client(service, endpoint_url=app.cloud.environment["AWS_ENDPOINT_URL"])
            try:
                getattr(client, operation)(**parameters)
                answer = "done"
            except ClientError as error:
                answer = error.response["Error"]["Code"]
            if answer not in DENIED:
                allowed.append((role["RoleName"], operation, answer))
    assert allowed == []
