"""The deployment that data are staged for: its bucket, and its data set."""

import json
from dataclasses import dataclass
from typing import Any

import boto3

from data_staging import bucket
from data_staging.aws_errors import WITHOUT_AWS, explain_errors
from data_staging.dataset import DataSet
from data_staging.errors import StagingError
from data_staging.labelled.labels import Labels, read_labels
from data_staging.labelled.store import PhotoStore
from lambdas.workflow import places


@dataclass(frozen=True)
class Staged:
    """The data set that a deployment trains on.

    Attributes:
        id: Its id.
        place: Where it lies, an S3 URI.
        manifest: Its manifest.
    """

    id: str
    place: str
    manifest: dict[str, Any]

    def list_known_labels(self) -> set[str]:
        """Returns the ids of the labelled photos that were taken into it, and of those left out."""
        source = self.manifest["source"]
        taken = {facts["photo"] for facts in source.get("labelled", {}).values()}
        return taken.union(source.get("labelled_left_out", {}))


def stage_to_s3(data_set: DataSet, name: str, bucket_name: str | None) -> tuple[str, bool]:
    """Uploads a data set, then makes it the one that a deployment trains on.

    Args:
        data_set: What to stage.
        name: The deployment's name.
        bucket_name: A bucket in place of the deployment's. The deployment could not read what lies there, and
            keeps the data set that it has.

    Returns:
        Where the data set lies (an S3 URI), and whether anything had to be changed.

    Raises:
        StagingError: AWS refused, cannot be reached, or has no such deployment.
    """
    with explain_errors():
        session = boto3.Session()
        deployed = _read_parameter(session, name, "bucket")
        destination = bucket_name or deployed
        if destination is None:
            raise StagingError(
                f"there is no parameter {places.parameter(name, 'bucket')} in {session.region_name}: "
                f"deploy the storage stack first (cdk deploy {name}-storage), set AWS_DEFAULT_REGION or "
                f"--name if it is deployed elsewhere, {WITHOUT_AWS}"
            )
        changed = bucket.upload(data_set, session, destination)
        if destination == deployed and _read_parameter(session, name, "dataset") != data_set.id:
            session.client("ssm").put_parameter(
                Name=places.parameter(name, "dataset"), Value=data_set.id, Type="String", Overwrite=True
            )
            changed = True
    return places.s3_uri(destination, places.data_set_key(data_set.id)), changed


def read_staged(name: str, bucket_name: str | None) -> Staged | None:
    """Finds the data set that a deployment trains on.

    Args:
        name: The deployment's name.
        bucket_name: The bucket that staging is asked to write to, if not the deployment's.

    Returns:
        None if nothing is staged, or if another bucket is meant.

    Raises:
        StagingError: AWS refused or cannot be reached.
    """
    with explain_errors():
        session = boto3.Session()
        deployed = _read_parameter(session, name, "bucket")
        data_set = _read_parameter(session, name, "dataset")
        if deployed is None or data_set is None or bucket_name not in (None, deployed):
            return None
        s3 = session.client("s3")
        try:
            manifest = json.load(s3.get_object(Bucket=deployed, Key=places.manifest_key(data_set))["Body"])
        except s3.exceptions.NoSuchKey:
            return None
        return Staged(data_set, places.s3_uri(deployed, places.data_set_key(data_set)), manifest)


def find_labelled(name: str) -> tuple[Labels, PhotoStore] | None:
    """Finds the photos of a deployment that people have labelled, and what reads them.

    Returns:
        None if there are none, or no deployment that keeps what becomes of photos.

    Raises:
        StagingError: AWS refused or cannot be reached.
    """
    with explain_errors():
        session = boto3.Session()
        table, deployed = _read_parameter(session, name, "outcomes"), _read_parameter(session, name, "bucket")
        if table is None or deployed is None:
            return None
        labels = read_labels(session, table)
        found = labels.whole or labels.left_out or labels.unsettled
        return (labels, PhotoStore(session, deployed)) if found else None


def _read_parameter(session: boto3.Session, name: str, which: str) -> str | None:
    """Returns the value of one of a deployment's parameters, None if there is none."""
    ssm = session.client("ssm")
    try:
        return ssm.get_parameter(Name=places.parameter(name, which))["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        return None
