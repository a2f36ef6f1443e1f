"""Links to AWS's own console, which shows only what AWS itself runs.

AWS's services answer under its own domain, anybody else's under another.
"""

from contextlib import suppress

from evaluation.deployment import Deployment, NotDeployed

AWS_DOMAIN = ".amazonaws.com"


def link_deployment(deployment: Deployment) -> dict[str, str] | None:
    """Returns the addresses of state machine and endpoint in AWS's console; None if AWS does not run them."""
    if not _runs_on_aws(deployment):
        return None
    machine = deployment.state_machine
    links = {"state_machine": _link(deployment, "states", f"statemachines/view/{machine}")}
    with suppress(NotDeployed):
        links["endpoint"] = _link(deployment, "sagemaker", f"endpoints/{deployment.endpoint}")
    return links


def link_execution(deployment: Deployment, name: str) -> str | None:
    """Returns the address of an execution in AWS's console; None if AWS does not run it."""
    if not _runs_on_aws(deployment):
        return None
    arn = f"{deployment.state_machine.replace(':stateMachine:', ':execution:')}:{name}"
    return _link(deployment, "states", f"v2/executions/details/{arn}")


def _runs_on_aws(deployment: Deployment) -> bool:
    return (deployment.locate_cloud().hostname or "").endswith(AWS_DOMAIN)


def _link(deployment: Deployment, service: str, place: str) -> str:
    region = deployment.state_machine.split(":")[3]
    return f"https://{region}.console.aws.amazon.com/{service}/home?region={region}#/{place}"
