"""The operations on transform jobs."""

from typing import Any

from local.sagemaker import listing, records
from local.sagemaker.containers import s3_data
from local.sagemaker.errors import ApiError, invalid
from local.sagemaker.hosting import models as hosting
from local.sagemaker.jobs import transform_runner
from local.sagemaker.records import LOCK, Record

_FINISHED = ("Completed", "Failed", "Stopped")
_LARGEST_PAYLOADS = 100  # MB, of all concurrent requests, as CreateTransformJob documents


def create_transform_job(request: dict[str, Any]) -> Record:
    """CreateTransformJob: checks what can be known before the job, then runs it on a thread."""
    name = request["TransformJobName"]
    model = hosting.existing(records.models, "model", request["ModelName"], "model")
    _check_supported(request)
    _check_payloads(request)
    moment = records.now()
    record = {
        **{key: value for key, value in request.items() if key != "Tags"},
        "TransformInput": {"CompressionType": "None", "SplitType": "None", **request["TransformInput"]},
        "TransformOutput": {"AssembleWith": "None", **request["TransformOutput"]},
        "TransformJobArn": records.arn("transform-job", name),
        "TransformJobStatus": "InProgress",
        "CreationTime": moment,
        "LastModifiedTime": moment,
    }
    with LOCK:
        if name in records.transform_jobs:
            raise ApiError(
                "ResourceInUse",
                "Job name must be unique within an AWS account and region, and a job with this name already "
                f"exists ({record['TransformJobArn']})",
            )
        records.transform_jobs[name] = record
        records.set_tags(record["TransformJobArn"], request.get("Tags", []))
    transform_runner.start(record, model)
    return record


def describe_transform_job(request: dict[str, Any]) -> Record:
    """DescribeTransformJob."""
    return _existing(request["TransformJobName"])


def stop_transform_job(request: dict[str, Any]) -> Record:
    """StopTransformJob: ends the container; nothing of the job's output is stored."""
    record = _existing(request["TransformJobName"])
    with LOCK:
        if record["TransformJobStatus"] in _FINISHED:
            raise invalid(
                "The request was rejected because the transform job is in status "
                f"{record['TransformJobStatus']}."
            )
        transform_runner.stop(record)
    return {}


def list_transform_jobs(request: dict[str, Any]) -> Record:
    """ListTransformJobs."""
    jobs = list(records.transform_jobs.values())
    page, token = listing.page(jobs, request, resource="TransformJob", order="Descending")
    return {"TransformJobSummaries": page, "NextToken": token}


def _existing(name: str) -> Record:
    record: Record | None = records.transform_jobs.get(name)
    if record is None:
        raise invalid(f"Could not find requested job with name: {name}")
    return record


def _check_supported(request: dict[str, Any]) -> None:
    """Raises the error for what AWS can do and the embedded cloud cannot."""
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    for member, value, supported in (
        ("S3DataType", source["S3DataType"], "S3Prefix"),
        ("CompressionType", request["TransformInput"].get("CompressionType", "None"), "None"),
        ("SplitType", request["TransformInput"].get("SplitType", "None"), "None"),
    ):
        if value != supported:
            raise invalid(
                f"{member} '{value}' is not supported by the embedded cloud: its batch transform sends each "
                f"object whole. Use '{supported}'."
            )
    for member in ("DataProcessing", "DataCaptureConfig"):
        if member in request:
            raise invalid(f"{member} is not supported by the embedded cloud's batch transform. Leave it out.")
    for uri in (source["S3Uri"], request["TransformOutput"]["S3OutputPath"]):
        try:
            s3_data.split(uri)
        except s3_data.DataError as error:
            raise invalid(str(error)) from error
    instances = request["TransformResources"]["InstanceCount"]
    if instances > 1:
        raise ApiError(
            "ResourceLimitExceeded",
            f"The account-level service limit '{request['TransformResources']['InstanceType']} for transform "
            f"job usage' is 1 Instances, with current utilization of 0 Instances and a request delta of "
            f"{instances} Instances. The embedded cloud transforms on one machine: set the instance count "
            "to 1.",
        )


def _check_payloads(request: dict[str, Any]) -> None:
    payload = request.get("MaxPayloadInMB", transform_runner.DEFAULT_PAYLOAD)
    concurrent = request.get("MaxConcurrentTransforms", 0) or 1
    if payload == 0:
        raise invalid(
            "MaxPayloadInMB 0 (chunked encoding) is not supported by built-in algorithms. Set it to 1 to 100."
        )
    if payload * concurrent > _LARGEST_PAYLOADS:
        raise invalid(
            f"MaxConcurrentTransforms * MaxPayloadInMB is {concurrent} * {payload}; it cannot exceed "
            f"{_LARGEST_PAYLOADS} MB."
        )
