"""Goes back to a version of the model, or on to the latest: stacks are updated in turn."""

from collections.abc import Iterator

from console.endpoint_service import describe_service
from console.models.listing import name_console
from console.stack_update import UpdateFailed, update_stack
from evaluation.deployment import Deployment, EvaluationError, NotDeployed
from lambdas.deploy.models.versions import find_version
from lambdas.workflow import places


def use_version(deployment: Deployment, version: str) -> Iterator[str]:
    """Has a version serve; yields a line before each step.

    The training stack judges it, and trains only where the latest is asked for and there is none yet. The
    endpoint is updated as by a deploy, with all that may roll it back.

    Args:
        deployment: The deployment.
        version: A version's number, or ``latest``.

    Raises:
        NotDeployed: A stack is missing, or of a version of this app without such a choice.
        EvaluationError: There is no such version, or a step failed; the line says what serves then.
    """
    console = name_console(deployment)
    former = str(deployment.read_wanted_version()["version"])
    if version != places.LATEST:
        if find_version(deployment.client("sagemaker"), deployment.name, version) is None:
            raise EvaluationError(f"there is no version {version} of the model: {console} models lists them")
        what = f"version {version}"
    else:
        what = "the latest model, which is trained if there is none yet"
    again = f"{console} models use {version}"
    back = f"{console} models use {former}"
    undo = f" {back} takes the choice back." if former != version else ""
    steps: tuple[tuple[str, dict[str, str], str, str], ...] = (
        ("training", {"ModelVersion": version}, f"the gate judges {what}", "Nothing is changed."),
        (
            "endpoint",
            {},
            "the endpoint is updated to it, and watched",
            f"{again} tries it once more.{undo}",
        ),
        (
            "workflow",
            {},
            "the filter takes its threshold",
            f"The endpoint serves it behind the former threshold. {again} goes on from here.{undo}",
        ),
        (
            "batch",
            {},
            "batches take the same",
            f"All but batches have changed. {again} goes on from here.",
        ),
    )
    for number, (part, parameters, told, remedy) in enumerate(steps, 1):
        yield f"{number} of {len(steps)}: {told} ({deployment.name}-{part})"
        try:
            update_stack(deployment, part, parameters)
        except EvaluationError as error:
            # A sentence of its own, whatever the reason ends with.
            reason = str(error).rstrip(".")
            if part == "endpoint" and isinstance(error, UpdateFailed):
                reason = _tell_what_serves(deployment, reason)
            raise type(error)(f"{reason}. {remedy}") from None


def _tell_what_serves(deployment: Deployment, reason: str) -> str:
    """Returns which model serves after an update that failed; the reason, if that cannot be told."""
    try:
        served = describe_service(deployment, failed=True)
    except NotDeployed:
        return reason
    return f"{served}. {name_console(deployment)} endpoint status says why it failed"
