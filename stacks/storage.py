"""What lasts: the bucket, the table of outcomes, and the parameters that lead to them."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_s3 as s3
from constructs import Construct

from lambdas.workflow import outcomes, places
from stacks.configuration.settings import Settings
from stacks.parts.function_asset import FunctionAsset
from stacks.parts.logged import LoggedFunction, LogGroup
from stacks.parts.parameters import write_parameter

EMPTIER = "Custom::S3AutoDeleteObjectsCustomResourceProvider"


class StorageStack(cdk.Stack):
    """Bucket, table, ``/{name}/bucket``, ``/{name}/outcomes`` and ``/{name}/dataset``."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, functions: FunctionAsset
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Scones Unlimited: bucket for data, models and traffic, table of outcomes",
        )
        remove = settings.remove_data_on_destroy
        removal_policy = cdk.RemovalPolicy.DESTROY if remove else cdk.RemovalPolicy.RETAIN
        bucket = s3.Bucket(
            self,
            "Bucket",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            # S3's own keys: the pictures are public, and a KMS key would cost by the month and the request.
            encryption=s3.BucketEncryption.S3_MANAGED,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            versioned=True,
            lifecycle_rules=[
                _expire("captured-traffic", places.CAPTURED, settings.capture_days),
                # The photos of captured traffic are these, made smaller.
                _expire("uploaded-photos", places.INCOMING, settings.capture_days),
                # And what became of these and of others, by photos that are gone by then.
                _expire("batches", places.BATCHES, settings.capture_days),
                _expire("superseded-models", places.MODELS, settings.model_days, places.SUPERSEDED),
                _expire("evaluations", places.EVALUATIONS, 1),
                s3.LifecycleRule(
                    id="overwritten-and-unfinished",
                    noncurrent_version_expiration=cdk.Duration.days(settings.model_days),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                ),
            ],
            removal_policy=removal_policy,
            auto_delete_objects=remove,
        )
        # Uploads start their routing through EventBridge. The CDK's own switch would make a function for what
        # CloudFormation sets as well.
        cast(s3.CfnBucket, bucket.node.default_child).add_property_override(
            "NotificationConfiguration.EventBridgeConfiguration.EventBridgeEnabled", True
        )
        if remove:
            self._add_logs_of_emptier(bucket, settings.log_days)
        description = "The bucket for data sets, models, photos and captured traffic"
        write_parameter(self, settings.name, "bucket", bucket.bucket_name, description)
        self._add_outcomes(settings.name, removal_policy)
        self._add_staged_data_set(settings, functions)
        cdk.CfnOutput(self, "BucketName", value=bucket.bucket_name)

    def _add_outcomes(self, name: str, removal_policy: cdk.RemovalPolicy) -> None:
        """Makes the table of what became of each photo (lambdas/workflow/outcomes.py has its attributes)."""

        def name_text(attribute: str) -> dynamodb.Attribute:
            return dynamodb.Attribute(name=attribute, type=dynamodb.AttributeType.STRING)

        table = dynamodb.Table(
            self,
            "Outcomes",
            partition_key=name_text("photo"),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute=outcomes.EXPIRES,
            removal_policy=removal_policy,
        )
        table.add_global_secondary_index(
            index_name=outcomes.INDEX,
            partition_key=name_text("outcome"),
            sort_key=name_text("decided_at"),
        )
        description = "The table of what became of each photo"
        write_parameter(self, name, "outcomes", table.table_name, description)

    def _add_staged_data_set(self, settings: Settings, functions: FunctionAsset) -> None:
        """Makes the parameter that staging overwrites, and that no update of this stack touches."""
        function = LoggedFunction(
            self,
            "Dataset",
            settings=settings,
            purpose="dataset",
            handler="lambdas.deploy.staged.handler",
            code=functions,
            memory_mb=256,
            # It may try for a minute until IAM knows its permissions.
            timeout_seconds=120,
        )
        parameter = places.parameter(settings.name, "dataset").removeprefix("/")
        function.allow(
            ["ssm:AddTagsToResource", "ssm:DeleteParameter", "ssm:PutParameter"],
            self.format_arn(service="ssm", resource="parameter", resource_name=parameter),
        )
        function.add_resource("StagedDataSet", answer_seconds=900, properties={"Name": settings.name})

    def _add_logs_of_emptier(self, bucket: s3.Bucket, log_days: int) -> None:
        """Makes the log group of the function that empties the bucket: Lambda's would outlast the stack."""
        handler = cast(cdk.CfnResource, self.node.find_child(EMPTIER).node.find_child("Handler"))
        logs = LogGroup(self, "EmptierLogs", name=f"/aws/lambda/{handler.ref}", days=log_days)
        bucket.node.find_child("AutoDeleteObjectsCustomResource").node.add_dependency(logs)


def _expire(rule: str, prefix: str, days: int, tags: dict[str, str] | None = None) -> s3.LifecycleRule:
    """Removes what lies under a prefix and has some tags when it is so many days old.

    In a versioned bucket an object that expires stays as a noncurrent version, which S3 removes a day later.
    """
    return s3.LifecycleRule(
        id=rule,
        prefix=prefix,
        tag_filters=tags,
        expiration=cdk.Duration.days(days),
        noncurrent_version_expiration=cdk.Duration.days(1),
    )
