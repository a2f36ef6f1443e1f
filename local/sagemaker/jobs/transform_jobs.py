"""Transform jobs: every object of a prefix through the model's container, the answers to S3."""

import contextlib
import datetime
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import urllib3
from botocore.exceptions import ClientError

from local.clients import make_client
from local.sagemaker import limits
from local.sagemaker.containers import model_data, s3_data
from local.sagemaker.containers.log_streams import TRANSFORM_GROUP, LogStream
from local.sagemaker.containers.model_server import STARTUP_SECONDS, ModelServer, ServerDied, ServerGone
from local.sagemaker.errors import ValidationException
from local.sagemaker.jobs.job import Failed, Job
from local.sagemaker.records import LOCK, MODELS, TRANSFORM_JOBS, Record, now

_DEFAULT_PAYLOAD = 6  # MB; AWS's default, as CreateTransformJob documents
_LARGEST_PAYLOADS = 100  # MB, of all concurrent requests, as CreateTransformJob documents
_MEGABYTE = 1024 * 1024
_INVOCATION_SECONDS = 600  # AWS's default of InvocationsTimeoutInSeconds
_RETRIES = 3  # AWS's default of InvocationsMaxRetries
#: DataProcessing that leaves input and output as they are.
_UNPROCESSED = {"InputFilter": "$", "OutputFilter": "$", "JoinSource": "None"}
_STRATEGIES = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}


def create_transform_job(request: dict[str, Any]) -> Record:
    """CreateTransformJob: checks what can be known before the job, then runs it on a thread."""
    model = MODELS.describe(request)
    _check_supported(request)
    _check_payloads(request)
    members = {
        **request,
        "TransformInput": {"CompressionType": "None", "SplitType": "None", **request["TransformInput"]},
        "TransformOutput": {"AssembleWith": "None", "KmsKeyId": "", **request["TransformOutput"]},
        "DataProcessing": _UNPROCESSED,
        "TransformJobStatus": "InProgress",
    }
    with LOCK:
        limits.check_transform_job(request)
        record = TRANSFORM_JOBS.add(members)
        TransformJob(record, model).start()
    return record


def _check_supported(request: dict[str, Any]) -> None:
    """Raises an error for what AWS can do and the embedded cloud cannot."""
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    for member, value, supported in (
        ("S3DataType", source["S3DataType"], "S3Prefix"),
        ("CompressionType", request["TransformInput"].get("CompressionType", "None"), "None"),
        ("SplitType", request["TransformInput"].get("SplitType", "None"), "None"),
    ):
        if value != supported:
            raise ValidationException(
                f"{member} '{value}' is not supported by the embedded cloud: its batch transform sends each "
                f"object whole. Use '{supported}'."
            )
    processed = {**_UNPROCESSED, **request.get("DataProcessing", {})} != _UNPROCESSED
    for member, given in (
        ("DataProcessing", processed),
        ("DataCaptureConfig", "DataCaptureConfig" in request),
    ):
        if given:
            raise ValidationException(
                f"{member} is not supported by the embedded cloud's batch transform. Leave it out."
            )
    for uri in (source["S3Uri"], request["TransformOutput"]["S3OutputPath"]):
        try:
            s3_data.split_uri(uri)
        except s3_data.DataError as error:
            raise ValidationException(str(error)) from error


def _check_payloads(request: dict[str, Any]) -> None:
    payload = request.get("MaxPayloadInMB", _DEFAULT_PAYLOAD)
    concurrent = request.get("MaxConcurrentTransforms", 0) or 1
    if payload == 0:
        raise ValidationException(
            "MaxPayloadInMB 0 (chunked encoding) is not supported by built-in algorithms. Set it to 1 to 100."
        )
    if payload * concurrent > _LARGEST_PAYLOADS:
        raise ValidationException(
            f"MaxConcurrentTransforms * MaxPayloadInMB is {concurrent} * {payload}; it cannot exceed "
            f"{_LARGEST_PAYLOADS} MB."
        )


class _Refused(Exception):
    """The container gave no answer to an object.

    Attributes:
        kind: Whose error it is: ``ClientError`` or ``AlgorithmError``.
        lines: Lines about it for the job's data log.
    """

    def __init__(self, kind: str, *lines: str) -> None:
        super().__init__(*lines)
        self.kind, self.lines = kind, lines


