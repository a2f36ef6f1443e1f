"""Installs all that this package changes in MiniStack, but for the SageMaker that it adds."""

from pathlib import Path

from local import cloudformation, iam, s3
from local.lambda_functions import runtime
from local.step_functions import logs, machines, roles


def install(home: Path) -> None:
    """Makes MiniStack behave as AWS does where this project can tell the difference.

    Args:
        home: Folder of the embedded cloud.
    """
    iam.install()
    s3.install()
    cloudformation.install()
    runtime.install(home / "tmp" / "lambda")
    for module in (machines, roles, logs):
        module.install()
