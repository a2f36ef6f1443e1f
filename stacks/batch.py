"""Thousands of photos at once: a Distributed Map has a function route them, some dozens at a call."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from lambdas.workflow import outcomes, places
from stacks.configuration.settings import Settings
from stacks.parts.batch_states import LABEL, build_batch_states
from stacks.parts.function_asset import FunctionAssets
from stacks.parts.logged import LoggedFunction, LoggedStateMachine
from stacks.parts.parameters import SharedBucket, format_parameter_arn, read_parameter, write_parameter
from stacks.parts.photo_reading import allow_photos


class BatchStack(cdk.Stack):
    """Functions batch and batch-summary, the state machine, and the parameter that leads to it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, functions: FunctionAssets
    ) -> None:
        super().__init__(scope, construct_id, description="Scones Unlimited: routes photos by the thousand")
        name = settings.name
        bucket = SharedBucket(self, name)
        table = read_parameter(self, name, "outcomes")
        # JSON with two members, written by the workflow stack: {"value": 0.8, "source": "a sentence"}
        threshold = read_parameter(self, name, "threshold")
        environment = {
            "BUCKET": bucket.name,
            "OUTCOMES_TABLE": table,
            "OUTCOME_DAYS": str(settings.outcome_days),
            "EVENT_SOURCE": outcomes.name_source(name),
            # The part of the artifact's key that places.read_model_name() takes.
            "MODEL": cdk.Fn.select(4, cdk.Fn.split("/", read_parameter(self, name, "model"))),
            "CONFIDENCE_THRESHOLD": cdk.Fn.select(
                0, cdk.Fn.split(",", cdk.Fn.select(1, cdk.Fn.split(": ", threshold)))
            ),
        }
        route = LoggedFunction(
            self,
            "Batch",
            settings=settings,
            purpose="batch",
            handler="lambdas.operations.batch.handler",
            code=functions.decoding,
            # Two photos are decoded at a time, each as in the 1024 MB of the serialize function.
            memory_mb=2048,
            # Lambda's most: 50 photos, four at a time, take nearly that long where SageMaker lets the model
            # think for 60 seconds. What is left then is for the next call.
            timeout_seconds=900,
            environment={
                **environment,
                # What becomes of each photo is in the table: three lines of each would cost more than help.
                "POWERTOOLS_LOG_LEVEL": "WARNING",
                "CLASSES": ",".join(settings.model_classes),
                **({"OTHER_CLASS": settings.other_class} if settings.other_class else {}),
                "ENDPOINT_NAME": read_parameter(self, name, "endpoint"),
                "ENDPOINT_SWITCH": places.parameter(name, "endpoint-switch"),
                "THRESHOLD_SOURCE": cdk.Fn.select(5, cdk.Fn.split('"', threshold)),
            },
        )
        summarise = LoggedFunction(
            self,
            "BatchSummary",
            settings=settings,
            purpose="batch-summary",
            handler="lambdas.operations.batch_summary.handler",
            code=functions.plain,
            # Of the results a piece is in memory; of a million photos it writes half a gigabyte to disk.
            memory_mb=512,
            temporary_mb=2048,
            timeout_seconds=900,
            environment=environment,
        )
        reviewed, written = bucket.arns_for_objects(places.REVIEW, places.BATCHES)
        for function in (route, summarise):
            for permission in (*allow_photos(bucket), *self._allow_outcomes(settings, table)):
                function.add_to_role_policy(permission)
        route.allow(
            ["sagemaker:InvokeEndpoint"],
            # Of either mode: a permission that came with another mode would be known some seconds late.
            *(
                self.format_arn(
                    service="sagemaker", resource="endpoint", resource_name=places.endpoint_name(name, mode)
                )
                for mode in places.ENDPOINT_MODES
            ),
        )
        # To tell an endpoint that is switched off from one that is missing.
        route.allow(["ssm:GetParameter"], format_parameter_arn(self, name, "endpoint-switch"))
        route.allow(["s3:PutObject"], reviewed)
        summarise.allow(["s3:PutObject", "s3:AbortMultipartUpload"], written)

        machine = LoggedStateMachine(
            self,
            "StateMachine",
            name=f"{name}-batch",
            log_days=settings.log_days,
            chain=build_batch_states(
                self, settings=settings, bucket=bucket, route=route, summarise=summarise
            ),
            # A million photos at two a second take six days; what failed can be redriven for two weeks.
            timeout=cdk.Duration.days(14),
        )
        for permission in self._allow_map(name, bucket, route, summarise):
            machine.add_to_role_policy(permission)
        description = "ARN of the state machine that routes batches of photos"
        write_parameter(self, name, "batch-machine", machine.state_machine_arn, description)

    def _allow_outcomes(self, settings: Settings, table: str) -> list[iam.PolicyStatement]:
        """Returns what a function needs to look outcomes up, keep them and tell them."""
        return [
            iam.PolicyStatement(
                actions=["dynamodb:BatchGetItem", "dynamodb:PutItem"],
                resources=[self.format_arn(service="dynamodb", resource="table", resource_name=table)],
            ),
            iam.PolicyStatement(
                actions=["events:PutEvents"],
                resources=[self.format_arn(service="events", resource="event-bus", resource_name="default")],
                conditions={"StringEquals": {"events:source": outcomes.name_source(settings.name)}},
            ),
        ]

    def _allow_map(
        self, name: str, bucket: SharedBucket, *functions: LoggedFunction
    ) -> list[iam.PolicyStatement]:
        """Returns what the state machine needs to list photos, run parts of them, and write results."""

        def name_executions(of: str) -> str:
            return self.format_arn(
                service="states",
                resource="execution",
                resource_name=f"{of}:*",
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )

        machine = f"{name}-batch"
        machine_arn = self.format_arn(
            service="states",
            resource="stateMachine",
            resource_name=machine,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        return [
            iam.PolicyStatement(
                actions=["lambda:InvokeFunction"], resources=[function.function_arn for function in functions]
            ),
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.arn]),
            iam.PolicyStatement(
                actions=[
                    "s3:AbortMultipartUpload",
                    "s3:GetObject",
                    "s3:ListMultipartUploadParts",
                    "s3:PutObject",
                ],
                resources=bucket.arns_for_objects(f"{places.batch_results_prefix('*')}/"),
            ),
            iam.PolicyStatement(actions=["states:StartExecution"], resources=[machine_arn]),
            iam.PolicyStatement(
                actions=["states:DescribeExecution", "states:StopExecution"],
                resources=[name_executions(machine)],
            ),
            iam.PolicyStatement(
                actions=["states:RedriveExecution"], resources=[name_executions(f"{machine}/{LABEL}")]
            ),
        ]
