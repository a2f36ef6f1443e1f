"""Puts the two files of a report where people and the console look for them."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import boto3

# Not evaluations/: there the bucket's lifecycle clears away what the gate's transform jobs leave.
PREFIX = "reports"
CONTENT_TYPES = {".json": "application/json", ".html": "text/html; charset=utf-8"}


def write(files: Mapping[str, str], folder: Path) -> None:
    """Writes files, each whole or not at all, into a folder that is made if need be."""
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


def upload(files: Mapping[str, str], session: boto3.Session, bucket: str, model: str, split: str) -> str:
    """Uploads files under ``reports/{model}/{split}/`` and returns where they lie (an ``s3://`` URL)."""
    s3, folder = session.client("s3"), f"{PREFIX}/{model}/{split}/"
    for name, content in files.items():
        s3.put_object(
            Bucket=bucket,
            Key=folder + name,
            Body=content.encode(),
            ContentType=CONTENT_TYPES[Path(name).suffix],
        )
    return f"s3://{bucket}/{folder}"
