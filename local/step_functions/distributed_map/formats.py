"""Reads the items out of an object: JSON, JSON Lines, CSV, and lists of objects that are kept in S3.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

import csv
import gzip
import io
import json
from collections.abc import Iterator
from typing import Any

from ministack.services import stepfunctions

from local.step_functions.distributed_map.storage import Storage

Document = dict[str, Any]
DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
ERROR = "States.ItemReaderFailed"


def refuse(cause: str) -> Exception:
    """Returns the error of a state whose items cannot be read."""
    error: Exception = stepfunctions._ExecutionError(ERROR, cause)
    return error


def list_items(items: Any) -> Iterator[tuple[Any, Document]]:
    """Yields the members of an array, or an object's as pairs, with what the context object tells of each."""
    if isinstance(items, dict):
        for key, value in items.items():
            yield {"Key": key, "Value": value}, {"Key": key, "Value": value}
    else:
        for item in items:
            yield item, {"Value": item}


def parse(body: Any, settings: Document, name: str) -> Iterator[tuple[Any, Document]]:
    """Yields the items of one object, as ``list_items`` does.

    Args:
        body: Its content, to be read piece by piece.
        settings: The ``ReaderConfig``.
        name: The object's key, for the message if it is not as it should be.

    Raises:
        stepfunctions._ExecutionError: ``States.ItemReaderFailed``: it is not of the type that it should be.
    """
    kind = settings.get("InputType", "JSON")
    text = io.TextIOWrapper(body, "utf-8-sig", newline="")
    try:
        if kind == "JSON":
            yield from list_items(_parse_json(text.read(), settings.get("ItemsPointer", ""), name))
        elif kind == "JSONL":
            yield from list_items(json.loads(line) for line in text if line.strip())
        elif kind == "CSV":
            yield from list_items(parse_csv(text, settings))
        else:
            raise refuse(f"The embedded cloud reads no InputType {kind!r}")
    except (UnicodeDecodeError, ValueError, csv.Error) as error:
        raise refuse(f"Attempting to parse {name} as {kind} failed: {error}") from None


def _parse_json(text: str, pointer: str, name: str) -> Any:
    found = json.loads(text)
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        try:
            found = found[int(part)] if isinstance(found, list) else found[part]
        except (LookupError, TypeError, ValueError):
            raise refuse(f"ItemsPointer {pointer} leads to nothing in {name}") from None
    if not isinstance(found, list | dict):
        raise refuse(f"{name} holds neither an array nor an object")
    return found


def parse_csv(text: Any, settings: Document) -> Iterator[dict[str, str]]:
    """Yields the rows of a CSV file by their headings; missing fields are empty, those too many are left."""
    delimiter = settings.get("CSVDelimiter", "COMMA")
    if delimiter not in DELIMITERS:
        raise refuse(f"CSVDelimiter {delimiter!r} is none of {', '.join(DELIMITERS)}")
    rows = csv.reader(text, delimiter=DELIMITERS[delimiter])
    if settings.get("CSVHeaderLocation", "FIRST_ROW") == "GIVEN":
        headings = list(settings.get("CSVHeaders") or [])
    else:
        headings = next(rows, [])
    for row in rows:
        if row:
            yield {name: row[place] if place < len(row) else "" for place, name in enumerate(headings)}


def read_manifest(
    storage: Storage, place: dict[str, str], settings: Document
) -> Iterator[tuple[Any, Document]]:
    """Yields the entries of an S3 inventory, whose manifest names its CSV files and their columns.

    Args:
        storage: Where all of it lies.
        place: Where the manifest lies.
        settings: The ``ReaderConfig``.

    Raises:
        stepfunctions._ExecutionError: ``States.ItemReaderFailed``: it is no such manifest.
    """
    try:
        manifest = json.loads(storage.open_object(**place).read())
        if manifest["fileFormat"] != "CSV":
            raise refuse(f"The embedded cloud reads no inventory of the format {manifest['fileFormat']}")
        headings = [name.strip() for name in manifest["fileSchema"].split(",")]
        bucket = manifest["destinationBucket"].rpartition(":")[2]
        keys = [file["key"] for file in manifest["files"]]
    except (ValueError, LookupError, TypeError, AttributeError):
        raise refuse(f"{place['Key']} is no manifest of an S3 inventory") from None
    given = {"CSVHeaderLocation": "GIVEN", "CSVHeaders": headings}
    for key in keys:
        with gzip.open(storage.open_object(Bucket=bucket, Key=key)) as unpacked:
            try:
                text = io.TextIOWrapper(unpacked, "utf-8", newline="")
                yield from list_items(parse_csv(text, {**settings, **given}))
            except (OSError, UnicodeDecodeError, EOFError, csv.Error) as error:
                raise refuse(f"Attempting to read {key} failed: {error}") from None
