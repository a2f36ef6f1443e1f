"""All that this package changes in MiniStack, but for the SageMaker that it adds."""

from pathlib import Path

from local import (
    buckets,
    lambda_runtime,
    permissions,
    saving,
    stack_events,
    state_machine_logs,
    state_machine_roles,
    state_machines,
)


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
