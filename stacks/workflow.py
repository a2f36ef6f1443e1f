"""The path of a photo: three functions, and the state machine that calls them one after the other."""

import aws_cdk as cdk
from constructs import Construct

from lambdas.workflow import places
from stacks.configuration.settings import Settings
from stacks.parts.function_asset import FunctionAssets
from stacks.parts.logged import LoggedFunction, LoggedStateMachine
from stacks.parts.outcome_states import Outcomes
from stacks.parts.parameters import SharedBucket, format_parameter_arn, read_parameter, write_parameter
from stacks.parts.photo_reading import allow_photos, refuse_own
from stacks.parts.routing_states import build_routing_states
from stacks.parts.threshold import find_threshold


class WorkflowStack(cdk.Stack):
    """Functions serialize, classify and filter, the state machine, and the parameters that lead to it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, functions: FunctionAssets
    ) -> None:
        super().__init__(scope, construct_id, description="Scones Unlimited: routes photos by what they show")
        name = settings.name
        bucket = SharedBucket(self, name)
        classes = {"CLASSES": ",".join(settings.model_classes)}
        endpoint = read_parameter(self, name, "endpoint")
        # Of either mode: a permission that came with another mode would be known some seconds after its need.
        endpoint_arns = [
            self.format_arn(
                service="sagemaker", resource="endpoint", resource_name=places.endpoint_name(name, mode)
            )
            for mode in places.ENDPOINT_MODES
        ]
        threshold = find_threshold(self, settings=settings, functions=functions.plain, bucket=bucket)

        serialize = LoggedFunction(
            self,
            "Serialize",
            settings=settings,
            purpose="serialize",
            handler="lambdas.serialize.handler",
            code=functions.decoding,
            # A large photo is decoded in memory.
            memory_mb=1024,
            timeout_seconds=60,
        )
        for permission in allow_photos(bucket):
            serialize.add_to_role_policy(permission)

        classify = LoggedFunction(
            self,
            "Classify",
            settings=settings,
            purpose="classify",
            handler="lambdas.classify.handler",
            code=functions.plain,
            memory_mb=512,
            # SageMaker lets a model think for 60 seconds.
            timeout_seconds=70,
            environment={
                "ENDPOINT_NAME": endpoint,
                "ENDPOINT_SWITCH": places.parameter(name, "endpoint-switch"),
                **classes,
            },
        )
        # To tell an endpoint that is switched off from one that is missing.
        classify.allow(["ssm:GetParameter"], format_parameter_arn(self, name, "endpoint-switch"))
        classify.allow(["sagemaker:InvokeEndpoint"], *endpoint_arns)

        confidence_filter = LoggedFunction(
            self,
            "Filter",
            settings=settings,
            purpose="filter",
            handler="lambdas.filter.handler",
            code=functions.plain,
            memory_mb=256,
            timeout_seconds=10,
            environment={
                "CONFIDENCE_THRESHOLD": threshold.value,
                "THRESHOLD_SOURCE": threshold.source,
                **classes,
                **({"OTHER_CLASS": settings.other_class} if settings.other_class else {}),
            },
        )

        outcomes = Outcomes(
            settings=settings,
            bucket=bucket,
            table=read_parameter(self, name, "outcomes"),
            # The part of the artifact's key that places.read_model_name() takes.
            model=cdk.Fn.select(4, cdk.Fn.split("/", read_parameter(self, name, "model"))),
            threshold=threshold.value,
        )
        machine = LoggedStateMachine(
            self,
            "StateMachine",
            name=name,
            log_days=settings.log_days,
            chain=build_routing_states(
                self,
                serialize=serialize,
                classify=classify,
                confidence_filter=confidence_filter,
                outcomes=outcomes,
                knows_other_class=bool(settings.other_class),
            ),
            # A photo takes seconds, and waits for some minutes in a burst. No way of retrying takes an hour:
            # what this ends has no outcome.
            timeout=cdk.Duration.hours(1),
        )
        for permission in (*outcomes.list_permissions(self), refuse_own(bucket)):
            machine.add_to_role_policy(permission)
        description = "ARN of the state machine that routes photos"
        write_parameter(self, name, "state-machine", machine.state_machine_arn, description)
        # Neither part breaks the JSON: the source is a sentence of ours without quote and backslash.
        value = f'{{"value": {threshold.value}, "source": "{threshold.source}"}}'
        description = "Threshold of the confidence filter, and where it comes from, as JSON"
        write_parameter(self, name, "threshold", value, description)
        cdk.CfnOutput(self, "ConfidenceThreshold", value=threshold.value)
        cdk.CfnOutput(self, "StateMachineArn", value=machine.state_machine_arn)
        cdk.CfnOutput(self, "StateMachineConsole", value=machine.console_url)
