"""A stack is updated by its parameters alone, with the template that it has, as on AWS."""

import json
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.local.cloud_process import Cloud

UNCHANGED = "No updates are to be performed."


def parameter(name: Any, value: Any, **attributes: Any) -> dict[str, Any]:
    """Returns a resource that is quickly made: a parameter of Parameter Store."""
    properties = {"Name": name, "Type": "String", "Value": value}
    return {"Type": "AWS::SSM::Parameter", "Properties": properties, **attributes}


class Switched:
    """A stack with a resource that a parameter switches, and one that holds what Parameter Store leads to."""

    def __init__(self, cloud: Cloud) -> None:
        """Makes the stack."""
        self.cloud = cloud
        self.name = f"stack-{uuid4().hex[:12]}"
        self.api = cloud.client("cloudformation")
        self.put("model", "first")
        self.api.create_stack(StackName=self.name, TemplateBody=self.template())
        self.settle("CREATE_COMPLETE")

    def template(self, **resources: Any) -> str:
        """Returns the stack's template, with further resources."""
        kept = {
            "Switch": {"Type": "String", "AllowedValues": ["as-set", "on", "off"], "Default": "as-set"},
            "Label": {"Type": "String", "Default": "plain"},
            "Model": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": f"/{self.name}/model"},
        }
        resources |= {
            "Switched": parameter(f"/{self.name}/switched", {"Ref": "Model"}, Condition="On"),
            "After": parameter({"Fn::Sub": f"/{self.name}/${{Label}}"}, "after", DependsOn="Switched"),
            "Served": parameter(f"/{self.name}/served", {"Ref": "Model"}),
            "Told": parameter(f"/{self.name}/told", {"Fn::If": ["On", "on", "off"]}),
        }
        conditions = {"On": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Switch"}, "off"]}]}}
        outputs = {"Switched": {"Condition": "On", "Value": {"Ref": "Switched"}}}
        return json.dumps(
            {"Parameters": kept, "Conditions": conditions, "Resources": resources, "Outputs": outputs}
        )

    def put(self, name: str, value: str) -> None:
        """Writes to Parameter Store."""
        self.cloud.client("ssm").put_parameter(
            Name=f"/{self.name}/{name}", Value=value, Type="String", Overwrite=True
        )

    def values(self) -> dict[str, str]:
        """Returns what Parameter Store has of this stack, by the last part of the name."""
        found = self.cloud.client("ssm").get_parameters_by_path(Path=f"/{self.name}")["Parameters"]
        return {each["Name"].rpartition("/")[2]: each["Value"] for each in found}

    def given(self, **parameters: str) -> list[dict[str, Any]]:
        """Returns the parameters of a request: those named change, all others keep their values."""
        return [
            {"ParameterKey": key, "ParameterValue": parameters[key]}
            if key in parameters
            else {"ParameterKey": key, "UsePreviousValue": True}
            for key in ("Switch", "Label", "Model")
        ]

    def update(self, **parameters: str) -> None:
        """Asks for an update with the template that the stack has."""
        self.api.update_stack(
            StackName=self.name,
            UsePreviousTemplate=True,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=self.given(**parameters),
        )

    def settle(self, status: str) -> dict[str, Any]:
        """Waits for the end of what was asked for; returns the stack's parameters."""
        described = self.cloud.settled(self.name)
        assert described["StackStatus"] == status
        return {each["ParameterKey"]: each for each in described["Parameters"]}

    def told(self, logical_id: str) -> list[str]:
        """Returns what a resource's events say, the latest last."""
        events = self.api.describe_stack_events(StackName=self.name)["StackEvents"][::-1]
        return [e["ResourceStatus"] for e in events if e["LogicalResourceId"] == logical_id]

    def compare(self, body: str) -> dict[str, Any]:
        """Makes a change set as the CDK does: all parameters keep their values. Returns its description."""
        made = self.api.create_change_set(
            StackName=self.name,
            ChangeSetName=f"cdk-{uuid4().hex[:8]}",
            ChangeSetType="UPDATE",
            TemplateBody=body,
            Parameters=self.given(),
        )
        return self.api.describe_change_set(ChangeSetName=made["Id"])

    def deploy(self, body: str) -> dict[str, Any]:
        """Updates the stack by a change set, as the CDK does; returns the change set's description."""
        described = self.compare(body)
        assert described["Status"] == "CREATE_COMPLETE", described
        self.api.execute_change_set(ChangeSetName=described["ChangeSetId"])
        self.settle("UPDATE_COMPLETE")
        return described

    def outputs(self) -> dict[str, str]:
        """Returns what the stack tells of itself."""
        (described,) = self.api.describe_stacks(StackName=self.name)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}


@pytest.fixture
def stack(cloud: Cloud) -> Switched:
    return Switched(cloud)


