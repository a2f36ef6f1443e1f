"""A stack registers a variant, changes what it registered, and takes it away; IAM names each action."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.local.autoscaling.test_operations import TARGET, TRACKED
from tests.local.sagemaker.server import Server, wait_for

NAME = "autoscaled"
RESOURCE = f"endpoint/{NAME}/variant/AllTraffic"
IDS = {**TARGET, "ResourceId": RESOURCE}


@pytest.fixture(scope="module")
def server(server: Server) -> Server:
    server.put_in_service(NAME, 0.5)
    return server


def template(most: int, tags: dict[str, str], **changes: Any) -> str:
    """Returns a stack with a target and a policy of it, with numbers as text, as templates may have them."""
    listed = [{"Key": key, "Value": value} for key, value in tags.items()]
    target = {**IDS, "MinCapacity": "1", "MaxCapacity": str(most), "Tags": listed}
    policy = {
        "PolicyName": "load",
        "PolicyType": "TargetTrackingScaling",
        "ScalingTargetId": {"Ref": "Target"},
        "TargetTrackingScalingPolicyConfiguration": {**TRACKED, "ScaleOutCooldown": "60", **changes},
    }
    kinds = {"Target": ("ScalableTarget", target), "Policy": ("ScalingPolicy", policy)}
    outputs = {
        "Target": {"Value": {"Ref": "Target"}},
        "Id": {"Value": {"Fn::GetAtt": ["Target", "Id"]}},
        "Policy": {"Value": {"Ref": "Policy"}},
        "Arn": {"Value": {"Fn::GetAtt": ["Policy", "Arn"]}},
    }
    resources = {
        logical_id: {"Type": f"AWS::ApplicationAutoScaling::{kind}", "Properties": properties}
        for logical_id, (kind, properties) in kinds.items()
    }
    return json.dumps({"Resources": resources, "Outputs": outputs})


def settled(server: Server, stack: str, status: str) -> dict[str, Any]:
    cloudformation = server.client("cloudformation")

    def ended() -> Any:
        described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        return None if described["StackStatus"].endswith("_IN_PROGRESS") else described

    described = wait_for(ended)
    assert described["StackStatus"] == status
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}


def test_a_stack_registers_changes_and_takes_away(server: Server) -> None:
    cloudformation, scaling = server.client("cloudformation"), server.client("application-autoscaling")
    made = template(3, {"project": NAME, "team": "ovens"})
    stack = cloudformation.create_stack(StackName=NAME, TemplateBody=made)["StackId"]
    outputs = settled(server, stack, "CREATE_COMPLETE")
    assert outputs["Target"] == outputs["Id"] == f"{RESOURCE}|{TARGET['ScalableDimension']}|sagemaker"
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert outputs["Policy"] == outputs["Arn"] == policy["PolicyARN"]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["ScaleOutCooldown"] == 60

    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    tagged = {"ResourceARN": target["ScalableTargetARN"]}
    assert scaling.list_tags_for_resource(**tagged)["Tags"] == {"project": NAME, "team": "ovens"}

    changed = {"project": "scones"}
    cloudformation.update_stack(StackName=NAME, TemplateBody=template(5, changed, TargetValue=7.0))
    assert settled(server, stack, "UPDATE_COMPLETE") == outputs
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 5)
    assert scaling.list_tags_for_resource(**tagged)["Tags"] == changed
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 7.0

    cloudformation.update_stack(StackName=NAME, TemplateBody=template(5, changed, TargetValue=-1.0))
    settled(server, stack, "UPDATE_ROLLBACK_COMPLETE")
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    assert "TargetValue must be greater than 0" in str([e.get("ResourceStatusReason") for e in events])

    cloudformation.delete_stack(StackName=NAME)
    settled(server, stack, "DELETE_COMPLETE")
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    assert scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"] == []


def test_a_principal_may_do_what_its_policy_names(server: Server) -> None:
    arn = server.client("application-autoscaling").register_scalable_target(
        **IDS, MinCapacity=1, MaxCapacity=2
    )["ScalableTargetARN"]
    iam = server.client("iam")
    iam.create_user(UserName=NAME)
    allowed = {
        "Effect": "Allow",
        "Action": "application-autoscaling:DeregisterScalableTarget",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=NAME, PolicyName="allowed", PolicyDocument=policy)
    key = iam.create_access_key(UserName=NAME)["AccessKey"]
    scaling = boto3.client(
        "application-autoscaling",
        endpoint_url=f"http://127.0.0.1:{server.port}",
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    with pytest.raises(ClientError, match="not authorized to perform: application-autoscaling:Describe"):
        scaling.describe_scalable_targets(ServiceNamespace="sagemaker")
    with pytest.raises(ClientError, match="not authorized to perform: application-autoscaling:Register"):
        scaling.register_scalable_target(**IDS, MinCapacity=1, MaxCapacity=3)
    scaling.deregister_scalable_target(**IDS)


def test_a_variant_gets_the_instances_that_are_its_least(server: Server) -> None:
    scaling, sagemaker = server.client("application-autoscaling"), server.client("sagemaker")
    scaling.register_scalable_target(**IDS, MinCapacity=2, MaxCapacity=2)

    def scaled() -> bool:
        request = {"ServiceNamespace": "sagemaker", "ResourceId": RESOURCE}
        told = scaling.describe_scaling_activities(**request)["ScalingActivities"]
        return [each["StatusCode"] for each in told] == ["Successful"]

    wait_for(scaled)
    (variant,) = sagemaker.describe_endpoint(EndpointName=NAME)["ProductionVariants"]
    assert variant["CurrentInstanceCount"] == 2


def test_deleting_the_endpoint_deregisters_its_variant(server: Server) -> None:
    scaling = server.client("application-autoscaling")
    scaling.register_scalable_target(**IDS, MinCapacity=1, MaxCapacity=2)
    server.client("sagemaker").delete_endpoint(EndpointName=NAME)
    request = {"ServiceNamespace": "sagemaker", "ResourceIds": [RESOURCE]}
    wait_for(lambda: not scaling.describe_scalable_targets(**request)["ScalableTargets"])
