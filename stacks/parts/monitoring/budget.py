"""A monthly budget of what bears the deployment's tag, which tells the alarms' topic."""

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.configuration.settings import Settings

# What was spent, and what AWS expects of the whole month, in percent of the budget.
NOTIFIED = (("ACTUAL", 80), ("FORECASTED", 100))


def add_budget(scope: Construct, *, settings: Settings, topic: sns.ITopic) -> budgets.CfnBudget:
    """Adds the budget ``NAME-budget``.

    It counts nothing before the tag ``project`` is activated for cost allocation (docs/runbook.md).
    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/custom-tags.html
    """
    subscriber = budgets.CfnBudget.SubscriberProperty(subscription_type="SNS", address=topic.topic_arn)
    return budgets.CfnBudget(
        scope,
        "Budget",
        budget=budgets.CfnBudget.BudgetDataProperty(
            budget_name=f"{settings.name}-budget",
            budget_type="COST",
            time_unit="MONTHLY",
            budget_limit=budgets.CfnBudget.SpendProperty(amount=settings.monthly_budget_usd, unit="USD"),
            cost_filters={"TagKeyValue": [f"user:project${settings.name}"]},
        ),
        notifications_with_subscribers=[
            budgets.CfnBudget.NotificationWithSubscribersProperty(
                notification=budgets.CfnBudget.NotificationProperty(
                    notification_type=kind, comparison_operator="GREATER_THAN", threshold=percent
                ),
                subscribers=[subscriber],
            )
            for kind, percent in NOTIFIED
        ],
    )
