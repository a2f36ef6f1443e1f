"""Is it well: the deployment at a glance."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from console.deployment import Deployment, NotDeployed, parameter
from console.executions.history import Executions
from console.model_in_service import InService, in_service, trained_model
from console.server.aws_console import links


def deployed(deployment: Deployment) -> dict[str, Any]:
    """Returns name, region, account, threshold, classes, and links to AWS's console."""
    region, account = deployment.state_machine.split(":")[3:5]
    return {
        "name": deployment.name,
        "region": region,
        "account": account,
        "threshold": threshold(deployment),
        "classes": classes(deployment),
        "links": links(deployment),
    }


def overview(deployment: Deployment, executions: Executions) -> dict[str, Any]:
    """Returns what the overview shows."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        today = pool.submit(executions.today)
        served = in_service(deployment)
        if isinstance(served, InService):
            endpoint, model = served.endpoint, trained_model(deployment, served)
        else:
            endpoint, model = served, {"missing": "Without an endpoint no model is in service"}
        return deployed(deployment) | {"endpoint": endpoint, "model": model, "today": today.result()}


def threshold(deployment: Deployment) -> dict[str, Any] | None:
    """Returns the filter's threshold, ``value`` and ``source``; None if it is not deployed."""
    try:
        return json.loads(parameter(deployment.session, deployment.name, "threshold"))
    except NotDeployed:
        return None


def classes(deployment: Deployment) -> list[str]:
    """Returns the staged classes in label order; none if nothing is staged."""
    try:
        return deployment.manifest()["classes"]
    except NotDeployed:
        return []
