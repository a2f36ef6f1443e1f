"""Describes the deployment at a glance."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from console.executions.history import Executions
from console.model_in_service import describe_model
from console.server.aws_console import link_deployment
from evaluation.deployment import Deployment, NotDeployed


def describe_deployment(deployment: Deployment) -> dict[str, Any]:
    """Returns name, region, account, threshold, classes, and links to AWS's console."""
    region, account = deployment.state_machine.split(":")[3:5]
    classes: list[str] = []
    with suppress(NotDeployed):
        classes = deployment.read_manifest()["classes"]
    return {
        "name": deployment.name,
        "region": region,
        "account": account,
        "threshold": read_threshold(deployment),
        "classes": classes,
        "links": link_deployment(deployment),
    }


def describe_overview(deployment: Deployment, executions: Executions) -> dict[str, Any]:
    """Returns the deployment with its endpoint, its model and today's executions."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        today = pool.submit(executions.count_today)
        try:
            endpoint = deployment.find_endpoint()
        except NotDeployed as error:
            in_service: dict[str, Any] = {
                "endpoint": {"missing": str(error)},
                "model": {"missing": "Without an endpoint no model is in service"},
            }
        else:
            in_service = {
                "endpoint": {
                    "name": endpoint.name,
                    "status": endpoint.status,
                    "model": endpoint.model,
                    "instance_type": endpoint.instance_type,
                    "updated": endpoint.updated.timestamp(),
                },
                "model": describe_model(deployment, endpoint),
            }
        return describe_deployment(deployment) | in_service | {"today": today.result()}


def read_threshold(deployment: Deployment) -> dict[str, Any] | None:
    """Returns the filter's threshold, ``value`` and ``source``; None if it is not deployed."""
    with suppress(NotDeployed):
        return deployment.read_threshold()
    return None
