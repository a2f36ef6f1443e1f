"""A given model artifact in place of training: a custom resource evaluates it and refuses it below the gate.

The evaluation is a batch transform of the staged validation split by the container that will serve.
"""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from lambdas.workflow import places
from stacks.configuration.artifact_file import check_artifact
from stacks.configuration.settings import Settings
from stacks.parts.function_asset import FunctionAsset
from stacks.parts.waited_job import WaitedJob

S3_SCHEME = "s3://"


class ArtifactStack(cdk.Stack):
    """The given model as a resource, and the parameter ``/{name}/model``.

    It stands in for the training stack, under its name: the parameter has one owner, and either stack is an
    update of the other. All else bears ids that the training stack does not use, so that CloudFormation can
    make the new resources before it removes the old ones.

    Raises:
        SettingError: ``model_artifact`` is a path, and what is there is no model artifact.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, functions: FunctionAsset
    ) -> None:
        super().__init__(
            scope, construct_id, description="Scones Unlimited: takes a given model and checks it"
        )
        jobs_arn, models_arn = (
            self.format_arn(
                service="sagemaker", resource=resource, resource_name=f"{settings.name}-evaluation-*"
            )
            for resource in ("transform-job", "model")
        )
        source_bucket, source_key = self._source(settings.model_artifact)
        evaluation = WaitedJob(
            self,
            settings=settings,
            functions=functions,
            kind="Transform",
            job="evaluation",
            job_ids="Evaluation",
            jobs_arn=jobs_arn,
            reads=[places.DATASETS, places.MODELS],
            writes=places.EVALUATIONS,
            module="artifact",
            function_ids="Artifact",
            finish_memory_mb=512,
            timeout_seconds=300,
        )
        start, finish, bucket = evaluation.start, evaluation.finish, evaluation.bucket
        start.allow(["s3:GetObject"], f"arn:{cdk.Aws.PARTITION}:s3:::{source_bucket}/{source_key}")
        start.allow(["s3:PutObject"], *bucket.arns_for_objects(places.MODELS))
        start.allow(["sagemaker:AddTags", "sagemaker:CreateModel", "sagemaker:DeleteModel"], models_arn)
        start.allow(
            ["sagemaker:AddTags", "sagemaker:CreateTransformJob", "sagemaker:DescribeTransformJob"], jobs_arn
        )
        finish.allow(["sagemaker:DeleteModel"], models_arn)
        finish.allow(["s3:ListBucket"], bucket.arn)
        finish.allow(["s3:GetObject"], *bucket.arns_for_objects(places.DATASETS, places.EVALUATIONS))
        evaluation.add_resource(
            "ModelArtifact",
            {
                "ArtifactBucket": source_bucket,
                "ArtifactKey": source_key,
                "InstanceType": settings.evaluation_instance_type,
            },
        )

    def _source(self, model_artifact: str) -> tuple[str, str]:
        """Returns bucket and key of the artifact; the CDK CLI uploads a file of this machine."""
        if model_artifact.startswith(S3_SCHEME):
            bucket, _, key = model_artifact.removeprefix(S3_SCHEME).partition("/")
            return bucket, key
        check_artifact(Path(model_artifact))
        asset = s3_assets.Asset(self, "Artifact", path=model_artifact)
        return asset.s3_bucket_name, asset.s3_object_key
