"""Fetches the model that a container serves."""

from pathlib import Path

from botocore.exceptions import ClientError

from local.clients import make_client
from local.sagemaker.containers import algorithm, s3_data
from local.sagemaker.records import Record


def list_containers(model: Record) -> list[Record]:
    """Returns a model's containers in the order in which a request passes them."""
    if "PrimaryContainer" in model:
        return [model["PrimaryContainer"]]
    return list(model["Containers"])


def fetch(model: Record, root: Path) -> Record:
    """Unpacks a model's data into a folder that stands for /opt/ml.

    Args:
        model: Record that CreateModel made; its execution role reads the data.
        root: The folder; ``model`` is made in it.

    Returns:
        The model's one container.

    Raises:
        DataError: The model cannot be served here, or its data cannot be had.
    """
    containers = list_containers(model)
    if len(containers) > 1:
        raise s3_data.DataError("The embedded cloud serves models of one container, not pipelines.")
    container = containers[0]
    algorithm.check_image(container.get("Image", ""))
    url = container.get("ModelDataUrl")
    if url is None:
        raise s3_data.DataError("The model has no ModelDataUrl; the embedded cloud serves no other models.")
    archive = root / "model.tar.gz"
    try:
        bucket, key = s3_data.split_uri(url)
        make_client("s3", model["ExecutionRoleArn"]).download_file(bucket, key, str(archive))
        s3_data.unpack(archive, root / "model")
    except (ClientError, s3_data.DataError) as error:
        raise s3_data.DataError(
            f'Failed to download model data for container "container_1" from URL: "{url}". Please ensure '
            "that there is an object located at the URL and that the role passed to CreateModel has "
            f"permissions to download the object. ({error})"
        ) from error
    archive.unlink()
    return container
