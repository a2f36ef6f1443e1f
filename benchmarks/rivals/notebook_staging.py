"""Stages bicycles and motorcycles as the notebooks do: ``python -m benchmarks.rivals.notebook_staging``.

Takes the archive, an empty folder, and perhaps a bucket to upload to.
"""

import pickle
import sys
import tarfile
from pathlib import Path

import boto3
import matplotlib.pyplot as plt
import numpy as np

KEPT = (8, 48)
"""The labels of bicycle and motorcycle."""


def stage(archive: Path, folder: Path, bucket: str | None) -> None:
    """Extracts all, saves each wanted picture, and uploads them one by one."""
    with tarfile.open(archive, "r:gz") as packed:
        packed.extractall(folder, filter="data")
    saved = []
    for half in ("train", "test"):
        with (folder / "cifar-100-python" / half).open("rb") as file:
            content = pickle.load(file, encoding="bytes")  # noqa: S301
        (folder / half).mkdir()
        for row, label in enumerate(content[b"fine_labels"]):
            if label in KEPT:
                pixels = content[b"data"][row]
                planes = (pixels[:1024], pixels[1024:2048], pixels[2048:])
                path = folder / half / content[b"filenames"][row].decode()
                plt.imsave(path, np.dstack([plane.reshape(32, 32) for plane in planes]))
                saved.append(path)
    if bucket is not None:
        s3 = boto3.client("s3")
        for path in saved:
            s3.upload_file(str(path), bucket, f"{path.parent.name}/{path.name}")


if __name__ == "__main__":
    stage(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)
