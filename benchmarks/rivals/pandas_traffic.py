"""Reads captured traffic with pandas: ``python -m benchmarks.rivals.pandas_traffic BUCKET``.

It is the rival of ``benchmarks.console_page``, which runs it in a process of its own. It fetches all captured
objects as the page does, some at a time, flattens their lines with ``json_normalize``, which is quicker here
than ``read_json``, and decodes each answer: when it was, which class, how sure, and which picture, equal for
equal ones. The true class, which the page looks up as well, is left out. Prints as JSON the seconds of the
first reading and of one once more, both without the imports, the number of rows, and the process's memory in
MiB.
"""

import json
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
import numpy as np
import pandas as pd

from lambdas.workflow.places import CAPTURED

CONCURRENT_OBJECTS = 4
COLUMNS = {
    "eventMetadata.inferenceTime": "time",
    "captureData.endpointOutput.data": "answer",
    "captureData.endpointInput.data": "picture",
}


def read_traffic(bucket: str) -> pd.DataFrame:
    """Returns a row for each invocation, sorted by time."""
    s3 = boto3.client("s3")

    def read_object(key: str) -> pd.DataFrame:
        lines = s3.get_object(Bucket=bucket, Key=key)["Body"].read().splitlines()
        return pd.json_normalize([json.loads(line) for line in lines])[list(COLUMNS)]

    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=CAPTURED)
    keys = [found["Key"] for page in pages for found in page["Contents"]]
    with ThreadPoolExecutor(CONCURRENT_OBJECTS) as pool:
        lines = pd.concat(pool.map(read_object, keys), ignore_index=True).rename(columns=COLUMNS)
    probabilities = np.array([json.loads(answer) for answer in lines["answer"]])
    return pd.DataFrame(
        {
            "time": pd.to_datetime(lines["time"]),
            "predicted": probabilities.argmax(axis=1),
            "confidence": probabilities.max(axis=1),
            "picture": pd.factorize(lines["picture"])[0],
        }
    ).sort_values("time")


def main() -> int:
    """Reads twice; returns the exit status."""
    seconds = []
    for _ in range(2):
        begin = time.perf_counter()
        rows = len(read_traffic(sys.argv[1]))
        seconds.append(time.perf_counter() - begin)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"first": seconds[0], "again": seconds[1], "rows": rows, "memory": memory}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
