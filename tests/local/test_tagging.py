"""The Resource Groups Tagging API lists by tag what the services know, and nothing that has no tag."""

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.local.cloud_process import Cloud


def list_tagged(cloud: Cloud, value: str) -> set[str]:
    pages = (
        cloud.client("resourcegroupstaggingapi")
        .get_paginator("get_resources")
        .paginate(TagFilters=[{"Key": "project", "Values": [value]}])
    )
    return {found["ResourceARN"] for page in pages for found in page["ResourceTagMappingList"]}


@pytest.fixture(scope="module")
def name() -> str:
    return f"t{uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def tagged(cloud: Cloud, name: str) -> dict[str, str]:
    """ARNs by service of what is made with a tag, half of it by CloudFormation."""
    tag = {"Key": "project", "Value": name}
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    resources: dict[str, Any] = {
        "Logs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": f"/aws/lambda/{name}", "Tags": [tag]},
        },
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {
                "StateMachineName": name,
                "RoleArn": cloud.role(),
                "DefinitionString": definition,
                "Tags": [tag],
            },
        },
        "Alarm": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmName": name,
                "Namespace": "Test",
                "MetricName": "Test",
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": 1,
                "Threshold": 1,
                "ComparisonOperator": "GreaterThanThreshold",
                "Tags": [tag],
            },
        },
        "Parameter": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": f"/{name}/a", "Type": "String", "Value": "a", "Tags": {"project": name}},
        },
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{name}-untagged"}},
    }
    cloudformation = cloud.client("cloudformation")
    stack = cloudformation.create_stack(
        StackName=name, TemplateBody=json.dumps({"Resources": resources}), Tags=[tag]
    )["StackId"]
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1})
    sagemaker = cloud.client("sagemaker")
    group = sagemaker.create_model_package_group(ModelPackageGroupName=name, Tags=[tag])
    place = "us-east-1:000000000000"
    return {
        "cloudformation": stack,
        "cloudwatch": f"arn:aws:cloudwatch:{place}:alarm:{name}",
        "logs": f"arn:aws:logs:{place}:log-group:/aws/lambda/{name}",
        "sagemaker": group["ModelPackageGroupArn"],
        "ssm": f"arn:aws:ssm:{place}:parameter/{name}/a",
        "states": f"arn:aws:states:{place}:stateMachine:{name}",
    }


@pytest.mark.parametrize("service", ["cloudformation", "cloudwatch", "logs", "sagemaker", "ssm", "states"])
def test_what_a_service_has_is_found_by_its_tag(
    cloud: Cloud, name: str, tagged: dict[str, str], service: str
) -> None:
    assert tagged[service] in list_tagged(cloud, name)
    assert tagged[service] not in list_tagged(cloud, f"{name}-other")


@pytest.mark.usefixtures("tagged")
def test_what_has_no_tag_is_not_listed(cloud: Cloud) -> None:
    cloud.client("sqs").create_queue(QueueName="without-a-tag")
    api = cloud.client("resourcegroupstaggingapi")
    pages = api.get_paginator("get_resources").paginate()
    listed = [found for page in pages for found in page["ResourceTagMappingList"]]
    assert listed
    assert all(found["Tags"] for found in listed)


def test_what_is_gone_is_not_listed(cloud: Cloud, name: str, tagged: dict[str, str]) -> None:
    cloud.client("cloudformation").delete_stack(StackName=name)
    cloud.client("cloudformation").get_waiter("stack_delete_complete").wait(
        StackName=tagged["cloudformation"], WaiterConfig={"Delay": 1}
    )
    cloud.client("sagemaker").delete_model_package_group(ModelPackageGroupName=name)
    assert [arn for arn in list_tagged(cloud, name) if "-untagged" not in arn] == []
