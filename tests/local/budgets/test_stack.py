"""A stack makes a budget with its notifications, changes it, and takes it away, as it does on AWS."""

import json
from typing import Any

import pytest

from tests.local.cloud_process import Cloud

ACCOUNT = {"AccountId": "000000000000"}
NAME = "scones-budget"


def make_template(amount: float | str, *thresholds: float, name: str | None = NAME, **tags: str) -> str:
    """Returns a stack with a budget as this project's monitoring has it, and a topic that is told."""
    budget: dict[str, Any] = {
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": amount, "Unit": "USD"},
        "CostFilters": {"TagKeyValue": ["user:project$scones"]},
    }
    subscriber = {"SubscriptionType": "SNS", "Address": {"Ref": "Topic"}}
    notifications = [
        {
            "Notification": {
                "NotificationType": "ACTUAL",
                "ComparisonOperator": "GREATER_THAN",
                "Threshold": threshold,
            },
            "Subscribers": [subscriber],
        }
        for threshold in thresholds
    ]
    properties: dict[str, Any] = {
        "Budget": budget | ({"BudgetName": name} if name else {}),
        "NotificationsWithSubscribers": notifications,
    }
    if tags:
        properties["ResourceTags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    return json.dumps(
        {
            "Resources": {
                "Topic": {"Type": "AWS::SNS::Topic"},
                "Budget": {"Type": "AWS::Budgets::Budget", "Properties": properties},
            },
            "Outputs": {"Name": {"Value": {"Ref": "Budget"}}, "Topic": {"Value": {"Ref": "Topic"}}},
        }
    )


def read_outputs(stack: dict[str, Any]) -> dict[str, str]:
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def list_names(cloud: Cloud) -> list[str]:
    answer = cloud.client("budgets").describe_budgets(**ACCOUNT)
    return [budget["BudgetName"] for budget in answer["Budgets"]]


def test_a_stack_makes_changes_and_takes_away_a_budget(cloud: Cloud) -> None:
    cloudformation, budgets = cloud.client("cloudformation"), cloud.client("budgets")
    asked = {**ACCOUNT, "BudgetName": NAME}
    made = make_template(20, 80, 100, project="scones", team="ovens")
    stack = cloudformation.create_stack(StackName="budgeted", TemplateBody=made)["StackId"]
    created = cloud.settled(stack)
    assert created["StackStatus"] == "CREATE_COMPLETE", created
    outputs = read_outputs(created)
    assert outputs["Name"] == NAME
    budget = budgets.describe_budget(**asked)["Budget"]
    assert budget["BudgetLimit"] == {"Amount": "20", "Unit": "USD"}
    assert budget["CostFilters"] == {"TagKeyValue": ["user:project$scones"]}
    notifications = budgets.describe_notifications_for_budget(**asked)["Notifications"]
    assert [notification["Threshold"] for notification in notifications] == [80, 100]
    subscribers = budgets.describe_subscribers_for_notification(**asked, Notification=notifications[0])
    assert subscribers["Subscribers"] == [{"SubscriptionType": "SNS", "Address": outputs["Topic"]}]

    changed = make_template("35.5", 80, 100, project="scones-2")
    cloudformation.update_stack(StackName="budgeted", TemplateBody=changed)
    assert cloud.settled(stack)["StackStatus"] == "UPDATE_COMPLETE"
    assert budgets.describe_budget(**asked)["Budget"]["BudgetLimit"]["Amount"] == "35.5"
    assert len(budgets.describe_notifications_for_budget(**asked)["Notifications"]) == 2
    tagged = budgets.list_tags_for_resource(ResourceARN=f"arn:aws:budgets::000000000000:budget/{NAME}")
    assert tagged["ResourceTags"] == [{"Key": "project", "Value": "scones-2"}]

    # Notifications cannot be changed in place, and the name is taken: what AWS says as well.
    cloudformation.update_stack(StackName="budgeted", TemplateBody=make_template(35.5, 90))
    assert cloud.settled(stack)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    reasons = [
        event.get("ResourceStatusReason", "")
        for event in cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    ]
    assert any(
        "Error creating budget: scones-budget - the budget already exists." in reason
        and "DuplicateRecordException" in reason
        for reason in reasons
    )
    assert len(budgets.describe_notifications_for_budget(**asked)["Notifications"]) == 2

    cloudformation.update_stack(StackName="budgeted", TemplateBody=make_template(35.5, 90, name="renamed"))
    assert read_outputs(cloud.settled(stack))["Name"] == "renamed"
    assert list_names(cloud) == ["renamed"]

    cloudformation.delete_stack(StackName=stack)
    assert cloud.settled(stack)["StackStatus"] == "DELETE_COMPLETE"
    assert list_names(cloud) == []


def test_a_budget_without_a_name_gets_one_and_is_replaced(cloud: Cloud) -> None:
    cloudformation = cloud.client("cloudformation")
    unnamed = make_template(20, 80, name=None)
    stack = cloudformation.create_stack(StackName="unnamed", TemplateBody=unnamed)["StackId"]
    before = read_outputs(cloud.settled(stack))["Name"]
    assert before.startswith("unnamed-Budget-")
    cloudformation.update_stack(StackName="unnamed", TemplateBody=make_template(20, 90, name=None))
    after = read_outputs(cloud.settled(stack))["Name"]
    assert after != before
    assert list_names(cloud) == [after]
    cloudformation.delete_stack(StackName=stack)
    cloud.settled(stack)


@pytest.mark.parametrize(
    ("member", "other", "reason"),
    [("GREATER_THAN", "ABOUT", "ComparisonOperator"), ("TimeUnit", "TimeSpan", "TimeSpan")],
)
def test_a_budget_that_cannot_be_fails_the_stack_with_the_reason(
    cloud: Cloud, member: str, other: str, reason: str
) -> None:
    cloudformation = cloud.client("cloudformation")
    wrong = make_template(20, 80).replace(member, other)
    stack = cloudformation.create_stack(StackName=f"wrong-{other}", TemplateBody=wrong)["StackId"]
    cloud.settled(stack)
    reasons = " ".join(
        event.get("ResourceStatusReason", "")
        for event in cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    )
    assert reason in reasons
    assert NAME not in list_names(cloud)
