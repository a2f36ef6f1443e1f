"""The path of a photo: three functions, and the state machine that calls them one after the other."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.configuration.settings import Settings
from stacks.parts.logged_function import LoggedFunction
from stacks.parts.routing_states import routing_states
from stacks.parts.state_machine import LoggedStateMachine
from stacks.parts.threshold import threshold_of


class WorkflowStack(cdk.Stack):
    """Functions serialize, classify and filter, the state machine, and the parameters that lead to it."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, functions: Path) -> None:
        super().__init__(scope, construct_id, description="Scones Unlimited: routes photos by what they show")
        bucket = ssm.StringParameter.value_for_string_parameter(self, f"/{settings.name}/bucket")
        bucket_arn = f"arn:{cdk.Aws.PARTITION}:s3:::{bucket}"
        classes = {"CLASSES": ",".join(settings.classes)}
        endpoint_arn = self.format_arn(service="sagemaker", resource="endpoint", resource_name=settings.name)
        threshold = threshold_of(
            self, settings=settings, functions=functions, bucket=bucket, endpoint_arn=endpoint_arn
        )

        serialize = LoggedFunction(
            self,
            "Serialize",
            settings=settings,
            purpose="serialize",
            handler="lambdas.serialize.handler",
            code=functions,
            # A large photo is decoded in memory.
            memory_mb=1024,
            timeout_seconds=60,
            environment={},
        )
        # Without the right to list, S3 answers "denied" for a photo that is not there.
        serialize.allow(["s3:ListBucket"], bucket_arn)
        serialize.allow(["s3:GetObject"], f"{bucket_arn}/*")

        classify = LoggedFunction(
            self,
            "Classify",
            settings=settings,
            purpose="classify",
            handler="lambdas.classify.handler",
            code=functions,
            memory_mb=512,
            # SageMaker lets a model think for 60 seconds.
            timeout_seconds=70,
            environment={"ENDPOINT_NAME": settings.name, **classes},
        )
        classify.allow(["sagemaker:InvokeEndpoint"], endpoint_arn)

        confidence_filter = LoggedFunction(
            self,
            "Filter",
            settings=settings,
            purpose="filter",
            handler="lambdas.filter.handler",
            code=functions,
            memory_mb=256,
            timeout_seconds=10,
            environment={
                "CONFIDENCE_THRESHOLD": threshold.value,
                "THRESHOLD_SOURCE": threshold.source,
                **classes,
            },
        )

        machine = LoggedStateMachine(
            self,
            "StateMachine",
            name=settings.name,
            log_days=settings.log_days,
            chain=routing_states(
                self, serialize=serialize, classify=classify, confidence_filter=confidence_filter
            ),
            # Retries included, a photo takes seconds; a day-long execution would only hide a fault.
            timeout=cdk.Duration.minutes(15),
        )
        ssm.StringParameter(
            self,
            "StateMachineParameter",
            parameter_name=f"/{settings.name}/state-machine",
            string_value=machine.state_machine_arn,
            description="ARN of the state machine that routes photos",
        )
        ssm.StringParameter(
            self,
            "ThresholdParameter",
            parameter_name=f"/{settings.name}/threshold",
            string_value=f'{{"value": {threshold.value}, "source": "{threshold.source}"}}',
            description="Threshold of the confidence filter, and where it comes from, as JSON",
        )
        cdk.CfnOutput(self, "ConfidenceThreshold", value=threshold.value)
        cdk.CfnOutput(self, "StateMachineArn", value=machine.state_machine_arn)
        cdk.CfnOutput(self, "StateMachineConsole", value=machine.console_url)
