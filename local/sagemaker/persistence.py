"""Keeps this SageMaker's records across a restart, through MiniStack's contract for a service's state."""

import copy
import shutil
from typing import Any

from ministack.core.responses import request_scope

from local.sagemaker.containers import child_process
from local.sagemaker.emulator import folder
from local.sagemaker.hosting import endpoints
from local.sagemaker.jobs import training_runner as job_runner
from local.sagemaker.jobs import transform_runner
from local.sagemaker.records import LOCK, STORES


def get_state() -> dict[str, Any]:
    """Returns all records, for MiniStack to write."""
    with LOCK:
        return copy.deepcopy(STORES)


def load_persisted_state(state: dict[str, Any]) -> None:
    """Takes records back; endpoints are started again, jobs that ran have failed."""
    for name, store in STORES.items():
        store.update(state.get(name, {}))
    for _, job in STORES["training_jobs"].all_items():
        if job["TrainingJobStatus"] in ("InProgress", "Stopping"):
            job_runner.interrupted(job)
    for _, job in STORES["transform_jobs"].all_items():
        if job["TransformJobStatus"] in ("InProgress", "Stopping"):
            transform_runner.interrupted(job)
    for (account, region, _), endpoint in STORES["endpoints"].all_items():
        with request_scope(account, region):
            if endpoint["EndpointStatus"] == "Deleting":
                STORES["endpoints"].pop(endpoint["EndpointName"])
            elif endpoint["EndpointStatus"] != "Failed":
                endpoints.bring_back(endpoint)


def reset() -> None:
    """Forgets everything and ends what runs."""
    endpoints.end_all()
    transform_runner.end_all()
    child_process.end_all()
    for store in STORES.values():
        store.clear()


def clear_folders() -> None:
    """Removes what a server that was killed has left of jobs and endpoints; their data are in S3."""
    for kind in ("jobs", "transforms", "endpoints"):
        shutil.rmtree(folder(kind), ignore_errors=True)
