"""Runs one training job: data from S3, the algorithm as a subprocess, the model to S3."""

import contextlib
import json
import logging
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.sagemaker import records
from local.sagemaker.containers import algorithm as containers
from local.sagemaker.containers import s3_data
from local.sagemaker.containers.child_process import ChildProcess
from local.sagemaker.containers.log_streams import TRAINING_GROUP, LogStream
from local.sagemaker.emulator import Place, client, folder, start_thread, start_work
from local.sagemaker.records import LOCK, Record

_STOP_SECONDS = 120  # what AWS gives a job between SIGTERM and SIGKILL
_REASON = 1024  # characters of FailureReason
_METRIC = re.compile(r"\b(Train|Validation)-accuracy=([0-9]+(?:\.[0-9]+)?)")
_INTERRUPTED = "InternalServerError: The embedded cloud was stopped while the job ran. Please try again."
_MESSAGES = {
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}

_logger = logging.getLogger("sagemaker.training")
#: ARN of a job to its process, while there is one.
_processes: dict[str, ChildProcess] = {}


class _Stopped(Exception):
    """The job was asked to stop before it had a process."""


def start(record: Record) -> None:
    """Runs the job on a thread; the record tells how far it is."""
    start_work(f"sagemaker-job-{record['TrainingJobName']}", _run, record)


def interrupted(record: Record) -> None:
    """Fails a job that the end of the embedded cloud has cut off."""
    _finish(record, "Failed", _INTERRUPTED)


def stop(record: Record) -> None:
    """Begins a job's end; the caller holds the lock."""
    _enter(record, "Stopping")
    record["TrainingJobStatus"] = "Stopping"
    if process := _processes.get(record["TrainingJobArn"]):
        process.ask_to_stop()
        start_thread("sagemaker-stop", _end_later, process)


def _end_later(process: ChildProcess) -> None:
    if process.wait(_STOP_SECONDS) is None:
        process.end()


def _run(record: Record) -> None:
    name = record["TrainingJobName"]
    try:
        with tempfile.TemporaryDirectory(
            prefix=f"{name}-", dir=folder("jobs"), ignore_cleanup_errors=True
        ) as root:
            _carry_out(record, Path(root))
    except _Stopped:
        _finish(record, "Stopped")
    except s3_data.DataError as error:
        _finish(record, "Failed", f"ClientError: {error}")
    except Exception as error:
        _logger.exception("training job %s", name)
        _finish(record, "Failed", f"InternalServerError: {error!r}. Please try again.")


def _carry_out(record: Record, root: Path) -> None:
    _download(record, root)
    status = _train(record, root)
    if Place.closing.is_set():
        interrupted(record)
        return
    reason = _failure(root, status)
    stopped = record["TrainingJobStatus"] == "Stopping"
    if reason and not stopped:
        _upload(record, root, model=False)
        _finish(record, "Failed", reason)
        return
    if not stopped:
        _advance(record, "Uploading")
    _upload(record, root, model=True)
    _finish(record, "Stopped" if stopped else "Completed")


def _download(record: Record, root: Path) -> None:
    algorithm = record["AlgorithmSpecification"]
    if refusal := containers.refusal(algorithm.get("TrainingImage", algorithm.get("AlgorithmName", ""))):
        raise s3_data.DataError(refusal)
    _advance(record, "Downloading")
    with LOCK:
        record["TrainingStartTime"] = records.now()
    s3 = client("s3", record["RoleArn"])
    for channel in record["InputDataConfig"]:
        name = channel["ChannelName"]
        source = channel["DataSource"].get("S3DataSource", {"S3DataType": "FileSystem"})
        mode = channel.get("InputMode", algorithm["TrainingInputMode"])
        if source["S3DataType"] != "S3Prefix" or mode == "Pipe":
            raise s3_data.DataError(
                f"Channel '{name}' has {source['S3DataType']} data in {mode} mode: the embedded cloud reads "
                "S3Prefix data in File mode only."
            )
        s3_data.download_prefix(s3, source["S3Uri"], root / "input" / "data" / name)
    _write_configuration(record, root / "input" / "config")
    for name in ("model", "output/data"):
        (root / name).mkdir(parents=True)


def _write_configuration(record: Record, config: Path) -> None:
    """Writes the files that a container finds in /opt/ml/input/config.

    As in "How Amazon SageMaker AI Provides Training Information" in AWS's developer guide, but for the name
    of the network interface.
    """
    instance = record["ResourceConfig"]["InstanceType"]
    group = {"instance_group_name": "homogeneousCluster", "instance_type": instance, "hosts": ["algo-1"]}
    host = {
        "current_host": "algo-1",
        "current_instance_type": instance,
        "current_group_name": group["instance_group_name"],
        "hosts": group["hosts"],
        "instance_groups": [group],
        "network_interface_name": "lo",
    }
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": "File",
            "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                "S3DataDistributionType", "FullyReplicated"
            ),
            "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
        }
        for channel in record["InputDataConfig"]
    }
    config.mkdir(parents=True)
    for name, content in (
        ("hyperparameters", record.get("HyperParameters", {})),
        ("inputdataconfig", channels),
        ("resourceconfig", host),
    ):
        (config / f"{name}.json").write_text(json.dumps(content))


