"""What the templates make is what ``make destroy`` looks for."""

import re
from typing import Any

import pytest

from console.destruction.kinds import KINDS
from console.destruction.ownership import STACKS, Ownership
from tests.stacks.synthesis import STACKS as DEPLOYED
from tests.stacks.synthesis import Assembly

# What goes with something else, or is listed in a way of its own (console/destruction/remains.py).
PARTS_OF_OTHERS = (
    "Lambda::Permission",
    "Policy",
    "CloudFormation::CustomResource",
    "IAM::Role",
    "KMS::Key",
    "SNS::Subscription",
)
WHAT = {
    "AWS::ApplicationAutoScaling::ScalableTarget": "scalable target",
    "AWS::Budgets::Budget": "budget",
    "AWS::CloudWatch::Alarm": "alarm",
    "AWS::CloudWatch::CompositeAlarm": "alarm",
    "AWS::CloudWatch::Dashboard": "dashboard",
    "AWS::DynamoDB::Table": "table",
    "AWS::Events::Rule": "rule",
    "AWS::Lambda::EventSourceMapping": "event source",
    "AWS::Lambda::Function": "function",
    "AWS::Logs::LogGroup": "log group",
    "AWS::S3::Bucket": "bucket",
    "AWS::SNS::Topic": "topic",
    "AWS::SQS::Queue": "queue",
    "AWS::SSM::Parameter": "parameter",
    "AWS::SageMaker::Endpoint": "endpoint",
    "AWS::SageMaker::EndpointConfig": "endpoint configuration",
    "AWS::SageMaker::Model": "model",
    "AWS::SageMaker::ModelPackageGroup": "group of model versions",
    "AWS::Scheduler::Schedule": "schedule",
    "AWS::StepFunctions::StateMachine": "state machine",
}
NAMES = (
    *("AlarmName", "BudgetName", "DashboardName", "EndpointName", "FunctionName", "LogGroupName", "Name"),
    *("ModelPackageGroupName", "QueueName", "StateMachineName", "TopicName"),
)


@pytest.fixture(params=["assembly", "otherwise_set", "with_auto", "with_artifact"])
def resources(request: pytest.FixtureRequest) -> tuple[str, list[dict[str, Any]]]:
    """The deployment's name and all resources of its templates."""
    assembly: Assembly = request.getfixturevalue(request.param)
    name = "other" if request.param == "otherwise_set" else "scones"
    templates = assembly.templates.values()
    return name, [resource for each in templates for resource in each["Resources"].values()]


def test_every_stack_that_is_deployed_is_removed() -> None:
    assert set(STACKS) == set(DEPLOYED)


def test_every_kind_that_a_template_makes_is_listed(resources: tuple[str, list[dict[str, Any]]]) -> None:
    made = {resource["Type"] for resource in resources[1]}
    unknown = {
        kind
        for kind in made - WHAT.keys()
        if not kind.startswith("Custom::") and not kind.endswith(PARTS_OF_OTHERS)
    }
    # Add such a kind to console/destruction/kinds.py: make destroy would not see what stays of it.
    assert unknown == set()
    assert {WHAT[kind] for kind in made & WHAT.keys()} <= {kind.what for kind in KINDS}


def test_every_name_that_a_template_gives_is_the_deployment_s_and_no_other_s(
    resources: tuple[str, list[dict[str, Any]]],
) -> None:
    name, found = resources
    kinds = {kind.what: kind for kind in KINDS}
    given = [
        kinds[WHAT[resource["Type"]]].shorten({}, value)
        for resource in found
        if resource["Type"] in WHAT and resource["Type"] != "AWS::Lambda::EventSourceMapping"
        for member in NAMES
        if isinstance(value := resource.get("Properties", {}).get(member), str)
    ]
    assert given
    # Add what follows the name to WORDS in console/destruction/ownership.py.
    assert [each for each in given if not Ownership(name).owns_name(each)] == []
    assert [each for each in given if Ownership(f"{name}-blue").owns_name(each)] == []
    longer = [re.sub(f"^{name}", f"{name}-blue", each) for each in given]
    assert [each for each in longer if Ownership(name).owns_name(each)] == []