class TransformJob(Job):
    """A transform job on this machine."""

    kind = TRANSFORM_JOBS
    stop_seconds = 2.0

    def __init__(self, record: Record, model: Record | None = None) -> None:
        super().__init__(record)
        self._model = model or {}
        self._server: ModelServer | None = None

    def carry_out(self, root: Path) -> None:
        """Starts the model's container, asks it about every object, and stores the answers."""
        with LOCK:
            self.record["TransformStartTime"] = now()
        role_arn = self._model["ExecutionRoleArn"]
        s3 = make_client("s3", role_arn)
        source = self.record["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
        keys = list(s3_data.list_keys(s3, source))
        if not keys:
            raise s3_data.DataError(f"No S3 objects found under S3 URL '{source}'.")
        container = model_data.fetch(self._model, root)
        stream = f"{self.name}/i-{uuid.uuid4().hex[:17]}-{int(time.time())}"
        environment = {
            **self._build_environment(),
            **container.get("Environment", {}),
            **self.record.get("Environment", {}),
        }
        with LOCK:
            self.check_wanted()
            log = LogStream(TRANSFORM_GROUP, stream, role_arn, self.note_log_fault)
            server = ModelServer(root, environment, log)
            self._server = server
        data_log = LogStream(TRANSFORM_GROUP, f"{stream}/data-log", role_arn, self.note_log_fault)
        try:
            if not server.wait_until_healthy(STARTUP_SECONDS):
                self.check_wanted()
                raise Failed("AlgorithmError: Model container failed to respond to ping")
            self._transform(server, s3, keys, data_log)
        finally:
            server.end(0)
            data_log.close()

    def stop_container(self, seconds: float) -> None:
        """Ends the model's server, some seconds later where it has a request."""
        if self._server is not None:
            self._server.end(seconds)

    def _build_environment(self) -> dict[str, str]:
        """Returns what AWS adds to a container's environment in batch transform.

        The names are those of "Use Your Own Inference Code with Batch Transform" in AWS's developer guide,
        which says that all but the first are there only where the request gives them.
        """
        given = {
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": self.record.get("MaxPayloadInMB"),
            "SAGEMAKER_BATCH_STRATEGY": _STRATEGIES.get(self.record.get("BatchStrategy", "")),
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": self.record.get("MaxConcurrentTransforms"),
        }
        return {"SAGEMAKER_BATCH": "true", **{name: str(value) for name, value in given.items() if value}}

    def _transform(self, server: ModelServer, s3: Any, keys: list[str], log: LogStream) -> None:
        """Asks the container about every object and stores its answers.

        As AWS documents for TransformOutput, an answer has the object's name with ``.out`` behind it, below
        S3OutputPath in "a corresponding subfolder": the key without the input's prefix, as its sample
        notebooks have it. Where an object fails, the other answers are stored and the job fails. A job that
        is stopped stores nothing.
        """
        source = self.record["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
        bucket, prefix = s3_data.split_uri(source)
        output = self.record["TransformOutput"]["S3OutputPath"].rstrip("/")
        targets = {key: f"{output}/{s3_data.resolve_key(prefix, key)}.out" for key in keys}
        ending = b"\n" if self.record["TransformOutput"]["AssembleWith"] == "Line" else b""
        kinds = []

        def answer(key: str) -> bytes | None:
            self.check_wanted()
            try:
                return self._ask(server, self._read_payload(s3, bucket, key)) + ending
            except _Refused as refused:
                kinds.append(refused.kind)
                for line in refused.lines:
                    log.write(_format_line(f"{bucket}/{key}: {line}"))
                return None

        concurrent = self.record.get("MaxConcurrentTransforms") or 1
        payload = self.record.get("MaxPayloadInMB", _DEFAULT_PAYLOAD)
        strategy = _STRATEGIES[self.record.get("BatchStrategy", "SingleRecord")]
        log.write(
            _format_line(
                f"MaxConcurrentTransforms={concurrent}, MaxPayloadInMB={payload}, BatchStrategy={strategy}"
            )
        )
        with ThreadPoolExecutor(concurrent) as pool:
            answers = list(pool.map(answer, keys))
        self.check_wanted()
        for key, body in zip(keys, answers, strict=True):
            if body is not None:
                s3_data.upload(s3, targets[key], body, "Output")
        if kinds:
            raise Failed(f"{kinds[0]}: See job logs for more information")

    def _read_payload(self, s3: Any, bucket: str, key: str) -> bytes:
        try:
            found = s3.get_object(Bucket=bucket, Key=key)
            with contextlib.closing(found["Body"]) as body:
                if found["ContentLength"] > self.record.get("MaxPayloadInMB", _DEFAULT_PAYLOAD) * _MEGABYTE:
                    raise _Refused("ClientError", "Too much data for max payload size")
                return bytes(body.read())
        except ClientError as error:
            raise s3_data.DataError(f"Data download failed: {error.response['Error']['Message']}") from error

    def _ask(self, server: ModelServer, payload: bytes) -> bytes:
        """Returns the container's answer; what fails on its side is tried again, as often as the job says."""
        given = {
            "Content-Type": self.record["TransformInput"].get("ContentType"),
            "Accept": self.record["TransformOutput"].get("Accept"),
        }
        headers = {name: value for name, value in given.items() if value}
        settings = self.record.get("ModelClientConfig", {})
        seconds = settings.get("InvocationsTimeoutInSeconds", _INVOCATION_SECONDS)
        for _ in range(1 + settings.get("InvocationsMaxRetries", _RETRIES)):
            self.check_wanted()
            try:
                with server.request():
                    reply = server.invoke(payload, headers, seconds)
            except urllib3.exceptions.ReadTimeoutError:
                refused = _Refused(
                    "AlgorithmError",
                    f"Model server did not respond to /invocations request within {seconds} seconds",
                )
            except (ServerDied, ServerGone):
                self.check_wanted()
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


def _format_line(line: str) -> str:
    moment = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
    return f"{moment.removesuffix('+00:00')}:[sagemaker logs]: {line}"
