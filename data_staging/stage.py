"""Stages CIFAR-100 for training: ``python data_staging/stage.py``, or ``python -m data_staging.stage``."""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if __package__ in (None, ""):  # run by its path: the room is on the search path, the project is not
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import boto3
from botocore.config import Config

from data_staging import archive, bucket, folder
from data_staging.dataset import DataSet, Source
from data_staging.selection import select

if TYPE_CHECKING:
    pass

CDK_JSON = Path(__file__).resolve().parent.parent / "cdk.json"
OFFICIAL_MD5 = "eb9058c3a382ffc7106e4002c42a8d85"


def main(arguments: list[str] | None = None) -> int:
    settings = json.loads(CDK_JSON.read_text())["context"]["scones"]
    parser = argparse.ArgumentParser()
    parser.add_argument("--archive", type=Path)
    parser.add_argument("--name", default=settings["name"])
    parser.add_argument("--classes", default=",".join(settings["classes"]))
    parser.add_argument("--bucket")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--fetch", action="store_true")
    options = parser.parse_args(arguments)
    path = options.archive or Path(os.environ["SCONES_CIFAR100"])
    if options.fetch:
        print(path)
        return 0
    content = archive.read(path)
    md5 = hashlib.file_digest(path.open("rb"), "md5").hexdigest()
    source = Source("generated" if content.generated else "cifar-100", path.name, md5, md5 == OFFICIAL_MD5)
    classes = options.classes.split(",")
    data_set = DataSet(classes, select(content, classes, settings["validation_fraction"]), source)
    if options.out:
        written = folder.write(data_set, options.out)
        print(data_set.id, written)
        return 0
    ssm = boto3.client("ssm")
    name = options.bucket or ssm.get_parameter(Name=f"/{options.name}/bucket")["Parameter"]["Value"]
    s3 = boto3.client("s3", config=Config(max_pool_connections=bucket.WORKERS))
    written = bucket.upload(data_set, s3, name)
    ssm.put_parameter(Name=f"/{options.name}/dataset", Value=data_set.id, Type="String", Overwrite=True)
    print("Staged" if written else "Up to date:", data_set.id)
    return 0


if __name__ == "__main__":
    sys.exit(main())
