"""Installs all that this package changes in MiniStack, but for the SageMaker that it adds."""

from pathlib import Path

from local import cloudformation, s3, unsupported
from local.cloudwatch import logs as cloudwatch_logs
from local.delivery import batches, mappings, object_events, queue_policies, queues
from local.iam import access, evaluation, managed_policies
from local.lambda_functions import memory, runtime
from local.lambda_functions import metrics as lambda_metrics
from local.saving.install import install as install_saving
from local.step_functions import (
    branches,
    configuration,
    history,
    logs,
    machines,
    optimised,
    roles,
    s3_tasks,
    starts,
)
from local.step_functions import metrics as states_metrics
from local.tables import template, writes


def install(home: Path) -> None:
    """Makes MiniStack behave as AWS does where this project can tell the difference.

    Args:
        home: Folder of the embedded cloud.
    """
    for module in (
        access,
        evaluation,
        managed_policies,
        s3,
        template,
        writes,
        batches,
        object_events,
        queues,
        queue_policies,
        mappings,
        cloudwatch_logs,
        unsupported,
    ):
        module.install()
    cloudformation.install(home)
    runtime.install(home / "tmp" / "lambda")
    for module in (
        lambda_metrics,
        memory,
        starts,
        machines,
        roles,
        optimised,
        s3_tasks,
        configuration,
        logs,
        states_metrics,
        history,
        branches,
    ):
        module.install()
    install_saving(home)
