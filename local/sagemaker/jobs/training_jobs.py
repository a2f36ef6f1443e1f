"""Training jobs: data from S3, the algorithm as a subprocess, the model to S3."""

import re
import time
from pathlib import Path
from typing import Any

from ministack.core.responses import get_region

from local.clients import make_client
from local.sagemaker import limits, records, roles
from local.sagemaker.containers import algorithm, s3_data
from local.sagemaker.containers.child_process import ChildProcess
from local.sagemaker.containers.log_streams import TRAINING_GROUP, LogStream
from local.sagemaker.emulator import is_closing
from local.sagemaker.errors import ApiError, ValidationException
from local.sagemaker.jobs.container_files import read_failure, write_configuration
from local.sagemaker.jobs.job import FINISHED, Failed, Job, Stopped
from local.sagemaker.jobs.training_metrics import DEFINITIONS, TrainingMetrics
from local.sagemaker.records import LOCK, TRAINING_JOBS, Record

_DEFAULT_MAX_RUNTIME = 86400  # seconds, as CreateTrainingJob documents
_GPU = re.compile(r"ml\.[gp][0-9].*")
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


def create_training_job(request: dict[str, Any]) -> Record:
    """CreateTrainingJob: checks what AWS checks before it answers, then runs the job on a thread."""
    name = request["TrainingJobName"]
    _check_resources(request)
    roles.check_assumable(request["RoleArn"])
    for channel in request.get("InputDataConfig", []):
        _check_channel(channel, request["RoleArn"])
    output = request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
    starting = {
        "Status": "Starting",
        "StartTime": records.now(),
        "StatusMessage": "Starting the training job",
    }
    members = {
        "StoppingCondition": {"MaxRuntimeInSeconds": _DEFAULT_MAX_RUNTIME},
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
        **request,
        **_fill_in(request),
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Starting",
        "SecondaryStatusTransitions": [starting],
        "ModelArtifacts": {"S3ModelArtifacts": f"{output}/{name}/output/model.tar.gz"},
    }
    with LOCK:
        limits.check_training_job(request)
        record = TRAINING_JOBS.add(members)
        TrainingJob(record).start()
    return record


def delete_training_job(request: dict[str, Any]) -> Record:
    """DeleteTrainingJob: forgets a job that has ended; its artifacts stay."""
    with LOCK:
        record = TRAINING_JOBS.describe(request)
        if record["TrainingJobStatus"] not in FINISHED:
            raise ApiError(
                "ResourceInUse",
                f"Training job {record['TrainingJobName']} is in status {record['TrainingJobStatus']} and "
                "cannot be deleted. Stop it first.",
            )
        return TRAINING_JOBS.delete(request)


def _check_resources(request: dict[str, Any]) -> None:
    for member in ("AlgorithmSpecification", "ResourceConfig"):
        if member not in request:
            raise ValidationException(f"{member} is required for a training job that runs an algorithm.")
    resources, specification = request["ResourceConfig"], request["AlgorithmSpecification"]
    if "InstanceType" not in resources:
        raise ValidationException(
            "ResourceConfig needs an InstanceType: the embedded cloud has no instance groups."
        )
    if algorithm.is_image_classification(specification.get("TrainingImage", "")):
        if not _GPU.fullmatch(resources["InstanceType"]):
            raise ValidationException(
                f"Instance type {resources['InstanceType']} is not supported by algorithm "
                "image-classification; only GPU instances are supported."
            )
        if specification.get("MetricDefinitions"):
            raise ValidationException(
                "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the "
                "request without specifying metric definitions."
            )
    if request["OutputDataConfig"].get("CompressionType") == "NONE":
        raise ValidationException(
            "CompressionType 'NONE' is not supported by the embedded cloud, which stores a model as "
            "model.tar.gz. Use GZIP."
        )


