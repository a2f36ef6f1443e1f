"""Takes the deployed model home: its artifact, as training left it, into a file of this machine."""

from pathlib import Path

import boto3

from console.deployment import parameter


def take_model(name: str, session: boto3.Session, file: Path) -> str:
    """Downloads the artifact of the model that passed the gate; a file that is there is overwritten.

    Args:
        name: The deployment's name.
        session: Where the client comes from.
        file: Where the artifact goes; it is there whole or not at all.

    Returns:
        The artifact's S3 URI.

    Raises:
        NotDeployed: No model has passed the gate here yet.
        OSError: The file can not be written.
        botocore.exceptions.ClientError: S3 refuses.
    """
    uri = parameter(session, name, "model")
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    session.client("s3").download_file(bucket, key, str(file))
    return uri
