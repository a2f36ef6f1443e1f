"""IAM on the embedded cloud judges names with line breaks and ARNs with paths as AWS does."""

import json
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from local.iam.evaluation import compile_wildcards
from tests.local.cloud_process import Cloud

POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sagemaker:*", "Resource": "*"}],
    }
)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "sagemaker.amazonaws.com", "AWS": "000000000000"},
            }
        ],
    }
)


def a_name() -> str:
    return f"judged-{uuid4().hex[:12]}"


def decide(cloud: Cloud, arn: str, *actions: str) -> list[str]:
    answer = cloud.client("iam").simulate_principal_policy(PolicySourceArn=arn, ActionNames=actions)
    return [result["EvalDecision"] for result in answer["EvaluationResults"]]


@pytest.mark.parametrize("path", ["/", "/service-role/", "/a/b/"])
def test_a_role_is_simulated_with_its_policies_whatever_its_path(cloud: Cloud, path: str) -> None:
    iam, name = cloud.client("iam"), a_name()
    arn = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=POLICY)
    assert decide(cloud, arn, "sagemaker:CreateModel", "s3:GetObject") == ["allowed", "implicitDeny"]


@pytest.mark.parametrize("path", ["/", "/people/"])
def test_a_user_is_simulated_with_its_policies_whatever_its_path(cloud: Cloud, path: str) -> None:
    iam, name = cloud.client("iam"), a_name()
    arn = iam.create_user(UserName=name, Path=path)["User"]["Arn"]
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=POLICY)
    assert decide(cloud, arn, "sagemaker:CreateModel", "s3:GetObject") == ["allowed", "implicitDeny"]


def test_whom_there_is_not_is_not_simulated(cloud: Cloud) -> None:
    iam, name = cloud.client("iam"), a_name()
    iam.create_role(RoleName=name, Path="/service-role/", AssumeRolePolicyDocument=TRUST)
    for arn in (f"arn:aws:iam::000000000000:role/{name}", "arn:aws:iam::000000000000:user/nobody"):
        with pytest.raises(ClientError, match="cannot be found") as caught:
            decide(cloud, arn, "s3:GetObject")
        assert caught.value.response["Error"]["Code"] == "NoSuchEntity"


def acting_as(cloud: Cloud, *statements: dict[str, Any], path: str = "/") -> Any:
    """Returns a function that makes clients which act as a new role of these statements."""
    iam, name = cloud.client("iam"), a_name()
    role = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
    given_ = cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    session = boto3.Session(
        given_["AccessKeyId"], given_["SecretAccessKey"], given_["SessionToken"], "us-east-1"
    )
    return lambda service: session.client(service, endpoint_url=f"http://127.0.0.1:{cloud.port}")


def test_a_role_with_a_path_may_do_what_its_policies_say(cloud: Cloud) -> None:
    client = acting_as(
        cloud, {"Effect": "Allow", "Action": "ssm:GetParameter", "Resource": "*"}, path="/service-role/"
    )
    with pytest.raises(ClientError, match="ParameterNotFound"):
        client("ssm").get_parameter(Name="/none")
    with pytest.raises(ClientError, match="is not authorized to perform: ssm:DeleteParameter"):
        client("ssm").delete_parameter(Name="/none")


def test_a_policy_names_roles_by_their_whole_arns(cloud: Cloud) -> None:
    iam, inside, outside = cloud.client("iam"), a_name(), a_name()
    iam.create_role(RoleName=inside, Path="/mine/", AssumeRolePolicyDocument=TRUST)
    iam.create_role(RoleName=outside, AssumeRolePolicyDocument=TRUST)
    client = acting_as(
        cloud,
        {
            "Effect": "Allow",
            "Action": ["iam:GetRole", "iam:CreateRole"],
            "Resource": "arn:aws:iam::000000000000:role/mine/*",
        },
    )
    assert client("iam").get_role(RoleName=inside)["Role"]["Path"] == "/mine/"
    made = client("iam").create_role(RoleName=a_name(), Path="/mine/", AssumeRolePolicyDocument=TRUST)
    assert made["Role"]["Path"] == "/mine/"
    for refused in (
        lambda: client("iam").get_role(RoleName=outside),
        lambda: client("iam").create_role(RoleName=a_name(), AssumeRolePolicyDocument=TRUST),
    ):
        with pytest.raises(ClientError, match="is not authorized to perform: iam:"):
            refused()