def _fill_in(request: dict[str, Any]) -> Record:
    """Returns the members of a request with what DescribeTrainingJob tells though the request does not."""
    specification = {"EnableSageMakerMetricsTimeSeries": False, **request["AlgorithmSpecification"]}
    if algorithm.is_image_classification(specification.get("TrainingImage", "")):
        specification["MetricDefinitions"] = DEFINITIONS
    filled: Record = {
        "AlgorithmSpecification": specification,
        "OutputDataConfig": {"KmsKeyId": "", "CompressionType": "GZIP", **request["OutputDataConfig"]},
        "InputDataConfig": [_fill_in_channel(channel) for channel in request.get("InputDataConfig", [])],
        "ProfilingStatus": "Disabled",
    }
    if "DebugHookConfig" in request:
        filled["DebugHookConfig"] = {"CollectionConfigurations": [], **request["DebugHookConfig"]}
    if "ProfilerConfig" in request:
        profiler = {
            "ProfilingIntervalInMilliseconds": 500,
            "DisableProfiler": False,
            **request["ProfilerConfig"],
        }
        filled["ProfilerConfig"] = profiler
        filled["ProfilingStatus"] = "Disabled" if profiler["DisableProfiler"] else "Enabled"
    return filled


def _fill_in_channel(channel: Record) -> Record:
    filled = {"CompressionType": "None", "RecordWrapperType": "None", **channel}
    if source := channel["DataSource"].get("S3DataSource"):
        filled["DataSource"] = {"S3DataSource": {"S3DataDistributionType": "FullyReplicated", **source}}
    return filled


def _check_channel(channel: dict[str, Any], role_arn: str) -> None:
    source = channel["DataSource"].get("S3DataSource")
    if source is None or source["S3DataType"] != "S3Prefix":
        return  # the job itself fails on other data
    uri = source["S3Uri"]
    try:
        if next(s3_data.list_keys(make_client("s3", role_arn), uri), None) is not None:
            return
        reason = ""
    except s3_data.DataError as error:
        reason = f" {error}"
    bucket = uri.split("/")[2]
    raise ValidationException(
        f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the '
        f"bucket exists in the selected region ({get_region()}), that objects exist under that S3 prefix, "
        f'and that the role "{role_arn}" has "s3:ListBucket" permissions on bucket "{bucket}".{reason}'
    )


