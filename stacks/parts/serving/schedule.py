"""The endpoint is switched off and on by the clock: EventBridge Scheduler calls a function that does it."""

import json
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

from lambdas.workflow import places
from stacks.configuration.settings import Settings
from stacks.parts.function_asset import FunctionAsset
from stacks.parts.logged import LoggedFunction
from stacks.parts.parameters import format_parameter_arn
from stacks.parts.serving.served_model import allow_served_model

# For what passes at once alone: tried again for longer, it would undo what is switched by hand meanwhile.
ATTEMPTS, TRYING_SECONDS = 5, 300


def add_schedule(
    scope: cdk.Stack,
    *,
    settings: Settings,
    functions: FunctionAsset,
    stack: str,
    parameter: str,
    reads: Sequence[str],
) -> None:
    """Adds the function that updates the one stack, the two schedules, and the role in which they call it.

    Args:
        scope: The stack that is updated.
        settings: All settings.
        functions: The code of the functions.
        stack: The stack's name.
        parameter: The parameter that switches; every other one has what it has by default, its place in
            Parameter Store.
        reads: The deployment's parameters that the stack reads.
    """
    function = LoggedFunction(
        scope,
        "ScheduledSwitch",
        settings=settings,
        purpose="endpoint-switch",
        handler="lambdas.deploy.serving.scheduled_switch.handler",
        code=functions,
        memory_mb=256,
        timeout_seconds=60,
    )
    _allow_switch(scope, function, settings.name, reads)
    own_account = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
    trusted = iam.ServicePrincipal("scheduler.amazonaws.com", conditions=own_account)
    role = iam.Role(scope, "ScheduleRole", assumed_by=trusted)
    role.add_to_policy(
        iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[function.function_arn])
    )
    for which, value in (("off", places.SWITCH_OFF), ("on", places.SWITCH_AS_SET)):
        made = scheduler.CfnSchedule(
            scope,
            f"Switch{which.title()}",
            name=f"{settings.name}-endpoint-{which}",
            schedule_expression=f"cron({settings.endpoint_schedule[which]})",
            schedule_expression_timezone=settings.endpoint_schedule["time_zone"],
            flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=scheduler.CfnSchedule.TargetProperty(
                arn=function.function_arn,
                role_arn=role.role_arn,
                input=json.dumps(
                    {"name": settings.name, "stack": stack, "parameter": parameter, "value": value}
                ),
                retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=TRYING_SECONDS, maximum_retry_attempts=ATTEMPTS
                ),
            ),
        )
        # A schedule tries its role when it is made.
        made.node.add_dependency(role)


def _allow_switch(scope: cdk.Stack, function: LoggedFunction, name: str, reads: Sequence[str]) -> None:
    """Allows a function to update the one stack, and to look at what serves and what was accepted.

    The CDK gave the stack a role for its deploys, which CloudFormation acts in here too. What the stack's
    parameters name in Parameter Store it reads in the name of who calls, the CDK's own parameter among them.
    """
    function.allow(["cloudformation:UpdateStack"], cdk.Aws.STACK_ID)
    bootstrapped = scope.format_arn(
        service="ssm",
        resource="parameter",
        resource_name=f"cdk-bootstrap/{scope.synthesizer.bootstrap_qualifier}/version",
    )
    looked_up = [*(format_parameter_arn(scope, name, which) for which in reads), bootstrapped]
    function.allow(["ssm:GetParameters"], *looked_up)
    function.allow(["ssm:GetParameter"], format_parameter_arn(scope, name, "model"))
    allow_served_model(scope, function, name)
