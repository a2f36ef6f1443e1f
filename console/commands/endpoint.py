"""Says what the endpoint serves, why, and what it costs; switches it off and on without a deploy."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from console.costs.wording import describe_endpoint as describe_endpoint_cost
from console.endpoint_service import describe_endpoint, describe_service
from console.models.listing import tell_kept_version
from console.models.switching import check_switching_off
from console.stack_update import begin_update, describe_stack, explain_last_failure, finish_update
from evaluation.deployment import Deployment, NotDeployed
from lambdas.workflow import places

SWITCH = "EndpointSwitch"
OTHER_CONFIGURATION = 3
"""Exit status: the endpoint serves something else than the last deploy made, or is broken."""
LAST_UPDATE_FAILED = 4
"""Exit status: its last update failed, and the former model serves instead of the accepted one."""
BROKEN = ("Failed", "OutOfService", "UpdateRollbackFailed", "RollingBack")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "endpoint",
        help="say what the endpoint serves and what it costs; switch it off and on",
        description="status says which model serves and why, with exit status 0; "
        f"{OTHER_CONFIGURATION} if that is not what the last deploy made, {LAST_UPDATE_FAILED} if the last "
        "update failed and the former model serves instead of the accepted one. off takes the endpoint "
        "away, so that nothing is paid for it, on makes it again: without a deploy, and the next deploy "
        "leaves it as it is.",
    )
    parser.add_argument("what", choices=("status", "off", "on"))
    parser.set_defaults(run=run)


def run(deployment: Deployment, options: argparse.Namespace) -> int:
    """Switches the endpoint, if that is asked for, and says how it stands.

    Raises:
        NotDeployed: There is no stack of an endpoint, or one of an older version.
        EvaluationError: CloudFormation could not switch it, or switched on it would serve another model.
    """
    settings = _read_settings(deployment)
    if options.what == "off":
        check_switching_off(deployment)
    if options.what != "status":
        value = _choose_value(options.what, settings["mode"])
        if begin_update(deployment, "endpoint", {SWITCH: value}):
            print(f"Switching the endpoint {options.what}: that takes some minutes", flush=True)
            finish_update(deployment, "endpoint")
        else:
            print(f"It is {options.what} already")
    print(describe_endpoint_cost(settings))
    return tell_status(deployment)


def tell_status(deployment: Deployment) -> int:
    """Prints how the endpoint stands, what serves in the last line; returns the exit status."""
    failure = explain_last_failure(deployment, "endpoint")
    if failure:
        print(f"The last update of {deployment.name}-endpoint failed: {failure}")
    described = describe_endpoint(deployment)
    if pending := (described or {}).get("PendingDeploymentSummary"):
        print(_describe_pending(pending))
    version = tell_kept_version(deployment)
    kept = f". {version}" if version else ""
    try:
        endpoint = deployment.find_endpoint()
    except NotDeployed as error:
        print(f"{error}{kept}")
        return _judge(failure, other=described is not None or not deployment.is_switched_off())
    print(f"{describe_service(deployment, failed=failure is not None)}{kept}")
    agreed = endpoint.artifact == deployment.artifact
    return _judge(None if agreed else failure, other=endpoint.status in BROKEN)


def _judge(failure: str | None, *, other: bool) -> int:
    if other:
        return OTHER_CONFIGURATION
    return LAST_UPDATE_FAILED if failure else 0


def _describe_pending(pending: Mapping[str, Any]) -> str:
    variant = (pending.get("ProductionVariants") or [{}])[0]
    states = [status["Status"] for status in variant.get("VariantStatus", [])]
    return f"An update to configuration {pending['EndpointConfigName']} is under way: {', '.join(states)}"


def _choose_value(switch: str, mode: str) -> str:
    """Returns the stack's parameter for a switch: as set, where the settings say the same."""
    as_set = (switch == "off") == (mode == "off")
    return places.SWITCH_AS_SET if as_set else switch


def _read_settings(deployment: Deployment) -> dict[str, Any]:
    outputs = describe_stack(deployment, "endpoint").get("Outputs", [])
    told = {output["OutputKey"]: output["OutputValue"] for output in outputs}
    if "EndpointSettings" not in told:
        raise NotDeployed(
            f"{deployment.name}-endpoint was not deployed to its end, or by an older version: run make deploy"
        )
    settings: dict[str, Any] = json.loads(told["EndpointSettings"])
    return settings
