"""The bucket for data sets, models, photos and captured traffic, and the parameters that lead to it."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from lambdas.workflow import places
from stacks.configuration.settings import Settings
from stacks.parts.logged import LogGroup
from stacks.parts.parameters import write_parameter

EMPTIER = "Custom::S3AutoDeleteObjectsCustomResourceProvider"


class StorageStack(cdk.Stack):
    """Bucket, ``/{name}/bucket`` and ``/{name}/dataset``."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(
            scope, construct_id, description="Scones Unlimited: bucket for data, models and traffic"
        )
        remove = settings.remove_data_on_destroy
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
                s3.LifecycleRule(
                    id="captured-traffic",
                    prefix=places.CAPTURED,
                    expiration=cdk.Duration.days(settings.capture_days),
                ),
                s3.LifecycleRule(
                    id="superseded-models",
                    prefix=places.MODELS,
                    tag_filters=places.SUPERSEDED,
                    expiration=cdk.Duration.days(settings.model_days),
                ),
                s3.LifecycleRule(
                    id="evaluations", prefix=places.EVALUATIONS, expiration=cdk.Duration.days(1)
                ),
                s3.LifecycleRule(
                    id="overwritten-and-unfinished",
                    noncurrent_version_expiration=cdk.Duration.days(settings.model_days),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(1),
                ),
            ],
            removal_policy=cdk.RemovalPolicy.DESTROY if remove else cdk.RemovalPolicy.RETAIN,
            auto_delete_objects=remove,
        )
        if remove:
            self._add_logs_of_emptier(bucket, settings.log_days)
        description = "The bucket for data sets, models, photos and captured traffic"
        write_parameter(self, settings.name, "bucket", bucket.bucket_name, description)
        # Staging overwrites the value; CloudFormation leaves it alone while the template says the same.
        description = "Id of the staged data set, a digest of its content"
        write_parameter(self, settings.name, "dataset", places.NOT_STAGED, description)
        cdk.CfnOutput(self, "BucketName", value=bucket.bucket_name)

    def _add_logs_of_emptier(self, bucket: s3.Bucket, log_days: int) -> None:
        """Makes the log group of the function that empties the bucket: Lambda's would outlast the stack."""
        handler = cast(cdk.CfnResource, self.node.find_child(EMPTIER).node.find_child("Handler"))
        logs = LogGroup(self, "EmptierLogs", name=f"/aws/lambda/{handler.ref}", days=log_days)
        bucket.node.find_child("AutoDeleteObjectsCustomResource").node.add_dependency(logs)
