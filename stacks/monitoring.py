"""What tells a person that something is wrong: alarms, their topic, a dashboard, and a budget."""

import aws_cdk as cdk
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from stacks.configuration.settings import Settings
from stacks.parts.function_asset import FunctionAssets
from stacks.parts.monitoring.alarms import add_alarms
from stacks.parts.monitoring.budget import add_budget
from stacks.parts.monitoring.dashboard import add_dashboard
from stacks.parts.monitoring.drifting import add_drift
from stacks.parts.monitoring.topic import AlarmTopic
from stacks.parts.monitoring.watching import add_watching
from stacks.parts.parameters import write_parameter


class MonitoringStack(cdk.Stack):
    """Topic, alarms and dashboard, what measures, a budget by setting, and ``/{name}/alarms-topic``."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, functions: FunctionAssets
    ) -> None:
        super().__init__(scope, construct_id, description="Scones Unlimited: tells what is wrong")
        name = settings.name
        add_watching(self, settings=settings, functions=functions.plain)
        # It measures how the photos of a day look.
        add_drift(self, settings=settings, functions=functions.decoding)
        topic = AlarmTopic(self, "Topic", settings=settings)
        if settings.alarm_email:
            topic.add_subscription(subscriptions.EmailSubscription(settings.alarm_email))
        alarms = add_alarms(self, settings=settings, topic=topic)
        add_dashboard(self, settings=settings, alarms=alarms)
        if settings.monthly_budget_usd:
            # Budgets looks whether it may write to the topic.
            add_budget(self, settings=settings, topic=topic).node.add_dependency(topic)
        description = "ARN of the topic that the alarms write to"
        write_parameter(self, name, "alarms-topic", topic.topic_arn, description)
