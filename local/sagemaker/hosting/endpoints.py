"""The operations on endpoints, and the deployment that serves each."""

import logging
from typing import Any

from local.sagemaker import records
from local.sagemaker.emulator import is_closing, start_work, wait_until_serving
from local.sagemaker.errors import ApiError, ValidationException
from local.sagemaker.hosting import variants
from local.sagemaker.hosting.variants import Deployment, DeploymentFailed
from local.sagemaker.records import ENDPOINT_CONFIGS, ENDPOINTS, LOCK, Record
from local.waiting import wait_until

_RESTART_SECONDS = 60.0  # in which an endpoint should be back after the embedded cloud was started again
_PATIENCE_AT_THE_END = 2.0  # seconds that requests have when the embedded cloud stops

_logger = logging.getLogger("sagemaker.endpoints")
#: ARN of an endpoint to the deployment that answers for it.
_serving: dict[str, Deployment] = {}


def create_endpoint(request: dict[str, Any]) -> Record:
    """CreateEndpoint: InService (or Failed) some seconds later."""
    config = ENDPOINT_CONFIGS.describe(request)
    record = ENDPOINTS.add({**request, "EndpointStatus": "Creating"})
    start_work(f"sagemaker-endpoint-{record['EndpointName']}", _deploy, record, config)
    return record


def update_endpoint(request: dict[str, Any]) -> Record:
    """UpdateEndpoint: the old deployment goes when the new one is healthy, and stays if it never is."""
    config = ENDPOINT_CONFIGS.describe(request)
    with LOCK:
        record = ENDPOINTS.describe(request)
        if record["EndpointStatus"] != "InService":
            state = "failed" if record["EndpointStatus"] == "Failed" else "in-progress"
            raise ValidationException(f'Cannot update {state} endpoint "{record["EndpointArn"]}".')
        _refuse_to_become_serverless(record, config)
        record.update(EndpointStatus="Updating", LastModifiedTime=records.now())
        record.pop("FailureReason", None)
    start_work(f"sagemaker-endpoint-{record['EndpointName']}", _deploy, record, config)
    return record


def delete_endpoint(request: dict[str, Any]) -> Record:
    """DeleteEndpoint: it answers no more at once; requests that are with it finish."""
    with LOCK:
        record = ENDPOINTS.describe(request)
        if record["EndpointStatus"] in ("Creating", "Updating", "SystemUpdating"):
            raise ValidationException(f'Cannot update in-progress endpoint "{record["EndpointArn"]}".')
        if record["EndpointStatus"] == "Deleting":
            return {}
        record.update(EndpointStatus="Deleting", LastModifiedTime=records.now())
        retired = _serving.pop(record["EndpointArn"], None)
    start_work(f"sagemaker-endpoint-{record['EndpointName']}", _delete, record, retired)
    return {}


def find_deployment(name: str) -> Deployment:
    """Returns the deployment that answers for an endpoint of the caller's account.

    Raises:
        ApiError: ValidationError, where there is no such endpoint or nothing answers for it yet.
    """
    endpoint_arn = ENDPOINTS.arn(name)
    wait_until(lambda: endpoint_arn in _serving or not _is_restarting(name), _RESTART_SECONDS)
    current = _serving.get(endpoint_arn)
    if current is None:
        account = endpoint_arn.split(":")[4]
        raise ApiError("ValidationError", f"Endpoint {name} of account {account} not found.")
    return current


def restore(record: Record) -> None:
    """Starts an endpoint that was in service when the embedded cloud stopped."""
    config = ENDPOINT_CONFIGS.store.get(record["EndpointConfigName"])
    if config is None:
        record.update(EndpointStatus="Failed", FailureReason="Its endpoint configuration was deleted.")
        return
    record["EndpointStatus"] = "SystemUpdating"
    start_work(f"sagemaker-endpoint-{record['EndpointName']}", _restore, record, config)


def end_all() -> None:
    """Ends every deployment and leaves the records as they are."""
    for endpoint_arn in list(_serving):
        _serving.pop(endpoint_arn).end(_PATIENCE_AT_THE_END)


def _refuse_to_become_serverless(record: Record, config: Record) -> None:
    """Raises an error where a real-time endpoint is to become serverless, the one way that AWS bars."""
    real_time = any("CurrentServerlessConfig" not in variant for variant in record["ProductionVariants"])
    if real_time and any("ServerlessConfig" in variant for variant in config["ProductionVariants"]):
        raise ValidationException(
            f'Cannot update real-time endpoint "{record["EndpointArn"]}" to a serverless one.'
        )


def _is_restarting(name: str) -> bool:
    return bool(ENDPOINTS.store.get(name, {}).get("EndpointStatus") == "SystemUpdating")


def _restore(record: Record, config: Record) -> None:
    wait_until_serving(_RESTART_SECONDS)
    _deploy(record, config)


def _deploy(record: Record, config: Record) -> None:
    reason = None
    try:
        new = variants.start(record["EndpointName"], config)
    except DeploymentFailed as error:
        reason = str(error)
    except ApiError as error:
        reason = error.message
    except Exception as error:
        _logger.exception("endpoint %s", record["EndpointName"])
        reason = f"The embedded cloud could not start it: {error!r}"
    if is_closing():
        if reason is None:
            new.end()
        return
    retired = None
    with LOCK:
        if reason is None:
            retired = _serving.get(record["EndpointArn"])
            _serving[record["EndpointArn"]] = new
            record.update(
                EndpointStatus="InService",
                EndpointConfigName=config["EndpointConfigName"],
                ProductionVariants=[_summarise(variant) for variant in config["ProductionVariants"]],
            )
            _describe_capture(record, config)
        elif record["EndpointArn"] in _serving:
            record.update(EndpointStatus="InService", FailureReason=reason)
        else:
            record.update(EndpointStatus="Failed", FailureReason=reason)
        record["LastModifiedTime"] = records.now()
    if retired is not None:
        retired.end()


def _delete(record: Record, retired: Deployment | None) -> None:
    if retired is not None:
        retired.end()
    ENDPOINTS.remove(record["EndpointName"])


def _summarise(variant: Record) -> Record:
    weight = variant["InitialVariantWeight"]
    summary = {
        "VariantName": variant["VariantName"],
        "CurrentWeight": weight,
        "DesiredWeight": weight,
    }
    if serverless := variant.get("ServerlessConfig"):
        return {
            **summary,
            "CurrentServerlessConfig": serverless,
            "DesiredServerlessConfig": serverless,
            "CurrentInstanceCount": 0,
        }
    count = variant["InitialInstanceCount"]
    return {**summary, "CurrentInstanceCount": count, "DesiredInstanceCount": count}


def _describe_capture(record: Record, config: Record) -> None:
    record.pop("DataCaptureConfig", None)
    if capture := config.get("DataCaptureConfig"):
        on = capture.get("EnableCapture", False)
        record["DataCaptureConfig"] = {
            "EnableCapture": on,
            "CaptureStatus": "Started" if on else "Stopped",
            "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
            "DestinationS3Uri": capture["DestinationS3Uri"],
            "KmsKeyId": capture.get("KmsKeyId", ""),
        }
