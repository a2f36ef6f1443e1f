"""Stacks with SageMaker's resources are made, changed, kept on failure and deleted as CloudFormation does."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.sagemaker.server import BUCKET, IMAGE, ROLE, Server, wait_for


@pytest.fixture(scope="module")
def server(server: Server) -> Server:
    for name, bias in (("first", 0.5), ("second", 0.25), ("dead", -1.0)):
        server.deploy_model(name, bias)
    return server


def template(model: str, **changes: Any) -> str:
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": {"Fn::GetAtt": ["Model", "ModelName"]},
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": "1",
        "InitialVariantWeight": 1.0,
    }
    url = f"s3://{BUCKET}/models/{model}.tar.gz"
    resources = {
        "Model": {
            "Type": "AWS::SageMaker::Model",
            "Properties": {
                "ExecutionRoleArn": ROLE,
                "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": url},
                "Tags": [{"Key": "project", "Value": "scones"}],
                **changes,
            },
        },
        "Config": {
            "Type": "AWS::SageMaker::EndpointConfig",
            "Properties": {"ProductionVariants": [variant]},
        },
        "Endpoint": {
            "Type": "AWS::SageMaker::Endpoint",
            "Properties": {
                "EndpointName": "stacked",
                "EndpointConfigName": {"Fn::GetAtt": ["Config", "EndpointConfigName"]},
            },
        },
    }
    outputs = {
        "ModelRef": {"Value": {"Ref": "Model"}},
        "EndpointRef": {"Value": {"Ref": "Endpoint"}},
        "EndpointName": {"Value": {"Fn::GetAtt": ["Endpoint", "EndpointName"]}},
    }
    return json.dumps({"Resources": resources, "Outputs": outputs})


def settled(server: Server, name: str) -> dict[str, Any]:
    """Waits until a stack operation has ended."""
    cloudformation = server.client("cloudformation")

    def ended() -> Any:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        return None if stack["StackStatus"].endswith("_IN_PROGRESS") else stack

    return dict(wait_for(ended, 40))


def reasons(server: Server, name: str) -> str:
    events = server.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return "\n".join(event.get("ResourceStatusReason", "") for event in events)


def test_a_stack_lives_from_create_to_delete(server: Server) -> None:
    cloudformation, sagemaker = server.client("cloudformation"), server.client("sagemaker")
    cloudformation.create_stack(StackName="scones", TemplateBody=template("first"))
    stack = settled(server, "scones")
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(server, "scones")
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    assert outputs["EndpointName"] == "stacked"
    assert outputs["EndpointRef"] == "arn:aws:sagemaker:us-east-1:000000000000:endpoint/stacked"
    assert server.ask("stacked") == [0.5, 0.5]
    first = sagemaker.describe_endpoint(EndpointName="stacked")["EndpointConfigName"]
    assert sagemaker.list_tags(ResourceArn=outputs["ModelRef"])["Tags"] == [
        {"Key": "project", "Value": "scones"}
    ]

    # A new model: model and configuration are replaced, the endpoint is updated in place.
    cloudformation.update_stack(StackName="scones", TemplateBody=template("second"))
    assert settled(server, "scones")["StackStatus"] == "UPDATE_COMPLETE", reasons(server, "scones")
    assert server.ask("stacked") == [0.25, 0.75]
    second = sagemaker.describe_endpoint(EndpointName="stacked")["EndpointConfigName"]
    assert second != first
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        sagemaker.describe_endpoint_config(EndpointConfigName=first)

    # A model that does not serve: rolled back, what served goes on serving, the reason is told.
    cloudformation.update_stack(StackName="scones", TemplateBody=template("dead"))
    assert settled(server, "scones")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "did not pass the ping health check" in reasons(server, "scones")
    assert server.ask("stacked") == [0.25, 0.75]
    assert sagemaker.describe_endpoint(EndpointName="stacked")["EndpointConfigName"] == second

    # Only a tag: nothing is replaced.
    changed = template("second", Tags=[{"Key": "project", "Value": "buns"}])
    cloudformation.update_stack(StackName="scones", TemplateBody=changed)
    assert settled(server, "scones")["StackStatus"] == "UPDATE_COMPLETE", reasons(server, "scones")
    assert sagemaker.describe_endpoint(EndpointName="stacked")["EndpointConfigName"] == second

    cloudformation.delete_stack(StackName="scones")
    wait_for(lambda: gone(server, "scones"))
    assert not sagemaker.list_endpoints(NameContains="stacked")["Endpoints"]
    configs = sagemaker.list_endpoint_configs(NameContains="scones")["EndpointConfigs"]
    assert not configs
    assert not sagemaker.list_models(NameContains="scones")["Models"]


def in_mode(serverless: bool, **endpoints: str) -> str:
    """Returns a template with a configuration of one mode, and endpoints by their logical ids."""
    made = json.loads(template("first"))
    resources = made["Resources"]
    (variant,) = resources["Config"]["Properties"]["ProductionVariants"]
    if serverless:
        del variant["InstanceType"], variant["InitialInstanceCount"]
        variant["ServerlessConfig"] = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    endpoint = resources.pop("Endpoint")
    for logical_id, name in endpoints.items():
        properties = {**endpoint["Properties"], "EndpointName": name}
        resources[logical_id] = {**endpoint, "Properties": properties}
    return json.dumps({"Resources": resources})


def test_an_endpoint_changes_its_mode_by_another_endpoint_alone(server: Server) -> None:
    cloudformation, sagemaker = server.client("cloudformation"), server.client("sagemaker")
    cloudformation.create_stack(StackName="modal", TemplateBody=in_mode(False, Endpoint="modal"))
    assert settled(server, "modal")["StackStatus"] == "CREATE_COMPLETE", reasons(server, "modal")

    # In place: refused, as AWS does, and what served goes on serving.
    cloudformation.update_stack(StackName="modal", TemplateBody=in_mode(True, Endpoint="modal"))
    assert settled(server, "modal")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Cannot update real-time endpoint" in reasons(server, "modal")
    assert server.ask("modal") == [0.5, 0.5]

    # Under another logical id and name: the new one is made, then the old one is removed; and back again.
    for serverless, endpoint in ((True, {"Other": "modal-other"}), (False, {"Endpoint": "modal"})):
        cloudformation.update_stack(StackName="modal", TemplateBody=in_mode(serverless, **endpoint))
        assert settled(server, "modal")["StackStatus"] == "UPDATE_COMPLETE", reasons(server, "modal")
        (name,) = endpoint.values()
        assert server.ask(name) == [0.5, 0.5]
        found = sagemaker.list_endpoints(NameContains="modal")["Endpoints"]
        assert [each["EndpointName"] for each in found] == [name]
    cloudformation.delete_stack(StackName="modal")
    wait_for(lambda: gone(server, "modal"))


def guarded(model: str, alarm: str) -> str:
    """Returns a template whose endpoint is updated all at once, bakes for a second and has an alarm."""
    made = json.loads(template(model))
    policy = {
        "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
        "TerminationWaitInSeconds": "1",
    }
    made["Resources"]["Endpoint"]["Properties"] |= {
        "EndpointName": "guarded",
        "DeploymentConfig": {
            "BlueGreenUpdatePolicy": policy,
            "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]},
        },
    }
    return json.dumps(made)


def test_a_stack_waits_for_the_baking_and_is_no_success_where_the_endpoint_was_rolled_back(
    server: Server,
) -> None:
    cloudformation, cloudwatch = server.client("cloudformation"), server.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="guard",
        Namespace="Nobody",
        MetricName="Writes",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    cloudformation.create_stack(StackName="guarded", TemplateBody=guarded("first", "guard"))
    assert settled(server, "guarded")["StackStatus"] == "CREATE_COMPLETE", reasons(server, "guarded")
    cloudformation.update_stack(StackName="guarded", TemplateBody=guarded("second", "guard"))
    assert settled(server, "guarded")["StackStatus"] == "UPDATE_COMPLETE", reasons(server, "guarded")
    assert server.ask("guarded") == [0.25, 0.75]
    endpoint = server.client("sagemaker").describe_endpoint(EndpointName="guarded")
    assert endpoint["EndpointStatus"] == "InService"

    # Whether the endpoint's resource fails or one that checks it afterwards, the stack says what serves, why.
    cloudwatch.set_alarm_state(AlarmName="guard", StateValue="ALARM", StateReason="a test")
    cloudformation.update_stack(StackName="guarded", TemplateBody=guarded("first", "guard"))
    assert settled(server, "guarded")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    told = reasons(server, "guarded")
    assert endpoint["EndpointConfigName"] in told
    assert "alarm guard is in state ALARM" in told
    assert server.ask("guarded") == [0.25, 0.75]
    cloudformation.delete_stack(StackName="guarded")
    wait_for(lambda: gone(server, "guarded"))


def gone(server: Server, name: str) -> bool:
    try:
        stack = server.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    except ClientError:
        return True
    return bool(stack["StackStatus"] == "DELETE_COMPLETE")


def test_an_endpoint_that_does_not_start_is_rolled_back_with_its_reason(server: Server) -> None:
    cloudformation = server.client("cloudformation")
    cloudformation.create_stack(StackName="unlucky", TemplateBody=template("dead"))
    assert settled(server, "unlucky")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "did not pass the ping health check" in reasons(server, "unlucky")
    assert not server.client("sagemaker").list_endpoints(NameContains="stacked")["Endpoints"]
    cloudformation.delete_stack(StackName="unlucky")


def test_an_unknown_property_is_refused_as_cloudformation_does(server: Server) -> None:
    cloudformation = server.client("cloudformation")
    cloudformation.create_stack(StackName="misspelt", TemplateBody=template("first", RoleArn=ROLE))
    assert settled(server, "misspelt")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "extraneous key [RoleArn] is not permitted" in reasons(server, "misspelt")


def test_a_named_model_cannot_be_replaced_under_its_name(server: Server) -> None:
    cloudformation = server.client("cloudformation")

    def model(which: str) -> str:
        resources = json.loads(template(which, ModelName="named"))["Resources"]
        return json.dumps({"Resources": {"Model": resources["Model"]}})

    cloudformation.create_stack(StackName="named", TemplateBody=model("first"))
    assert settled(server, "named")["StackStatus"] == "CREATE_COMPLETE"
    cloudformation.update_stack(StackName="named", TemplateBody=model("second"))
    assert settled(server, "named")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "cannot update a stack when a custom-named resource requires replacing" in reasons(server, "named")


def test_a_group_of_model_packages_goes_with_its_stack_once_it_is_empty(server: Server) -> None:
    cloudformation, sagemaker = server.client("cloudformation"), server.client("sagemaker")
    properties = {"ModelPackageGroupName": "versions", "Tags": [{"Key": "project", "Value": "scones"}]}
    group = {"Type": "AWS::SageMaker::ModelPackageGroup", "Properties": properties}
    body = json.dumps({"Resources": {"Group": group}, "Outputs": {"Arn": {"Value": {"Ref": "Group"}}}})
    cloudformation.create_stack(StackName="versions", TemplateBody=body)
    stack = settled(server, "versions")
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(server, "versions")
    arn = "arn:aws:sagemaker:us-east-1:000000000000:model-package-group/versions"
    assert stack["Outputs"][0]["OutputValue"] == arn
    specification = {"Containers": [{"Image": IMAGE}]}
    package = sagemaker.create_model_package(
        ModelPackageGroupName="versions", InferenceSpecification=specification
    )["ModelPackageArn"]
    cloudformation.delete_stack(StackName="versions")
    assert settled(server, "versions")["StackStatus"] == "DELETE_FAILED"
    assert "has model packages and cannot be deleted" in reasons(server, "versions")
    sagemaker.delete_model_package(ModelPackageName=package)
    cloudformation.delete_stack(StackName="versions")
    wait_for(lambda: not sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"])
