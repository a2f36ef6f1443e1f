"""What comes out of a Map Run: files in S3, or the state's result.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
AWS writes files of up to 5 GiB; here they are small, so that few results are held at a time.
"""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ministack.services import stepfunctions

from local.step_functions.distributed_map.fields import Fields
from local.step_functions.distributed_map.map_runs import MapRun
from local.step_functions.distributed_map.storage import Storage, fail_as
from local.step_functions.machines import PAYLOAD_BYTES
from local.step_functions.redrive import describe_redrive

Document = dict[str, Any]
ERROR = "States.ResultWriterFailed"
PUT = "arn:aws:states:::s3:putObject"
FILE_BYTES = 4 * 2**20
TRANSFORMATIONS = ("NONE", "COMPACT", "FLATTEN")
OUTPUT_TYPES = ("JSON", "JSONL")


def describe_result(child: Document) -> Document:
    """Returns what a result file tells of an execution, with its input and its output as JSON in JSON."""
    succeeded = child["status"] == "SUCCEEDED"
    redrives = describe_redrive(child, child["status"])
    return {
        "ExecutionArn": child["executionArn"],
        "Input": child["input"],
        "InputDetails": {"Included": True},
        "Name": child["name"],
        **({"Output": child["output"]} if succeeded else {}),
        "OutputDetails": {"Included": True},
        **(
            {} if succeeded else {name.title(): child[name] for name in ("error", "cause") if child.get(name)}
        ),
        **{name[0].upper() + name[1:]: value for name, value in redrives.items()},
        "StartDate": child["startDate"],
        "StateMachineArn": child["stateMachineArn"],
        "Status": child["status"],
        "StopDate": child["stopDate"],
    }


def transform(child: Document, transformation: str) -> list[Any]:
    """Returns what stands for an execution in the results; those that failed are never transformed."""
    if child["status"] != "SUCCEEDED" or transformation == "NONE":
        return [describe_result(child)]
    output = json.loads(child["output"])
    return output if transformation == "FLATTEN" and isinstance(output, list) else [output]


def find_settings(fields: Fields) -> tuple[str, str]:
    """Returns the transformation and the output type of a state's results.

    Raises:
        stepfunctions._ExecutionError: There is no such one.
    """
    writer = fields.state.get("ResultWriter") or {}
    settings = writer.get("WriterConfig") or {}
    transformation = settings.get("Transformation", "NONE" if "Resource" in writer else "COMPACT")
    output_type = settings.get("OutputType", "JSON")
    for given, known in ((transformation, TRANSFORMATIONS), (output_type, OUTPUT_TYPES)):
        if given not in known:
            raise fields.fail(f"WriterConfig has {given!r}, which is none of {', '.join(known)}.")
    return transformation, output_type


def gather(children: Iterator[Document], transformation: str) -> list[Any]:
    """Returns the results of executions as the state's result.

    Raises:
        stepfunctions._ExecutionError: ``States.DataLimitExceeded``: they are too big for it.
    """
    gathered: list[Any] = []
    size = 0
    for child in children:
        parts = transform(child, transformation)
        size += sum(len(json.dumps(part, ensure_ascii=False, separators=(",", ":"))) for part in parts)
        if size > PAYLOAD_BYTES:
            raise stepfunctions._ExecutionError(
                "States.DataLimitExceeded",
                "The Map Run returned a result with a size exceeding the maximum number of bytes service "
                "limit. A ResultWriter writes it to S3.",
            )
        gathered += parts
    return gathered


@dataclass
class _Part:
    """Results of one kind that are not written yet: their texts, and of how many executions and items."""

    texts: list[bytes] = field(default_factory=list)
    size: int = 0
    children: list[int] = field(default_factory=list)
    items: int = 0


