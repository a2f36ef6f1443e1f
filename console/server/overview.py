"""Describes the deployment at a glance."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from console.executions.history import Executions
from console.model_in_service import describe_model
from console.outcomes.table import NO_TABLE, Outcomes
from console.reviews.errors import TableBusy
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


def describe_overview(deployment: Deployment, executions: Executions, outcomes: Outcomes) -> dict[str, Any]:
    """Returns the deployment with its endpoint, its model and today's photos."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        today = pool.submit(count_today, executions, outcomes)
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


def count_today(executions: Executions, outcomes: Outcomes) -> dict[str, Any]:
    """Returns what became of photos since midnight, how many are on their way and how many wait.

    Returns:
        ``source``, ``table`` or ``executions``; a number for each outcome; ``running`` and
        ``more_running`` as ``Executions.count_running`` has them. From the table ``waiting`` as well. Without
        one ``advice`` and what ``Executions.count_since`` says of its bounds. ``fault`` alone where DynamoDB
        throttles the table.
    """
    year, month, day = time.localtime()[:3]
    midnight = time.mktime((year, month, day, 0, 0, 0, 0, 0, -1))
    try:
        counted: dict[str, Any] = {
            "source": "table",
            **outcomes.count_since(midnight),
            "waiting": outcomes.count_waiting(),
        }
    except NotDeployed:
        counted = {"source": "executions", "advice": NO_TABLE, **executions.count_since(midnight)}
    except TableBusy as error:
        return {"fault": str(error)}
    return counted | executions.count_running()


def read_threshold(deployment: Deployment) -> dict[str, Any] | None:
    """Returns the filter's threshold, ``value`` and ``source``; None if it is not deployed."""
    with suppress(NotDeployed):
        return deployment.read_threshold()
    return None