@pytest.mark.parametrize("key", ["incoming/new\nline.png", "incoming/\r\n", "incoming/a\u2028b"])
def test_an_asterisk_in_a_policy_stands_for_line_breaks_as_well(cloud: Cloud, key: str) -> None:
    bucket = a_name()
    cloud.client("s3").create_bucket(Bucket=bucket)
    cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=b"photo")
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/incoming/*",
    }
    s3 = acting_as(cloud, statement)("s3")
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == b"photo"


@given(st.text(), st.text())
def test_an_asterisk_matches_any_text_and_a_question_mark_any_character(before: str, after: str) -> None:
    start, end = (part.replace("*", "").replace("?", "") for part in (before, after))
    assert compile_wildcards(f"{start}*{end}", False).match(f"{start}\n{before}{end}")
    assert compile_wildcards(f"{start}?{end}", False).match(f"{start}\n{end}")
    assert not compile_wildcards(f"{start}?{end}", False).match(start + end)


@given(st.text("abC.$[\n", max_size=8), st.text("abC.$[\n", max_size=8))
def test_a_pattern_without_wildcards_matches_itself_alone(pattern: str, value: str) -> None:
    assert bool(compile_wildcards(pattern, False).match(value)) == (pattern == value)
    assert bool(compile_wildcards(pattern, True).match(value)) == (pattern.lower() == value.lower())


def test_events_are_sent_from_the_sources_alone_that_a_policy_names(cloud: Cloud) -> None:
    events = acting_as(
        cloud,
        {
            "Effect": "Allow",
            "Action": "events:PutEvents",
            "Resource": "*",
            "Condition": {"StringEquals": {"events:source": "allowed"}},
        },
    )("events")

    def entry(source: str) -> dict[str, str]:
        return {"Source": source, "DetailType": "d", "Detail": "{}"}

    assert events.put_events(Entries=[entry("allowed"), entry("allowed")])["FailedEntryCount"] == 0
    for entries in ([entry("another")], [entry("allowed"), entry("another")]):
        with pytest.raises(ClientError, match="not authorized to perform: events:PutEvents"):
            events.put_events(Entries=entries)


@pytest.mark.parametrize(
    ("resource", "allowed"),
    [
        ("arn:aws:cloudwatch:us-east-1:000000000000:alarm:*", True),
        ("arn:aws:cloudwatch:us-east-1:000000000000:alarm:mine", False),
    ],
)
def test_to_ask_for_alarms_by_name_takes_the_permission_for_all(
    cloud: Cloud, resource: str, allowed: bool
) -> None:
    iam, name = cloud.client("iam"), a_name()
    statement = {"Effect": "Allow", "Action": "cloudwatch:DescribeAlarms", "Resource": resource}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    alarms = boto3.client(
        "cloudwatch",
        endpoint_url=cloud.client("cloudwatch").meta.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    if allowed:
        assert alarms.describe_alarms(AlarmNames=["mine"])["MetricAlarms"] == []
    else:
        with pytest.raises(ClientError, match="is not authorized to perform: cloudwatch:DescribeAlarms"):
            alarms.describe_alarms(AlarmNames=["mine"])


def test_each_request_is_judged_by_what_the_policy_says_now(cloud: Cloud) -> None:
    iam, name = cloud.client("iam"), a_name()
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    session = cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="judged")["Credentials"]
    sagemaker = boto3.client(
        "sagemaker",
        endpoint_url=f"http://127.0.0.1:{cloud.port}",
        region_name="us-east-1",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    for policy in (POLICY, POLICY.replace("Allow", "Deny"), POLICY):
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=policy)
        try:
            sagemaker.list_models()
            decided = "Allow"
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDeniedException"
            decided = "Deny"
        assert f'"{decided}"' in policy
