"""Lambda functions and JSONata state machines, each with a role and a log group of its own."""

from collections.abc import Mapping
from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.configuration.settings import Settings
from stacks.parts.function_asset import PYTHON, FunctionAsset


class LogGroup(logs.LogGroup):
    """A log group that forgets after as many days as the settings say, and goes with its stack."""

    def __init__(self, scope: Construct, construct_id: str, *, name: str, days: int) -> None:
        super().__init__(scope, construct_id, log_group_name=name, removal_policy=cdk.RemovalPolicy.DESTROY)
        # The CDK knows the allowed numbers by names only; the template takes the number itself.
        cast(logs.CfnLogGroup, self.node.default_child).retention_in_days = days


class LoggedFunction(lambda_.Function):
    """A function whose role may at first do nothing but log and trace."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: Settings,
        purpose: str,
        handler: str,
        code: FunctionAsset,
        memory_mb: int,
        timeout_seconds: int,
        temporary_mb: int = 512,
        environment: dict[str, str] | None = None,
    ) -> None:
        """Makes function, role and log group.

        ``purpose`` is the last part of the function's name, ``temporary_mb`` the room for its files.
        """
        name = f"{settings.name}-{purpose}"
        log_group = LogGroup(scope, f"{construct_id}Logs", name=f"/aws/lambda/{name}", days=settings.log_days)
        role = iam.Role(scope, f"{construct_id}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        super().__init__(
            scope,
            construct_id,
            function_name=name,
            runtime=lambda_.Runtime(f"python{PYTHON}", lambda_.RuntimeFamily.PYTHON),
            architecture=lambda_.Architecture.X86_64,
            handler=handler,
            code=lambda_.Code.from_asset(
                str(code.folder), asset_hash=code.digest, asset_hash_type=cdk.AssetHashType.CUSTOM
            ),
            role=role,
            memory_size=memory_mb,
            ephemeral_storage_size=cdk.Size.mebibytes(temporary_mb) if temporary_mb != 512 else None,
            timeout=cdk.Duration.seconds(timeout_seconds),
            environment={"POWERTOOLS_SERVICE_NAME": settings.name, **(environment or {})},
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
        )

    def allow(self, actions: list[str], *resources: str) -> None:
        """Allows the function's role some actions on some resources, given by ARN."""
        self.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=list(resources)))

    def add_resource(
        self, construct_id: str, *, answer_seconds: int, properties: Mapping[str, str]
    ) -> cdk.CustomResource:
        """Adds a custom resource of the type ``Custom::{construct_id}`` that the function answers for.

        Args:
            construct_id: Id beside the function.
            answer_seconds: How long CloudFormation waits; Lambda runs a function that died up to three times.
            properties: What the function is told.
        """
        resource = cdk.CustomResource(
            cast(Construct, self.node.scope),
            construct_id,
            service_token=self.function_arn,
            service_timeout=cdk.Duration.seconds(answer_seconds),
            resource_type=f"Custom::{construct_id}",
            properties=properties,
        )
        # The function's permissions must be there before it is called, and go after it.
        resource.node.add_dependency(self, self.role)
        return resource


class LoggedStateMachine(sfn.StateMachine):
    """Logs every step, but no data: inputs hold pictures, or an address that lets its holder write.

    Attributes:
        console_url: Page of its executions in the AWS console.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        log_days: int,
        chain: sfn.IChainable,
        timeout: cdk.Duration,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            state_machine_name=name,
            query_language=sfn.QueryLanguage.JSONATA,
            definition_body=sfn.DefinitionBody.from_chainable(chain),
            timeout=timeout,
            role=iam.Role(
                scope,
                f"{construct_id}Role",
                assumed_by=iam.ServicePrincipal(
                    "states.amazonaws.com",
                    conditions={"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}},
                ),
            ),
            logs=sfn.LogOptions(
                # Under this prefix log groups share one resource policy, whose size is limited.
                destination=LogGroup(
                    scope, f"{construct_id}Logs", name=f"/aws/vendedlogs/states/{name}", days=log_days
                ),
                level=sfn.LogLevel.ALL,
                include_execution_data=False,
            ),
            tracing_enabled=True,
        )
        self.console_url = (
            f"https://{cdk.Aws.REGION}.console.aws.amazon.com/states/home?region={cdk.Aws.REGION}"
            f"#/statemachines/view/{self.state_machine_arn}"
        )
