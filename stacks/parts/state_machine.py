"""A state machine in JSONata with a role and a log group of its own."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.parts.logged_function import LogGroup


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
                scope, f"{construct_id}Role", assumed_by=iam.ServicePrincipal("states.amazonaws.com")
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
