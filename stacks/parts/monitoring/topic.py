"""Where all alarms of a deployment go: one topic, encrypted with a key that those who write to it may use."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from stacks.configuration.settings import Settings


class AlarmTopic(sns.Topic):
    """The topic ``NAME-alarms`` with its key.

    The key is the deployment's own, for no service may use the one that AWS manages for SNS
    (https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html). KMS keeps it for a week after its
    removal, and takes nothing for that.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        key = kms.Key(
            scope,
            f"{construct_id}Key",
            description=f"Encrypts what the alarms of {settings.name} say",
            enable_key_rotation=True,
            pending_window=cdk.Duration.days(7),
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        super().__init__(
            scope, construct_id, topic_name=f"{settings.name}-alarms", master_key=key, enforce_ssl=True
        )
        account, stack = cdk.Aws.ACCOUNT_ID, cdk.Stack.of(scope)
        self._let_write(
            key,
            "cloudwatch.amazonaws.com",
            stack.format_arn(
                service="cloudwatch",
                resource="alarm",
                resource_name=f"{settings.name}-*",
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            ),
        )
        self._let_write(key, "budgets.amazonaws.com", f"arn:{cdk.Aws.PARTITION}:budgets::{account}:*")

    def _let_write(self, key: kms.Key, service: str, senders: str) -> None:
        """Lets a service write for this account's senders, as AWS's examples do.

        https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
        https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html
        https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
        """
        principal = iam.ServicePrincipal(service)
        here: dict[str, Any] = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[principal],
                actions=["kms:Decrypt", "kms:GenerateDataKey"],
                # In a key's policy: this key.
                resources=["*"],
                conditions=here,
            )
        )
        self.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[principal],
                actions=["sns:Publish"],
                resources=[self.topic_arn],
                conditions={**here, "ArnLike": {"aws:SourceArn": senders}},
            )
        )
