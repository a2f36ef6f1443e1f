"""The custom resource that is a training job: ``start`` finds or creates it, ``finish`` checks its model."""

from collections.abc import Mapping
from typing import Any

from lambdas.deploy.custom_resource import EndedJob, finish_waiting, start_waiting
from lambdas.deploy.data_set import read_manifest
from lambdas.deploy.gate import check_gate
from lambdas.deploy.jobs import TRAINING_JOBS, sagemaker
from lambdas.deploy.kept_models import exists
from lambdas.deploy.training_accuracy import read_accuracy
from lambdas.deploy.training_inputs import build_job_request, name_job


def start(event: dict[str, Any], context: object) -> None:
    """Takes CloudFormation's request; see ``start_waiting``."""
    start_waiting(event, find_or_create_job, stop=TRAINING_JOBS.stop_if_running)


def finish(event: dict[str, Any], context: object) -> dict[str, str]:
    """Answers CloudFormation when the training job has ended; see ``finish_waiting``."""
    return finish_waiting(event, accept_model)


def find_or_create_job(properties: Mapping[str, Any]) -> tuple[str, str]:
    """Returns the name of a training job with these inputs, which is the model's name too.

    Raises:
        ModelRefused: No data set of the right classes is staged.
    """
    bucket = properties["Bucket"]
    manifest = read_manifest(bucket, properties["Dataset"], properties["Classes"])
    job = TRAINING_JOBS.find_or_create(
        name_job(properties),
        create=lambda name: sagemaker.create_training_job(**build_job_request(properties, name, manifest)),
        has_result=lambda name: exists(bucket, name),
    )
    return job, job


def accept_model(job: EndedJob) -> dict[str, str]:
    """Returns the attributes of the custom resource if the job's model may be deployed.

    Raises:
        ModelRefused: The job did not complete, or its model is below the gate.
    """
    description = TRAINING_JOBS.check_completed(job, "choose fewer epochs or a faster training_instance_type")
    accuracy = read_accuracy(description)
    check_gate(
        accuracy,
        gate=float(job.properties["AccuracyGate"]),
        model=f"of training job {job.name}",
        log=TRAINING_JOBS.locate_log(job.name),
    )
    return {
        "TrainingJobName": job.name,
        "ModelDataUrl": description["ModelArtifacts"]["S3ModelArtifacts"],
        "ValidationAccuracy": f"{accuracy:.4f}",
    }
