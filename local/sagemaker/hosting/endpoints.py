"""The operations on endpoints, and what answers for each."""

from typing import Any

from local.sagemaker import limits, records
from local.sagemaker.containers.model_server import INVOCATION_SECONDS
from local.sagemaker.emulator import is_closing, start_work, wait_until_serving
from local.sagemaker.errors import ApiError, ValidationException
from local.sagemaker.hosting import variants
from local.sagemaker.hosting.descriptions import describe_pending
from local.sagemaker.hosting.fleets import make_fleet, make_next_fleet
from local.sagemaker.hosting.traffic import Traffic, serving
from local.sagemaker.hosting.updating import rules
from local.sagemaker.hosting.updating.plans import make_plan
from local.sagemaker.hosting.updating.update import Update, explain, put_in_service
from local.sagemaker.records import ENDPOINT_CONFIGS, ENDPOINTS, LOCK, Record
from local.waiting import wait_until

_RESTART_SECONDS = 60.0  # in which an endpoint should be back after the embedded cloud was started again
_PATIENCE_AT_THE_END = 2.0  # seconds that requests have when the embedded cloud stops


def create_endpoint(request: dict[str, Any]) -> Record:
    """CreateEndpoint: InService (or Failed) some seconds later."""
    config = ENDPOINT_CONFIGS.describe(request)
    fleet = make_fleet(config)
    # It is for later updates: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
    deployment = request.get("DeploymentConfig")
    make_plan(deployment, fleet)
    members = {key: value for key, value in request.items() if key != "DeploymentConfig"}
    members |= {
        "EndpointStatus": "Creating",
        "LastDeploymentConfig": deployment,
        "PendingDeploymentSummary": describe_pending(fleet, records.now(), "Creating", 0.0),
    }
    with LOCK:
        limits.check_fleet(fleet)
        record = ENDPOINTS.add(members)
    start_work(f"sagemaker-endpoint-{record['EndpointName']}", _bring_up, record, fleet)
    return record


def update_endpoint(request: dict[str, Any]) -> Record:
    """UpdateEndpoint: the blue fleet goes when the green one has proved itself, and stays if it does not."""
    config = ENDPOINT_CONFIGS.describe(request)
    with LOCK:
        record = ENDPOINTS.describe(request)
        rules.check_in_service(record)
        current = record["FleetConfig"]
        fleet = make_next_fleet(request, config, current)
        deployment = request.get("DeploymentConfig")
        if deployment is None and request.get("RetainDeploymentConfig"):
            deployment = record.get("LastDeploymentConfig")
        rules.check_change(record, current, fleet, guarded=bool(deployment))
        plan = make_plan(deployment, fleet)
        limits.check_fleet(fleet, current)
        if deployment is not None:
            record["LastDeploymentConfig"] = deployment
        update = Update(record, serving[record["EndpointArn"]], fleet, plan)
    start_work(f"sagemaker-endpoint-{record['EndpointName']}", update.run)
    return record


def delete_endpoint(request: dict[str, Any]) -> Record:
    """DeleteEndpoint: it answers no more at once; requests that are with it finish."""
    with LOCK:
        record = ENDPOINTS.describe(request)
        if record["EndpointStatus"] in ("Creating", "Updating", "RollingBack", "SystemUpdating"):
            raise ValidationException(f'Cannot update in-progress endpoint "{record["EndpointArn"]}".')
        if record["EndpointStatus"] == "Deleting":
            return {}
        record.update(EndpointStatus="Deleting", LastModifiedTime=records.now())
        retired = serving.pop(record["EndpointArn"], None)
    start_work(f"sagemaker-endpoint-{record['EndpointName']}", _delete, record, retired)
    return {}


def find_traffic(name: str) -> Traffic:
    """Returns what answers for an endpoint of the caller's account.

    Raises:
        ApiError: ValidationError, where there is no such endpoint or nothing answers for it yet.
    """
    endpoint_arn = ENDPOINTS.arn(name)
    wait_until(lambda: endpoint_arn in serving or not _is_restarting(name), _RESTART_SECONDS)
    traffic = serving.get(endpoint_arn)
    if traffic is None:
        account = endpoint_arn.split(":")[4]
        raise ApiError("ValidationError", f"Endpoint {name} of account {account} not found.")
    return traffic


def restore(record: Record) -> None:
    """Starts an endpoint that was in service when the embedded cloud stopped.

    An update that was under way is not taken up again: what was in service before it comes back.
    """
    config = ENDPOINT_CONFIGS.store.get(record["EndpointConfigName"])
    if config is None:
        record.update(EndpointStatus="Failed", FailureReason="Its endpoint configuration was deleted.")
        return
    pending = record.pop("PendingDeploymentSummary", None)
    if pending is not None and record["EndpointStatus"] != "Creating":
        record["FailureReason"] = (
            f"The embedded cloud was stopped in the middle of the update to endpoint configuration "
            f"{pending['EndpointConfigName']}: {record['EndpointConfigName']} goes on serving."
        )
    record["EndpointStatus"] = "SystemUpdating"
    fleet = record.get("FleetConfig") or make_fleet(config)
    start_work(f"sagemaker-endpoint-{record['EndpointName']}", _restore, record, fleet)


def end_all() -> None:
    """Ends every deployment and leaves the records as they are."""
    for endpoint_arn in list(serving):
        _end(serving.pop(endpoint_arn), _PATIENCE_AT_THE_END)


def _end(traffic: Traffic, patience: float) -> None:
    for deployment in traffic.deployments:
        deployment.end(patience)


def _is_restarting(name: str) -> bool:
    return bool(ENDPOINTS.store.get(name, {}).get("EndpointStatus") == "SystemUpdating")


def _restore(record: Record, fleet: Record) -> None:
    wait_until_serving(_RESTART_SECONDS)
    _bring_up(record, fleet)


def _bring_up(record: Record, fleet: Record) -> None:
    """Puts the first fleet of an endpoint in service, or lets the endpoint fail with the reason."""
    try:
        deployment = variants.start(record["EndpointName"], fleet)
    except Exception as error:
        if not is_closing():
            reason = explain(error, record["EndpointName"])
            with LOCK:
                record.pop("PendingDeploymentSummary", None)
                record.update(EndpointStatus="Failed", FailureReason=reason, LastModifiedTime=records.now())
        return
    if is_closing():
        deployment.end()
        return
    with LOCK:
        serving[record["EndpointArn"]] = Traffic(deployment)
        put_in_service(record, fleet)


def _delete(record: Record, retired: Traffic | None) -> None:
    if retired is not None:
        _end(retired, INVOCATION_SECONDS)
    ENDPOINTS.remove(record["EndpointName"])
