"""All that this package changes in MiniStack, but for the SageMaker that it adds."""

from pathlib import Path

from local import cloudformation as stack_events
from local import permissions, saving
from local import s3 as buckets
from local.lambda_functions import runtime as lambda_runtime
from local.step_functions import logs as state_machine_logs
from local.step_functions import machines as state_machines
from local.step_functions import roles as state_machine_roles


def install(home: Path) -> None:
    """Makes MiniStack behave as AWS does where this project can tell the difference.

    Args:
        home: Folder of the embedded cloud.
    """
    permissions.install()
    lambda_runtime.install(home / "tmp" / "lambda")
    buckets.install()
    stack_events.install()
    saving.install()
    state_machines.install()
    state_machine_roles.install()
    state_machine_logs.install()
