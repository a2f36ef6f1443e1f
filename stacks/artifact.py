"""A given model artifact in place of training: a custom resource copies it and refuses it below the gate."""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_s3_assets as s3_assets
from constructs import Construct

from stacks.configuration.artifact_file import check_artifact
from stacks.configuration.settings import Settings
from stacks.parts.function_asset import FunctionAsset
from stacks.parts.waited_job import WaitedJob

S3_SCHEME = "s3://"


class ArtifactStack(cdk.Stack):
    """The given model as a resource, and what ``WaitedJob`` adds.

    It stands in for the training stack, under its name: parameters and versions have one owner, and either
    stack is an update of the other. All else bears ids that the training stack does not use, so that
    CloudFormation can make the new resources before it removes the old ones.

    Raises:
        SettingError: ``model_artifact`` is a path, and what is there is no model artifact.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, functions: FunctionAsset
    ) -> None:
        super().__init__(
            scope, construct_id, description="Scones Unlimited: takes a given model and checks it"
        )
        source_bucket, source_key = self._source(settings.model_artifact)
        given = WaitedJob(
            self,
            settings=settings,
            functions=functions,
            module="artifact",
            machine="evaluation",
            function_ids="Artifact",
            machine_ids="Evaluation",
            training_jobs_arn=None,
        )
        given.start.allow(["s3:GetObject"], f"arn:{cdk.Aws.PARTITION}:s3:::{source_bucket}/{source_key}")
        given.add_resource("ModelArtifact", {"ArtifactBucket": source_bucket, "ArtifactKey": source_key})

    def _source(self, model_artifact: str) -> tuple[str, str]:
        """Returns bucket and key of the artifact; the CDK CLI uploads a file of this machine."""
        if model_artifact.startswith(S3_SCHEME):
            bucket, _, key = model_artifact.removeprefix(S3_SCHEME).partition("/")
            return bucket, key
        check_artifact(Path(model_artifact))
        asset = s3_assets.Asset(self, "Artifact", path=model_artifact)
        return asset.s3_bucket_name, asset.s3_object_key
