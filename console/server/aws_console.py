"""Where AWS's own console shows what the page shows."""

from console.deployment import Deployment

# No account of AWS has this number; what stands in for AWS uses it, and has no console.
NO_ACCOUNT = "000000000000"


def links(deployment: Deployment) -> dict[str, str] | None:
    """Returns where AWS's own console shows state machine and endpoint; None where that is not AWS."""
    *_, region, account, _, _ = deployment.state_machine.split(":")
    if account == NO_ACCOUNT:
        return None
    console = f"https://{region}.console.aws.amazon.com"
    return {
        "state_machine": f"{console}/states/home?region={region}"
        f"#/statemachines/view/{deployment.state_machine}",
        "endpoint": f"{console}/sagemaker/home?region={region}#/endpoints/{deployment.name}",
    }


def execution_link(deployment: Deployment, name: str) -> str | None:
    """Returns where AWS's own console shows an execution; None where that is not AWS."""
    *_, region, account, _, _ = deployment.state_machine.split(":")
    if account == NO_ACCOUNT:
        return None
    arn = f"{deployment.state_machine.replace(':stateMachine:', ':execution:')}:{name}"
    return f"https://{region}.console.aws.amazon.com/states/home?region={region}#/v2/executions/details/{arn}"
