"""The custom resource that is a given model artifact, copied into the deployment's bucket."""

from typing import Any

import boto3
from botocore.exceptions import ClientError

from lambdas.deploy.data_set import read_manifest
from lambdas.deploy.gate import ModelRefused
from lambdas.deploy.jobs import TRANSFORM_JOBS, make_digest
from lambdas.deploy.model_resource import ModelResource, Properties
from lambdas.deploy.models.kept import Verdict, exists
from lambdas.workflow import places

# What one CopyObject takes.
MAX_BYTES = 5 * 1024**3
s3 = boto3.client("s3")


class GivenModel(ModelResource):
    """A model that bears the name of its content."""

    overtime_remedy = "choose a faster evaluation_instance_type"

    def list_facts(self, properties: Properties) -> list[Any]:
        """Returns where the artifact lies, and what judges it."""
        judging = [properties[name] for name in ("Bucket", "Dataset", "Classes", "Image")]
        return [_locate(properties), *judging]

    def obtain(self, properties: Properties) -> str:
        """Returns the name of the artifact's copy.

        Raises:
            ModelRefused: No data set of the right classes is staged, or the artifact cannot be copied.
        """
        read_manifest(
            properties["Bucket"], properties["Dataset"], properties["Classes"], properties.get("OtherClass")
        )
        return copy_artifact(properties)

    def check_obtained(self, model: str) -> None:
        """Refuses nothing: the copy was there before anything was waited for."""

    def stop(self, properties: Properties) -> None:
        """Stops nothing: nothing makes such a model."""

    def describe(self, model: str) -> str:
        """Returns in words which model it is."""
        return "that model_artifact names"

    def locate_log(self, verdict: Verdict) -> str:
        """Returns in words where the evaluation's log is."""
        return TRANSFORM_JOBS.locate_log(verdict.job)


def copy_artifact(properties: Properties) -> str:
    """Copies the artifact into the deployment's bucket unless it is there; returns the model's name.

    What is served must outlast where it came from: the CDK's own bucket, for one, may be cleared of it. The
    name has a digest of the artifact alone. The data set is no part of it: it changes the evaluation, not
    what the endpoint serves.

    Raises:
        ModelRefused: The artifact is not there, may not be read, or is too large.
    """
    bucket = properties["Bucket"]
    source_bucket, source_key = properties["ArtifactBucket"], properties["ArtifactKey"]
    artifact = f"model_artifact {_locate(properties)}"
    try:
        head = s3.head_object(Bucket=source_bucket, Key=source_key)
    except ClientError as error:
        # An answer to HEAD has no body that would tell more.
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        reasons = {
            404: "there is no such object",
            403: "it is not there, or this deployment may not read it",
        }
        reason = reasons.get(status, f"S3 answers {status}")
        raise ModelRefused(f"{artifact} cannot be read: {reason}") from error
    size = head["ContentLength"]
    if size > MAX_BYTES:
        raise ModelRefused(f"{artifact} has {size:,} bytes: at most {MAX_BYTES:,} are taken")
    model = f"{properties['Name']}-artifact-{make_digest([_locate(properties), head['ETag']])}"
    if not exists(bucket, model):
        s3.copy_object(
            Bucket=bucket,
            Key=places.model_key(model),
            CopySource={"Bucket": source_bucket, "Key": source_key},
            CopySourceIfMatch=head["ETag"],
            TaggingDirective="REPLACE",
        )
    return model


def _locate(properties: Properties) -> str:
    return places.s3_uri(properties["ArtifactBucket"], properties["ArtifactKey"])


_resource = GivenModel()
start, evaluate, finish = _resource.start, _resource.evaluate, _resource.finish
