"""Keeps this SageMaker's records across a restart, through MiniStack's contract for a service's state."""

import copy
from typing import Any

from ministack.core.responses import request_scope

from local.sagemaker.containers import child_process
from local.sagemaker.hosting import endpoints
from local.sagemaker.jobs import job
from local.sagemaker.jobs.training_jobs import TrainingJob
from local.sagemaker.jobs.transform_jobs import TransformJob
from local.sagemaker.records import ENDPOINTS, KINDS, LOCK, tags

_STORES = {f"{kind.arn_type}s".replace("-", "_"): kind.store for kind in KINDS} | {"tags": tags}


def get_state() -> dict[str, Any]:
    """Returns all records, for MiniStack to write."""
    with LOCK:
        return copy.deepcopy(_STORES)


def load_persisted_state(state: dict[str, Any]) -> None:
    """Takes records back; endpoints are started again, jobs that ran have failed."""
    for name, store in _STORES.items():
        store.update(state.get(name, {}))
    for job_class in (TrainingJob, TransformJob):
        for _, record in job_class.kind.store.all_items():
            job_class(record).fail_if_unfinished()
    for (account, region, name), endpoint in ENDPOINTS.store.all_items():
        with request_scope(account, region):
            if endpoint["EndpointStatus"] == "Deleting":
                ENDPOINTS.remove(name)
            elif endpoint["EndpointStatus"] != "Failed":
                endpoints.restore(endpoint)


def reset() -> None:
    """Forgets everything and ends what runs."""
    endpoints.end_all()
    job.end_all()
    child_process.end_all()
    for store in _STORES.values():
        store.clear()