def test_a_resource_goes_and_comes_with_the_parameter_that_switches_it(stack: Switched) -> None:
    made = {"served": "first", "model": "first"}
    assert stack.values() == made | {"plain": "after", "told": "on", "switched": "first"}

    stack.update(Switch="off")
    assert stack.settle("UPDATE_COMPLETE")["Switch"]["ParameterValue"] == "off"
    assert stack.values() == made | {"plain": "after", "told": "off"}
    assert stack.told("Switched")[-2:] == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]
    assert "Switched" not in str(stack.api.describe_stack_resources(StackName=stack.name)["StackResources"])
    assert not stack.api.describe_stacks(StackName=stack.name)["Stacks"][0].get("Outputs")

    stack.update(Label="renamed")
    stack.settle("UPDATE_COMPLETE")
    assert stack.values() == made | {"renamed": "after", "told": "off"}

    stack.update(Switch="on")
    parameters = stack.settle("UPDATE_COMPLETE")
    assert (parameters["Switch"]["ParameterValue"], parameters["Label"]["ParameterValue"]) == (
        "on",
        "renamed",
    )
    assert stack.values() == made | {"renamed": "after", "told": "on", "switched": "first"}


def test_what_parameter_store_leads_to_is_looked_up_at_each_update(stack: Switched) -> None:
    stack.put("model", "second")
    stack.update()
    stack.settle("UPDATE_COMPLETE")
    assert stack.values()["served"] == "second"


def test_an_update_that_changes_nothing_is_refused_and_leaves_the_stack_alone(stack: Switched) -> None:
    for parameters in ({}, {"Switch": "as-set"}, {"Model": f"/{stack.name}/model"}):
        with pytest.raises(ClientError, match=UNCHANGED) as caught:
            stack.update(**parameters)
        assert caught.value.response["Error"]["Code"] == "ValidationError"
    stack.settle("CREATE_COMPLETE")


def test_an_update_with_a_parameter_that_cannot_be_is_refused(stack: Switched) -> None:
    for parameters in ({"Switch": "maybe"}, {"Model": "/not/there"}):
        with pytest.raises(ClientError) as caught:
            stack.update(**parameters)
        assert caught.value.response["Error"]["Code"] == "ValidationError"
    stack.settle("CREATE_COMPLETE")


def test_a_failed_update_gives_back_the_parameters_and_what_they_switched(stack: Switched) -> None:
    taken = "model"
    stack.update(Switch="off", Label=taken)
    parameters = stack.settle("UPDATE_ROLLBACK_COMPLETE")
    assert (parameters["Switch"]["ParameterValue"], parameters["Label"]["ParameterValue"]) == (
        "as-set",
        "plain",
    )
    assert stack.values()["switched"] == "first"
    with pytest.raises(ClientError, match=UNCHANGED):
        stack.update()
    stack.update(Switch="off")
    stack.settle("UPDATE_COMPLETE")
    stack.update(Switch="on", Label=taken)
    stack.settle("UPDATE_ROLLBACK_COMPLETE")
    assert "switched" not in stack.values()


def test_a_stack_whose_switching_failed_is_deleted_in_the_order_of_its_dependencies(stack: Switched) -> None:
    stack.update(Switch="off", Label="model")
    stack.settle("UPDATE_ROLLBACK_COMPLETE")
    (described,) = stack.api.describe_stacks(StackName=stack.name)["Stacks"]
    stack.api.delete_stack(StackName=stack.name)
    stack.cloud.settled(described["StackId"])
    events = stack.api.describe_stack_events(StackName=described["StackId"])["StackEvents"][::-1]
    gone = [e["LogicalResourceId"] for e in events if e["ResourceStatus"] == "DELETE_COMPLETE"]
    assert gone.index("After") < gone.index("Switched")


def test_the_next_deploy_of_the_cdk_keeps_what_was_switched(stack: Switched) -> None:
    stack.update(Switch="off")
    stack.settle("UPDATE_COMPLETE")
    stack.put("model", "second")
    stack.deploy(stack.template(Added=parameter(f"/{stack.name}/added", "new")))
    assert stack.values() == {
        "plain": "after",
        "served": "second",
        "told": "off",
        "model": "second",
        "added": "new",
    }


def test_a_change_set_sees_a_resource_that_a_condition_alone_brings_or_takes(stack: Switched) -> None:
    body = json.loads(stack.template())
    del body["Resources"]["Told"]
    stack.deploy(json.dumps(body))
    for switch, action in (("off", "Remove"), ("on", "Add")):
        made = stack.api.create_change_set(
            StackName=stack.name,
            ChangeSetName=f"switch-{switch}",
            UsePreviousTemplate=True,
            Parameters=stack.given(Switch=switch),
        )
        (change,) = stack.api.describe_change_set(ChangeSetName=made["Id"])["Changes"]
        told = change["ResourceChange"]
        assert (told["Action"], told["LogicalResourceId"]) == (action, "Switched")
        stack.api.execute_change_set(ChangeSetName=made["Id"])
        stack.settle("UPDATE_COMPLETE")
        assert ("switched" in stack.values()) == (switch == "on")


def test_a_change_set_of_outputs_alone_lists_no_changes_and_is_executed(stack: Switched) -> None:
    body = json.loads(stack.template())
    body["Outputs"] |= {"Added": {"Value": {"Fn::Sub": "${Label} ${Served}"}}}
    assert stack.deploy(json.dumps(body))["Changes"] == []
    assert stack.outputs() == {
        "Switched": f"/{stack.name}/switched",
        "Added": f"plain /{stack.name}/served",
    }
    again = stack.compare(json.dumps(body))
    assert (again["Status"], again["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert again["StatusReason"].startswith("The submitted information didn't contain changes.")
    del body["Outputs"]["Switched"]
    stack.deploy(json.dumps(body))
    assert list(stack.outputs()) == ["Added"]