def _train(record: Record, root: Path) -> int:
    """Runs the algorithm and returns its exit status; by then its metrics and all of its log are written."""
    name = record["TrainingJobName"]
    log = LogStream(TRAINING_GROUP, f"{name}/algo-1-{int(time.time())}", record["RoleArn"])
    metrics: dict[str, Record] = {}

    def on_line(line: str) -> None:
        log.write(line)
        for phase, value in _METRIC.findall(line):
            metric = f"{phase.lower()}:accuracy"
            metrics[metric] = {"MetricName": metric, "Value": float(value), "Timestamp": records.now()}
            with LOCK:
                record["FinalMetricDataList"] = list(metrics.values())

    extra = {"TRAINING_JOB_NAME": name, "TRAINING_JOB_ARN": record["TrainingJobArn"]}
    try:
        with LOCK:
            _advance(record, "Training")
            process = ChildProcess(
                [*containers.TRAIN, "--root", str(root)],
                folder=containers.WORKING_FOLDER,
                environment=containers.environment({**extra, **record.get("Environment", {})}),
                on_line=on_line,
            )
            _processes[record["TrainingJobArn"]] = process
        status = process.wait(record["StoppingCondition"].get("MaxRuntimeInSeconds"))
        if status is None:
            with LOCK:
                stop(record)
                _enter(record, "MaxRuntimeExceeded")
            status = process.wait()
        return status or 0
    finally:
        _processes.pop(record["TrainingJobArn"], None)
        log.close()


def _failure(root: Path, status: int) -> str | None:
    """Returns a failed run's reason, as AWS puts it."""
    if status == 0:
        return None
    reason = ""
    with contextlib.suppress(OSError):
        reason = (root / "output" / "failure").read_text(errors="replace").strip()[: _REASON - 40]
    if reason.startswith("Customer Error"):
        kind = "ClientError: "
    elif re.match(r"(Client|Algorithm|InternalServer)Error:", reason):
        kind = ""
    else:
        kind = "AlgorithmError: "
    return f"{kind}{reason}, exit code: {status}"


def _upload(record: Record, root: Path, *, model: bool) -> None:
    s3 = client("s3", record["RoleArn"])
    bucket, key = s3_data.split(record["ModelArtifacts"]["S3ModelArtifacts"])
    uploads = [(root / "output" / "data", key.replace("model.tar.gz", "output.tar.gz"))]
    if model:
        uploads.append((root / "model", key))
    for content, target in uploads:
        archive = root / "upload.tar.gz"
        if s3_data.pack(content, archive):
            with archive.open("rb") as body:
                try:
                    s3.put_object(Bucket=bucket, Key=target, Body=body)
                except ClientError as error:
                    reason = error.response["Error"]["Message"]
                    raise s3_data.DataError(f"Artifact upload failed: {reason}") from error


def _advance(record: Record, status: str) -> None:
    """Goes on to a stage of the job unless it was asked to stop."""
    with LOCK:
        if record["TrainingJobStatus"] != "InProgress":
            raise _Stopped
        _enter(record, status)


def _finish(record: Record, status: str, reason: str | None = None) -> None:
    with LOCK:
        exceeded = record["SecondaryStatus"] == "MaxRuntimeExceeded" and status == "Stopped"
        _enter(record, "MaxRuntimeExceeded" if exceeded else status)
        moment = record["LastModifiedTime"]
        record["SecondaryStatusTransitions"][-1]["EndTime"] = moment
        record["TrainingJobStatus"] = status
        record["TrainingEndTime"] = moment
        if "TrainingStartTime" in record:
            seconds = max(1, round(moment - record["TrainingStartTime"]))
            record["TrainingTimeInSeconds"] = record["BillableTimeInSeconds"] = seconds
        if reason is not None:
            record["FailureReason"] = reason[:_REASON]


def _enter(record: Record, status: str) -> None:
    """Records a stage's begin and the end of the one before it."""
    moment = records.now()
    transitions: list[dict[str, Any]] = record["SecondaryStatusTransitions"]
    if transitions[-1]["Status"] != status:
        transitions[-1]["EndTime"] = moment
        transitions.append({"Status": status, "StartTime": moment, "StatusMessage": _MESSAGES[status]})
    record["SecondaryStatus"] = status
    record["LastModifiedTime"] = moment
