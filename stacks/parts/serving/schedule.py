"""The endpoint is switched off and on by the clock: EventBridge Scheduler sets a parameter of its stack."""

import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

from lambdas.workflow import places
from stacks.configuration.settings import Settings
from stacks.parts.parameters import format_parameter_arn

# For what passes at once alone. A call is refused as well where the endpoint already is as it is to be: tried
# again for longer, it would undo what is switched by hand meanwhile.
ATTEMPTS, TRYING_SECONDS = 5, 300


def add_schedule(
    scope: cdk.Stack, *, settings: Settings, stack: str, parameter: str, reads: Sequence[str]
) -> None:
    """Adds the two schedules and the role in which they may update the one stack, and do nothing else.

    The CDK gave the stack a role for its deploys, which CloudFormation acts in here too. What the stack's
    parameters name in Parameter Store it reads in the name of who calls, the CDK's own parameter among them.

    Args:
        scope: The stack that is updated.
        settings: All settings.
        stack: The stack's name.
        parameter: The parameter that switches; every other one has what it has by default, its place in
            Parameter Store.
        reads: The deployment's parameters that the stack reads.
    """
    own_account = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
    trusted = iam.ServicePrincipal("scheduler.amazonaws.com", conditions=own_account)
    role = iam.Role(scope, "ScheduleRole", assumed_by=trusted)
    role.add_to_policy(
        iam.PolicyStatement(actions=["cloudformation:UpdateStack"], resources=[cdk.Aws.STACK_ID])
    )
    bootstrapped = scope.format_arn(
        service="ssm",
        resource="parameter",
        resource_name=f"cdk-bootstrap/{scope.synthesizer.bootstrap_qualifier}/version",
    )
    looked_up = [*(format_parameter_arn(scope, settings.name, which) for which in reads), bootstrapped]
    role.add_to_policy(iam.PolicyStatement(actions=["ssm:GetParameters"], resources=looked_up))
    for which, value in (("off", places.SWITCH_OFF), ("on", places.SWITCH_AS_SET)):
        made = scheduler.CfnSchedule(
            scope,
            f"Switch{which.title()}",
            name=f"{settings.name}-endpoint-{which}",
            schedule_expression=f"cron({settings.endpoint_schedule[which]})",
            schedule_expression_timezone=settings.endpoint_schedule["time_zone"],
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=f"arn:{cdk.Aws.PARTITION}:scheduler:::aws-sdk:cloudformation:updateStack",
                role_arn=role.role_arn,
                input=json.dumps(
                    {
                        "StackName": stack,
                        "UsePreviousTemplate": True,
                        "Capabilities": ["CAPABILITY_NAMED_IAM"],
                        "Parameters": [{"ParameterKey": parameter, "ParameterValue": value}],
                    }
                ),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=TRYING_SECONDS, maximum_retry_attempts=ATTEMPTS
                ),
            ),
        )
        # A schedule tries its role when it is made.
        made.node.add_dependency(role)
