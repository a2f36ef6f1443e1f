"""Installs all that this package changes in MiniStack, but for the SageMaker that it adds."""

from pathlib import Path

from local import cloudformation, iam, s3
from local.lambda_functions import metrics as lambda_metrics
from local.lambda_functions import runtime
from local.step_functions import configuration, history, logs, machines, roles
from local.step_functions import metrics as states_metrics


def install(home: Path) -> None:
    """Makes MiniStack behave as AWS does where this project can tell the difference.

    Args:
        home: Folder of the embedded cloud.
    """
    iam.install()
    s3.install()
    cloudformation.install()
    runtime.install(home / "tmp" / "lambda")
    lambda_metrics.install()
    for module in (machines, roles, configuration, logs, states_metrics, history):
        module.install()
