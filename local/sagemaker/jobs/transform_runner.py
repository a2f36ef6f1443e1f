"""Runs one transform job: every object of a prefix through the model's container, the answers to S3."""

import contextlib
import datetime
import logging
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import urllib3
from botocore.exceptions import ClientError

from local.sagemaker import records
from local.sagemaker.containers import model_data, s3_data
from local.sagemaker.containers.log_streams import TRANSFORM_GROUP, LogStream
from local.sagemaker.containers.model_server import STARTUP_SECONDS, ModelServer, ServerDied, ServerGone
from local.sagemaker.emulator import Place, client, folder, start_thread, start_work
from local.sagemaker.records import LOCK, Record

#: MB; AWS's default, as CreateTransformJob documents.
DEFAULT_PAYLOAD = 6
_MEGABYTE = 1024 * 1024
_INVOCATION_SECONDS = 600  # AWS's default of InvocationsTimeoutInSeconds
_RETRIES = 3  # AWS's default of InvocationsMaxRetries
_PATIENCE = 2.0  # seconds that requests have when the job is stopped
_REASON = 1024  # characters of FailureReason
_STRATEGIES = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}
_INTERRUPTED = "InternalServerError: The embedded cloud was stopped while the job ran. Please try again."

_logger = logging.getLogger("sagemaker.transform")
#: ARN of a job to its model's server, while there is one.
_servers: dict[str, ModelServer] = {}


class _Stopped(Exception):
    """The job was asked to stop."""


class _Failed(Exception):
    """The job failed; the message is its FailureReason."""


class _Refused(Exception):
    """The container gave no answer to an object.

    Attributes:
        kind: Whose error that is: ``ClientError`` or ``AlgorithmError``.
        lines: What the job's data log says of it.
    """

    def __init__(self, kind: str, *lines: str) -> None:
        super().__init__(*lines)
        self.kind, self.lines = kind, lines


def start(record: Record, model: Record) -> None:
    """Runs the job on a thread; its record tells how far it is."""
    start_work(f"sagemaker-transform-{record['TransformJobName']}", _run, record, model)


def interrupted(record: Record) -> None:
    """Fails a job that the end of the embedded cloud has cut off."""
    _finish(record, "Failed", _INTERRUPTED)


def stop(record: Record) -> None:
    """Begins a job's end; the caller holds the lock."""
    record.update(TransformJobStatus="Stopping", LastModifiedTime=records.now())
    if server := _servers.get(record["TransformJobArn"]):
        start_thread("sagemaker-stop", server.end, _PATIENCE)


def end_all() -> None:
    """Ends every job's container, without a change to what is recorded."""
    for server in list(_servers.values()):
        server.end(_PATIENCE)


def _run(record: Record, model: Record) -> None:
    name = record["TransformJobName"]
    reason = None
    try:
        with tempfile.TemporaryDirectory(
            prefix=f"{name}-", dir=folder("transforms"), ignore_cleanup_errors=True
        ) as root:
            _carry_out(record, model, Path(root))
    except _Stopped:
        if not Place.closing.is_set():
            _finish(record, "Stopped")
            return
        reason = _INTERRUPTED
    except _Failed as error:
        reason = str(error)
    except s3_data.DataError as error:
        reason = f"ClientError: {error}"
    except Exception as error:
        _logger.exception("transform job %s", name)
        reason = f"InternalServerError: {error!r}. Please try again."
    _finish(record, "Completed" if reason is None else "Failed", reason)


