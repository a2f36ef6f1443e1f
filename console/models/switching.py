"""Whether the endpoint may be switched off: switched on again it serves the accepted model, and unwatched."""

from console.models.listing import name_console
from evaluation.deployment import Deployment, EvaluationError, NotDeployed
from lambdas.deploy.models.versions import list_versions
from lambdas.workflow import places

IN_SERVICE = "InService"


def check_switching_off(deployment: Deployment) -> None:
    """Refuses to switch off an endpoint whose update to the accepted model was rolled back.

    An endpoint that is made anew has no former model to go back to, and the threshold is the former one's. A
    model of other classes is let pass: it can come in no other way, and the next deploy settles the rest.

    Raises:
        EvaluationError: The endpoint serves another model than the accepted one; the line says what to do.
    """
    try:
        endpoint = deployment.find_endpoint()
    except NotDeployed:
        return
    served, accepted = (places.read_model_name(url) for url in (endpoint.artifact, deployment.artifact))
    # What is under way CloudFormation refuses by itself.
    if served == accepted or endpoint.status != IN_SERVICE:
        return
    sagemaker = deployment.client("sagemaker")
    versions = {version.model: version for version in list_versions(sagemaker, deployment.name)}
    (variant,) = sagemaker.describe_endpoint(EndpointName=endpoint.name)["ProductionVariants"]
    if accepted in versions and versions[accepted].classes != variant["VariantName"]:
        return
    back = (
        f"run {name_console(deployment)} models use {versions[served].number}, or "
        if served in versions
        else ""
    )
    raise EvaluationError(
        f"Endpoint {endpoint.name} serves model {served} and not {accepted}, which was accepted last: "
        f"switched off and on it would serve that one unwatched. First {back}deploy again"
    )
