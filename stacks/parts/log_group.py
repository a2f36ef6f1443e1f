"""A log group that forgets after as many days as the settings say."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct


class LogGroup(logs.LogGroup):
    """A log group that goes with its stack."""

    def __init__(self, scope: Construct, construct_id: str, *, name: str, days: int) -> None:
        super().__init__(scope, construct_id, log_group_name=name, removal_policy=cdk.RemovalPolicy.DESTROY)
        # The CDK knows the allowed numbers by names only; the template takes the number itself.
        cast(logs.CfnLogGroup, self.node.default_child).retention_in_days = days
