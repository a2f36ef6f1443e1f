"""What has uploads route themselves: S3 tells EventBridge, a queue keeps the event, a function starts."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda_event_sources as event_sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from lambdas.workflow import places
from stacks.configuration.settings import Settings
from stacks.parts.function_asset import FunctionAsset
from stacks.parts.logged import LoggedFunction
from stacks.parts.parameters import SharedBucket, read_parameter, write_parameter

# Ten starts of a batch, each tried again: a second. A batch that takes longer comes again whole.
FUNCTION_SECONDS = 30
# The fewest that Lambda allows: they leave its concurrency to the workflow. They start some 50 executions a
# second, where Step Functions lets 150 a second through in every region, and few endpoints answer as many.
MOST_AT_ONCE = 2
# As many as SQS hands out at a time; with more Lambda would wait for them to gather.
BATCH = 10
# Lambda asks for five or more: a batch that it could not run for want of concurrency counts as received. With
# the visibility time-out that is a quarter of an hour, which what is throttled outlasts.
RECEIVES = 5


class UploadsStack(cdk.Stack):
    """The rule, the queue with its dead-letter queue, and the function that starts the state machine."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, functions: FunctionAsset
    ) -> None:
        super().__init__(
            scope, construct_id, description="Scones Unlimited: uploaded photos route themselves"
        )
        name = settings.name
        bucket = SharedBucket(self, name)
        state_machine = read_parameter(self, name, "state-machine")
        dead_letters = sqs.Queue(
            self,
            "DeadLetters",
            queue_name=f"{name}-uploads-dead-letters",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(14),
        )
        queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"{name}-uploads",
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            retention_period=cdk.Duration.days(4),
            # Lambda asks for six times what the function may take.
            visibility_timeout=cdk.Duration.seconds(6 * FUNCTION_SECONDS),
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=RECEIVES),
        )
        events.Rule(
            self,
            "Rule",
            rule_name=f"{name}-uploads",
            description=f"Photos uploaded under {places.INCOMING} go to the queue",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [bucket.name]}, "object": {"key": [{"prefix": places.INCOMING}]}},
            ),
            targets=[targets.SqsQueue(queue, dead_letter_queue=dead_letters)],
        )
        function = LoggedFunction(
            self,
            "Upload",
            settings=settings,
            purpose="upload",
            handler="lambdas.operations.upload.handler",
            code=functions,
            memory_mb=256,
            timeout_seconds=FUNCTION_SECONDS,
            environment={"BUCKET": bucket.name, "STATE_MACHINE_ARN": state_machine},
        )
        function.allow(["states:StartExecution"], state_machine)
        function.add_event_source(
            event_sources.SqsEventSource(
                queue, batch_size=BATCH, max_concurrency=MOST_AT_ONCE, report_batch_item_failures=True
            )
        )
        description = "URL of the queue of uploads that started nothing"
        write_parameter(self, name, "dead-letters", dead_letters.queue_url, description)
