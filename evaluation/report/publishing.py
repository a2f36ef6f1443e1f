"""Writes the two files of a report where people and the console look for them."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from evaluation.deployment import Deployment
from lambdas.workflow import places

CONTENT_TYPES = {".json": "application/json", ".html": "text/html; charset=utf-8"}


def write_files(files: Mapping[str, str], folder: Path) -> None:
    """Writes files into a folder, each whole or not at all; the folder is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=folder, prefix=f".{name}-", delete=False
        ) as unfinished:
            try:
                unfinished.write(content)
                unfinished.close()
                Path(unfinished.name).chmod(0o644)
                Path(unfinished.name).replace(folder / name)
            finally:
                Path(unfinished.name).unlink(missing_ok=True)


def upload_files(files: Mapping[str, str], deployment: Deployment, model: str, split: str) -> str:
    """Uploads files to the deployment's bucket; returns the S3 URI of the last one."""
    uri = ""
    for name, content in files.items():
        key = places.report_key(model, split, name)
        deployment.client("s3").put_object(
            Bucket=deployment.bucket,
            Key=key,
            Body=content.encode(),
            ContentType=CONTENT_TYPES[Path(name).suffix],
        )
        uri = places.s3_uri(deployment.bucket, key)
    return uri