class ResultWriter:
    """Writes the results of a Map Run as they come, and at last the manifest that names the files.

    What a redrive writes lies in a folder of its own; its manifest names the former successes too.

    Args:
        fields: The state's fields.
        run: The Map Run.
        storage: Where it writes.

    Raises:
        stepfunctions._ExecutionError: The state's ``ResultWriter`` is not as it should be.
    """

    def __init__(self, fields: Fields, run: MapRun, storage: Storage) -> None:
        writer = fields.state["ResultWriter"]
        if writer["Resource"] != PUT:
            cause = f"A ResultWriter's Resource is {PUT}, not {writer['Resource']!r}"
            raise stepfunctions._ExecutionError(ERROR, cause)
        arguments = fields.find_arguments(writer)
        bucket, prefix = arguments.get("Bucket"), arguments.get("Prefix") or ""
        if not isinstance(bucket, str) or not isinstance(prefix, str):
            raise stepfunctions._ExecutionError(ERROR, "Bucket and Prefix of a ResultWriter are names")
        self._bucket = bucket
        self._transformation, self._type = find_settings(fields)
        redrive = f"Redrive-{run.record['redriveCount']}/" if run.record["redriveCount"] else ""
        slash = "/" if prefix and not prefix.endswith("/") else ""
        self._folder = f"{prefix}{slash}{run.name}/{redrive}"
        self._run, self._storage = run, storage
        self._parts = {status: _Part() for status in ("SUCCEEDED", "FAILED", "PENDING")}
        self._files: dict[str, list[Document]] = {status: [] for status in self._parts}
        self._lock = threading.Lock()

    def check(self) -> None:
        """Asks whether it may write, before anything runs whose results it could not keep.

        Raises:
            stepfunctions._ExecutionError: ``States.ResultWriterFailed``: it may not, or there is no bucket.
        """
        with fail_as(ERROR):
            self._storage.check_writing(self._bucket, f"{self._folder}manifest.json", ERROR)

    def add(self, index: int, items: int, child: Document) -> None:
        """Adds an execution that has ended.

        Args:
            index: The number of its input.
            items: How many items it has.
            child: The execution.

        Raises:
            stepfunctions._ExecutionError: ``States.ResultWriterFailed``: a file cannot be written.
        """
        succeeded = child["status"] == "SUCCEEDED"
        texts = [_encode(part) for part in transform(child, self._transformation)]
        self._add("SUCCEEDED" if succeeded else "FAILED", index, items, texts)

    def add_pending(self, index: int, items: int, given: str) -> None:
        """Adds the input of an execution that was not started; raises as ``add`` does."""
        record = {"Input": given, "InputDetails": {"Included": True}, "Status": "PENDING"}
        self._add("PENDING", index, items, [_encode(record)])

    def finish(self) -> Document:
        """Writes what is left and the manifest; returns the state's result, which names it.

        Raises:
            stepfunctions._ExecutionError: ``States.ResultWriterFailed``: it cannot be written.
        """
        with self._lock:
            for status in self._parts:
                self._flush(status)
            former = self._run.record.setdefault("_files", [])
            succeeded = former + self._files["SUCCEEDED"]
            manifest = {
                "DestinationBucket": self._bucket,
                "MapRunArn": self._run.arn,
                "ResultFiles": {**self._files, "SUCCEEDED": succeeded},
            }
            key = f"{self._folder}manifest.json"
            with fail_as(ERROR):
                self._storage.put_object(self._bucket, key, json.dumps(manifest).encode())
            self._run.record["_files"] = succeeded
        details = {"Bucket": self._bucket, "Key": key}
        return {"MapRunArn": self._run.arn, "ResultWriterDetails": details}

    def _add(self, status: str, index: int, items: int, texts: list[bytes]) -> None:
        with self._lock:
            part = self._parts[status]
            size = sum(len(text) + 1 for text in texts)
            if part.children and part.size + size > FILE_BYTES:
                self._flush(status)
                part = self._parts[status]
            part.texts += texts
            part.size += size
            part.children.append(index)
            part.items += items

    def _flush(self, status: str) -> None:
        part = self._parts[status]
        if not part.children:
            return
        name = f"{status}_{len(self._files[status])}.{self._type.lower()}"
        if self._type == "JSONL":
            body = b"".join(text + b"\n" for text in part.texts)
        else:
            body = b"[" + b",".join(part.texts) + b"]"
        with fail_as(ERROR):
            self._storage.put_object(self._bucket, self._folder + name, body)
        self._files[status].append({"Key": self._folder + name, "Size": len(body)})
        self._run.count_written(part.items, len(part.children))
        if status == "SUCCEEDED":
            self._run.record.setdefault("_written", []).extend(part.children)
        self._parts[status] = _Part()


def _encode(record: Any) -> bytes:
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="backslashreplace")
