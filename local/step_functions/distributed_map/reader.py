"""Reads the items of a distributed Map state, from S3 or from its input.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from ministack.services import stepfunctions

from local.step_functions.distributed_map import formats
from local.step_functions.distributed_map.fields import Fields
from local.step_functions.distributed_map.storage import Storage, fail_as

Document = dict[str, Any]
ERROR = "States.ItemReaderFailed"
LIST = "arn:aws:states:::s3:listObjectsV2"
GET = "arn:aws:states:::s3:getObject"


def read_items(fields: Fields, storage: Storage) -> Iterator[tuple[Any, Document]]:
    """Yields each item with what the context object's ``Map.Item`` tells of it beside its index.

    Raises:
        stepfunctions._ExecutionError: ``States.ItemReaderFailed``: they cannot be read.
    """
    reader = fields.state.get("ItemReader")
    if reader is None:
        yield from _tell(formats.list_items(select_items(fields)), "STATE_DATA")
        return
    limit = fields.find_integer("MaxItems", reader.get("ReaderConfig") or {})
    with fail_as(ERROR):
        yield from islice(_read(fields, reader, storage), limit or None)


def select_items(fields: Fields) -> Any:
    """Returns the items of a state without an ``ItemReader``: an array, or an object with one in each member.

    Raises:
        stepfunctions._ExecutionError: They are neither.
    """
    if "Items" in fields.state and fields.is_jsonata:
        items = fields.fill(fields.state["Items"])
        field = "Items"
    elif fields.is_jsonata:
        items, field = fields.given, "Items"
    else:
        field = "ItemsPath"
        path = fields.state.get(field, "$")
        items = stepfunctions._resolve_path_or_ctx(path, fields.effective, fields.context)
    if not isinstance(items, list | dict):
        kind = stepfunctions._json_type(items)
        error = "States.QueryEvaluationError" if fields.is_jsonata else "States.Runtime"
        cause = f"The field '{field}' must be an array or an object, but it is of the type '{kind}'"
        raise stepfunctions._ExecutionError(error, cause)
    return items


def _tell(items: Iterator[tuple[Any, Document]], source: str) -> Iterator[tuple[Any, Document]]:
    for item, told in items:
        yield item, {**told, "Source": source}


def _read(fields: Fields, reader: Document, storage: Storage) -> Iterator[tuple[Any, Document]]:
    arguments = fields.find_arguments(reader)
    settings = reader.get("ReaderConfig") or {}
    bucket = arguments.get("Bucket")
    if not isinstance(bucket, str) or not bucket:
        raise formats.refuse("The Bucket of the ItemReader must be a name")
    if reader.get("Resource") == LIST:
        for listed in storage.list_objects(bucket, str(arguments.get("Prefix", ""))):
            if settings.get("Transformation") != "LOAD_AND_FLATTEN":
                yield listed, {"Value": listed, "Source": f"S3://{bucket}"}
            elif listed["Size"]:
                body, key = storage.open_object(Bucket=bucket, Key=listed["Key"]), listed["Key"]
                yield from _tell(formats.parse(body, settings, key), f"S3://{bucket}/{key}")
    elif reader.get("Resource") == GET:
        key = arguments.get("Key")
        if not isinstance(key, str) or not key:
            raise formats.refuse("The Key of the ItemReader must be a name")
        place: dict[str, str] = {
            name: str(arguments[name]) for name in ("Bucket", "Key", "VersionId") if name in arguments
        }
        if settings.get("InputType") == "MANIFEST":
            items = formats.read_manifest(storage, place, settings)
        else:
            items = formats.parse(storage.open_object(**place), settings, key)
        yield from _tell(items, f"S3://{bucket}/{key}")
    else:
        raise formats.refuse(f"An ItemReader's Resource is {LIST} or {GET}, not {reader.get('Resource')!r}")
