"""AWS's managed policies that notebooks and workflows attach are there, and no others are attached."""

import json
from urllib.parse import unquote
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.iam.managed_policies import DOCUMENTS
from tests.local.cloud_process import Cloud

AWS = "arn:aws:iam::aws:policy/"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
            }
        ],
    }
)


def a_name() -> str:
    return f"attached-{uuid4().hex[:12]}"


@pytest.mark.parametrize(
    ("policy", "allowed", "denied"),
    [
        ("AmazonSageMakerFullAccess", "sagemaker:CreateTrainingJob", "iam:CreateRole"),
        ("AmazonSageMakerFullAccess", "logs:CreateLogStream", "s3:DeleteBucket"),
        ("AmazonSageMakerReadOnly", "sagemaker:ListModels", "sagemaker:CreateModel"),
        ("AWSLambda_FullAccess", "lambda:CreateFunction", "sagemaker:ListModels"),
        ("AWSStepFunctionsFullAccess", "states:StartExecution", "lambda:InvokeFunction"),
        ("AmazonS3FullAccess", "s3:PutObject", "sqs:SendMessage"),
        ("CloudWatchLogsFullAccess", "logs:CreateLogGroup", "s3:PutObject"),
        ("service-role/AWSLambdaBasicExecutionRole", "logs:PutLogEvents", "logs:DeleteLogGroup"),
    ],
)
def test_a_role_with_a_managed_policy_may_do_what_that_says(
    cloud: Cloud, policy: str, allowed: str, denied: str
) -> None:
    iam, name = cloud.client("iam"), a_name()
    arn = iam.create_role(RoleName=name, Path="/service-role/", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=AWS + policy)
    results = iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=[allowed, denied])
    decisions = [result["EvalDecision"] for result in results["EvaluationResults"]]
    assert decisions == ["allowed", "implicitDeny"]


def test_each_policy_is_read_as_aws_would_give_it(cloud: Cloud) -> None:
    iam = cloud.client("iam")
    for name, expected in json.loads(DOCUMENTS.read_text()).items():
        policy = iam.get_policy(PolicyArn=AWS + name)["Policy"]
        assert policy["Path"] + policy["PolicyName"] == f"/{name}"
        assert policy["DefaultVersionId"] == expected["version"]
        version = iam.get_policy_version(PolicyArn=AWS + name, VersionId=expected["version"])["PolicyVersion"]
        document = version["Document"]
        assert (json.loads(unquote(document)) if isinstance(document, str) else document) == expected[
            "document"
        ]


@pytest.mark.parametrize(
    ("policy", "code", "message"),
    [
        (AWS + "AmazonSageMakerFulAccess", "NoSuchEntity", "does not exist or is not attachable."),
        (AWS + "AWSLambdaBasicExecutionRole", "NoSuchEntity", "does not exist or is not attachable."),
        ("arn:aws:iam::000000000000:policy/mine", "NoSuchEntity", "does not exist or is not attachable."),
        ("AmazonSageMakerFullAccess", "InvalidInput", "is not valid."),
    ],
)
def test_a_policy_that_is_not_there_is_attached_to_nobody(
    cloud: Cloud, policy: str, code: str, message: str
) -> None:
    iam, name = cloud.client("iam"), a_name()
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    iam.create_user(UserName=name)
    iam.create_group(GroupName=name)
    for refused in (
        lambda: iam.attach_role_policy(RoleName=name, PolicyArn=policy),
        lambda: iam.attach_user_policy(UserName=name, PolicyArn=policy),
        lambda: iam.attach_group_policy(GroupName=name, PolicyArn=policy),
    ):
        with pytest.raises(ClientError) as caught:
            refused()
        error = caught.value.response["Error"]
        kind = "ARN" if code == "InvalidInput" else "Policy"
        assert (error["Code"], error["Message"]) == (code, f"{kind} {policy} {message}")
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []


def test_a_policy_of_ones_own_is_attached(cloud: Cloud) -> None:
    iam, name = cloud.client("iam"), a_name()
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    arn = iam.create_policy(PolicyName=name, Path="/mine/", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == [
        {"PolicyName": name, "PolicyArn": arn}
    ]


def test_a_template_that_attaches_what_is_not_there_is_rolled_back(cloud: Cloud) -> None:
    cloudformation, name = cloud.client("cloudformation"), a_name()
    properties = {
        "AssumeRolePolicyDocument": json.loads(TRUST),
        "ManagedPolicyArns": [AWS + "AmazonSageMakerFulAccess"],
    }
    resources = {"Role": {"Type": "AWS::IAM::Role", "Properties": properties}}
    cloudformation.create_stack(
        StackName=name,
        TemplateBody=json.dumps({"Resources": resources}),
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    assert cloud.settled(name)["StackStatus"] == "ROLLBACK_COMPLETE"
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    assert any(
        "AmazonSageMakerFulAccess does not exist or is not attachable"
        in event.get("ResourceStatusReason", "")
        for event in events
    )


def test_a_template_whose_list_of_policies_is_empty_attaches_none(cloud: Cloud) -> None:
    cloudformation, name = cloud.client("cloudformation"), a_name()
    properties = {
        "RoleName": name,
        "AssumeRolePolicyDocument": json.loads(TRUST),
        "ManagedPolicyArns": {"Ref": "Policies"},
    }
    template = {
        "Parameters": {"Policies": {"Type": "CommaDelimitedList", "Default": ""}},
        "Resources": {"Role": {"Type": "AWS::IAM::Role", "Properties": properties}},
    }
    cloudformation.create_stack(
        StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    assert cloud.settled(name)["StackStatus"] == "CREATE_COMPLETE"
    attached = cloud.client("iam").list_attached_role_policies(RoleName=name)
    assert attached["AttachedPolicies"] == []