class TrainingJob(Job):
    """A training job on this machine."""

    kind = TRAINING_JOBS
    stop_seconds = 120.0  # what AWS gives a job between SIGTERM and SIGKILL

    def __init__(self, record: Record) -> None:
        super().__init__(record)
        self._process: ChildProcess | None = None

    def carry_out(self, root: Path) -> None:
        """Downloads, trains and uploads; a stopped job's model is kept."""
        self._download(root)
        status = self._train(root)
        if is_closing():
            raise Stopped
        reason = read_failure(root, status)
        stopped = self.status == "Stopping"
        if reason and not stopped:
            self._upload(root / "output" / "data", "output.tar.gz")
            raise Failed(reason)
        if not stopped:
            self._advance("Uploading")
        self._upload(root / "output" / "data", "output.tar.gz")
        self._upload(root / "model", "model.tar.gz")
        if stopped:
            raise Stopped

    def stop(self) -> None:
        """Begins the job's end; the caller holds the lock."""
        self._enter("Stopping")
        super().stop()

    def stop_container(self, seconds: float) -> None:
        """Sends SIGTERM to the algorithm, and SIGKILL some seconds later."""
        if self._process is not None:
            self._process.ask_to_stop()
            if self._process.wait(seconds) is None:
                self._process.end()

    def note_log_fault(self, reason: str) -> None:
        """Says in the present stage's message why the log is not written: whoever waits reads it there."""
        super().note_log_fault(reason)
        with LOCK:
            self.record["SecondaryStatusTransitions"][-1]["StatusMessage"] += f" {self._log_fault}"

    def finish(self, status: str, reason: str | None = None) -> None:
        """Records how and when the job ended, its last stage included."""
        with LOCK:
            exceeded = self.record["SecondaryStatus"] == "MaxRuntimeExceeded" and status == "Stopped"
            self._enter("MaxRuntimeExceeded" if exceeded else status)
            super().finish(status, reason)
            moment = self.record["TrainingEndTime"]
            self.record["SecondaryStatusTransitions"][-1]["EndTime"] = moment
            if "TrainingStartTime" in self.record:
                seconds = max(1, round(moment - self.record["TrainingStartTime"]))
                self.record["TrainingTimeInSeconds"] = self.record["BillableTimeInSeconds"] = seconds

    def _advance(self, status: str) -> None:
        """Goes on to a stage of the job unless it was asked to stop."""
        with LOCK:
            self.check_wanted()
            self._enter(status)

    def _enter(self, status: str) -> None:
        """Records the begin of a stage and the end of the one before it."""
        moment = records.now()
        transitions: list[dict[str, Any]] = self.record["SecondaryStatusTransitions"]
        if transitions[-1]["Status"] != status:
            transitions[-1]["EndTime"] = moment
            transitions.append({"Status": status, "StartTime": moment, "StatusMessage": _MESSAGES[status]})
        self.record.update(SecondaryStatus=status, LastModifiedTime=moment)

    def _download(self, root: Path) -> None:
        specification = self.record["AlgorithmSpecification"]
        algorithm.check_image(specification.get("TrainingImage", specification.get("AlgorithmName", "")))
        self._advance("Downloading")
        with LOCK:
            self.record["TrainingStartTime"] = records.now()
        s3 = make_client("s3", self.record["RoleArn"])
        for channel in self.record["InputDataConfig"]:
            name = channel["ChannelName"]
            source = channel["DataSource"].get("S3DataSource", {"S3DataType": "FileSystem"})
            mode = channel.get("InputMode", specification["TrainingInputMode"])
            if source["S3DataType"] != "S3Prefix" or mode == "Pipe":
                raise s3_data.DataError(
                    f"Channel '{name}' has {source['S3DataType']} data in {mode} mode: the embedded cloud "
                    "reads S3Prefix data in File mode only."
                )
            s3_data.download_prefix(s3, source["S3Uri"], root / "input" / "data" / name)
        write_configuration(self.record, root / "input" / "config")
        for name in ("model", "output/data"):
            (root / name).mkdir(parents=True)

    def _train(self, root: Path) -> int:
        """Runs the algorithm and returns its exit status once its metrics and its log are written."""
        stream = f"{self.name}/algo-1-{int(time.time())}"
        log = LogStream(TRAINING_GROUP, stream, self.record["RoleArn"], self.note_log_fault)
        metrics = TrainingMetrics(self.record)

        def take_line(line: str) -> None:
            log.write(line)
            metrics.read_line(line)

        variables = {"TRAINING_JOB_NAME": self.name, "TRAINING_JOB_ARN": self.arn}
        try:
            with LOCK:
                self._advance("Training")
                process = self._process = ChildProcess(
                    [*algorithm.TRAIN, "--root", str(root)],
                    folder=algorithm.WORKING_FOLDER,
                    environment=algorithm.build_environment(
                        {**variables, **self.record.get("Environment", {})}
                    ),
                    on_line=take_line,
                )
            status = process.wait(self.record["StoppingCondition"].get("MaxRuntimeInSeconds"))
            if status is None:
                with LOCK:
                    self.stop()
                    self._enter("MaxRuntimeExceeded")
                status = process.wait()
            return status or 0
        finally:
            log.close()
            metrics.close()

    def _upload(self, content: Path, name: str) -> None:
        """Stores a folder as an archive beside the model's; nothing where the folder is empty."""
        archive = content.with_name("upload.tar.gz")
        if s3_data.pack(content, archive):
            uri = self.record["ModelArtifacts"]["S3ModelArtifacts"].replace("model.tar.gz", name)
            with archive.open("rb") as body:
                s3_data.upload(make_client("s3", self.record["RoleArn"]), uri, body, "Artifact")
