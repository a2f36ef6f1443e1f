"""Reads what a Distributed Map's ResultWriter has written, one child execution after the other."""

import codecs
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

CHUNK_BYTES = 2**20


class NoResults(Exception):
    """What lies where results should be is something else; the text says what."""


class Child(NamedTuple):
    """A child execution that has ended.

    Attributes:
        input: Its input.
        output: Its output; None if it failed.
        error: The error that it failed with; empty if it did not.
        cause: What that error says.
    """

    input: dict[str, Any]
    output: dict[str, Any] | None
    error: str = ""
    cause: str = ""


def read_children(s3: Any, bucket: str, prefix: str, manifest_key: str) -> Iterator[Child]:
    """Yields each child execution of a Map Run once, as it ended last; of the files a piece is in memory.

    After a redrive there are the files of the run before, and those of what was run again.

    Args:
        s3: Client of S3.
        bucket: Where the results lie.
        prefix: Prefix of the results of all Map Runs, without a slash.
        manifest_key: Key of a manifest of the one; all of its files lie in a folder under the prefix.

    Raises:
        NoResults: A file is none of ResultWriter's.
    """
    folder = f"{prefix}/{manifest_key.removeprefix(f'{prefix}/').partition('/')[0]}/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder)
    listed = [found for page in pages for found in page.get("Contents", [])]
    newest_first = sorted(listed, key=lambda found: found["LastModified"], reverse=True)
    manifests = [
        _read_manifest(s3, bucket, found["Key"])
        for found in newest_first
        if found["Key"].endswith("/manifest.json")
    ]
    if not manifests:
        raise NoResults(f"s3://{bucket}/{manifest_key} is not there: no results were written")
    # What succeeded is never run again; what failed has failed if it did not succeed later. What is pending
    # in a manifest ran in a later one: a Map Run of which something is pending has no step after it.
    seen: set[str] = set()
    for status in ("SUCCEEDED", "FAILED"):
        files = [file["Key"] for manifest in manifests for file in manifest.get(status, [])]
        for key in dict.fromkeys(files):
            for record in _read_array(s3, bucket, key):
                if record["ExecutionArn"] not in seen:
                    seen.add(record["ExecutionArn"])
                    yield _read_child(record)


def _read_manifest(s3: Any, bucket: str, key: str) -> dict[str, Any]:
    content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    try:
        return json.loads(content)["ResultFiles"]
    except (ValueError, LookupError, TypeError) as error:
        raise NoResults(f"s3://{bucket}/{key} is no manifest ({type(error).__name__}: {error})") from None


def _read_array(s3: Any, bucket: str, key: str) -> Iterator[dict[str, Any]]:
    """Yields the elements of a JSON array, however long it is."""
    chunks = s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(CHUNK_BYTES)
    text = codecs.getincrementaldecoder("utf-8")()
    decoder = json.JSONDecoder()
    rest, ended = "", False
    while True:
        # Between elements: the array's beginning, or the comma behind the last one.
        rest = rest.lstrip(" \t\r\n[,")
        try:
            element, end = decoder.raw_decode(rest)
        except ValueError:
            if rest.startswith("]"):
                return
            if ended:
                raise NoResults(f"s3://{bucket}/{key} breaks off, or is no JSON") from None
            chunk = next(chunks, None)
            ended = chunk is None
            rest += text.decode(chunk or b"", final=ended)
        else:
            rest = rest[end:]
            yield element


def _read_child(record: dict[str, Any]) -> Child:
    given = json.loads(record["Input"])
    if record["Status"] == "SUCCEEDED":
        return Child(given, json.loads(record["Output"]))
    return Child(given, None, record.get("Error", record["Status"]), _read_message(record.get("Cause", "")))


def _read_message(cause: str) -> str:
    """Returns a function's message alone: its error comes as JSON with a stack trace in it."""
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, LookupError, TypeError):
        return cause