def _carry_out(record: Record, model: Record, root: Path) -> None:
    with LOCK:
        record["TransformStartTime"] = records.now()
    role_arn = model["ExecutionRoleArn"]
    s3 = client("s3", role_arn)
    source = record["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
    keys = list(s3_data.keys(s3, source))
    if not keys:
        raise s3_data.DataError(f"No S3 objects found under S3 URL '{source}'.")
    container = model_data.fetch(model, root)
    stream = f"{record['TransformJobName']}/i-{uuid.uuid4().hex[:17]}-{int(time.time())}"
    environment = {
        **_environment(record),
        **container.get("Environment", {}),
        **record.get("Environment", {}),
    }
    with LOCK:
        _check_wanted(record)
        server = ModelServer(root, environment, LogStream(TRANSFORM_GROUP, stream, role_arn))
        _servers[record["TransformJobArn"]] = server
    data_log = LogStream(TRANSFORM_GROUP, f"{stream}/data-log", role_arn)
    try:
        if not server.wait_until_healthy(STARTUP_SECONDS):
            _check_wanted(record)
            raise _Failed("AlgorithmError: Model container failed to respond to ping")
        _transform(record, server, s3, keys, data_log)
    finally:
        _servers.pop(record["TransformJobArn"], None)
        server.end(_PATIENCE)
        data_log.close()


def _environment(record: Record) -> dict[str, str]:
    """Returns what AWS adds to a container's environment in batch transform.

    The names are those of "Use Your Own Inference Code with Batch Transform" in AWS's developer guide, which
    says that all but the first are there only where the request gives them.
    """
    given = {
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": record.get("MaxPayloadInMB"),
        "SAGEMAKER_BATCH_STRATEGY": _STRATEGIES.get(record.get("BatchStrategy", "")),
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": record.get("MaxConcurrentTransforms"),
    }
    return {"SAGEMAKER_BATCH": "true", **{name: str(value) for name, value in given.items() if value}}


def _transform(record: Record, server: ModelServer, s3: Any, keys: list[str], log: LogStream) -> None:
    """Asks the container about every object and stores its answers.

    As AWS documents for TransformOutput, an answer has the object's name with ``.out`` behind it, below
    S3OutputPath in "a corresponding subfolder": the key without the input's prefix, as its sample notebooks
    have it. Where an object fails, the others' answers are stored and the job fails. A job that is stopped
    stores nothing.
    """
    bucket, prefix = s3_data.split(record["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])
    output_bucket, output = s3_data.split(record["TransformOutput"]["S3OutputPath"].rstrip("/") + "/")
    targets = {key: f"{output}{s3_data.place(prefix, key)}.out" for key in keys}
    ending = b"\n" if record["TransformOutput"]["AssembleWith"] == "Line" else b""
    kinds = []

    def answer(key: str) -> bytes | None:
        _check_wanted(record)
        try:
            return _answer(record, server, _payload(record, s3, bucket, key)) + ending
        except _Refused as refused:
            kinds.append(refused.kind)
            for line in refused.lines:
                log.write(_logged(f"{bucket}/{key}: {line}"))
            return None

    concurrent = record.get("MaxConcurrentTransforms") or 1
    payload = record.get("MaxPayloadInMB", DEFAULT_PAYLOAD)
    strategy = _STRATEGIES[record.get("BatchStrategy", "SingleRecord")]
    log.write(
        _logged(f"MaxConcurrentTransforms={concurrent}, MaxPayloadInMB={payload}, BatchStrategy={strategy}")
    )
    with ThreadPoolExecutor(concurrent) as pool:
        answers = list(pool.map(answer, keys))
    _check_wanted(record)
    for key, body in zip(keys, answers, strict=True):
        if body is not None:
            try:
                s3.put_object(Bucket=output_bucket, Key=targets[key], Body=body)
            except ClientError as error:
                reason = error.response["Error"]["Message"]
                raise s3_data.DataError(f"Output upload failed: {reason}") from error
    if kinds:
        raise _Failed(f"{kinds[0]}: See job logs for more information")


def _payload(record: Record, s3: Any, bucket: str, key: str) -> bytes:
    try:
        found = s3.get_object(Bucket=bucket, Key=key)
        with contextlib.closing(found["Body"]) as body:
            if found["ContentLength"] > record.get("MaxPayloadInMB", DEFAULT_PAYLOAD) * _MEGABYTE:
                raise _Refused("ClientError", "Too much data for max payload size")
            return bytes(body.read())
    except ClientError as error:
        raise s3_data.DataError(f"Data download failed: {error.response['Error']['Message']}") from error


def _answer(record: Record, server: ModelServer, payload: bytes) -> bytes:
    """Returns the container's answer; what fails on its side is tried again, as often as the job says."""
    headers = {}
    if content_type := record["TransformInput"].get("ContentType"):
        headers["Content-Type"] = content_type
    if accept := record["TransformOutput"].get("Accept"):
        headers["Accept"] = accept
    settings = record.get("ModelClientConfig", {})
    seconds = settings.get("InvocationsTimeoutInSeconds", _INVOCATION_SECONDS)
    for _ in range(1 + settings.get("InvocationsMaxRetries", _RETRIES)):
        _check_wanted(record)
        try:
            with server.request():
                reply = server.invoke(payload, headers, seconds)
        except urllib3.exceptions.ReadTimeoutError:
            refused = _Refused(
                "AlgorithmError",
                f"Model server did not respond to /invocations request within {seconds} seconds",
            )
        except (ServerDied, ServerGone):
            _check_wanted(record)
            refused = _Refused("AlgorithmError", "Unable to get response from algorithm")
        else:
            if reply.status < 400:
                return reply.data
            kind = "ClientError" if reply.status < 500 else "AlgorithmError"
            message = reply.data.decode(errors="replace")
            refused = _Refused(kind, f"{kind}: {reply.status}", "", "Message:", message)
            if kind == "ClientError":
                break
    raise refused


def _logged(line: str) -> str:
    moment = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    return f"{moment.removesuffix('+00:00')}:[sagemaker logs]: {line}"


def _check_wanted(record: Record) -> None:
    if record["TransformJobStatus"] != "InProgress" or Place.closing.is_set():
        raise _Stopped


def _finish(record: Record, status: str, reason: str | None = None) -> None:
    with LOCK:
        moment = records.now()
        record.update(TransformJobStatus=status, TransformEndTime=moment, LastModifiedTime=moment)
        if reason is not None:
            record["FailureReason"] = reason[:_REASON]
