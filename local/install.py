"""Installs all that this package changes in MiniStack and adds to it, but for SageMaker."""

from pathlib import Path

from local import cloudformation, s3, tagging, unsupported
from local.autoscaling import hooks as autoscaling
from local.budgets import cloudformation_types as budgets
from local.cloudwatch import alarms, embedded_metrics, values
from local.cloudwatch import logs as cloudwatch_logs
from local.cloudwatch.metric_math import answers
from local.delivery import (
    batches,
    mappings,
    moves,
    object_events,
    queue_metrics,
    queue_policies,
    queue_traffic,
    queues,
    topic_keys,
)
from local.iam import access, evaluation, managed_policies, uses
from local.lambda_functions import memory, runtime
from local.lambda_functions import metrics as lambda_metrics
from local.saving.install import install as install_saving
from local.scheduler import hooks as scheduler
from local.service_quotas import service as service_quotas
from local.step_functions import (
    branches,
    configuration,
    expressions,
    history,
    logs,
    machines,
    redrive,
    roles,
    running,
    runs,
    starts,
    status_events,
)
from local.step_functions import metrics as states_metrics
from local.step_functions.distributed_map.install import install as install_distributed_map
from local.step_functions.tasks import optimised
from local.step_functions.tasks import s3 as s3_tasks
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
        uses,
        s3,
        template,
        writes,
        batches,
        object_events,
        queues,
        queue_traffic,
        queue_metrics,
        moves,
        queue_policies,
        topic_keys,
        mappings,
        values,
        alarms,
        answers,
        cloudwatch_logs,
        embedded_metrics,
        tagging,
        unsupported,
        budgets,
    ):
        module.install()
    cloudformation.install(home)
    service_quotas.install(home)
    runtime.install(home / "tmp" / "lambda")
    install_distributed_map(home)
    for module in (
        lambda_metrics,
        memory,
        starts,
        runs,
        running,
        expressions,
        status_events,
        machines,
        roles,
        optimised,
        s3_tasks,
        configuration,
        logs,
        states_metrics,
        history,
        branches,
        redrive,
        autoscaling,
        scheduler,
    ):
        module.install()
    install_saving(home)
