"""The custom resource that is a trained model: its training job is found by its inputs, or created."""

from typing import Any

from lambdas.deploy.data_set import read_manifest
from lambdas.deploy.jobs import TRAINING_JOBS, sagemaker
from lambdas.deploy.model_resource import ModelResource, Properties
from lambdas.deploy.models.kept import Verdict, exists
from lambdas.deploy.training_inputs import build_job_request, check_batch_size, list_facts, name_job


class TrainedModel(ModelResource):
    """A model that bears the name of the training job that makes it."""

    overtime_remedy = (
        "deploy again, and the trained model is taken as it is; or choose a faster evaluation_instance_type"
    )

    def list_facts(self, properties: Properties) -> list[Any]:
        """Returns what shapes the model; its data set and container judge it as well."""
        return list_facts(properties)

    def obtain(self, properties: Properties) -> str:
        """Returns the name of a training job with these inputs.

        Raises:
            ModelRefused: No data set of the right classes is staged, or it is too small.
        """
        bucket = properties["Bucket"]
        manifest = read_manifest(
            bucket, properties["Dataset"], properties["Classes"], properties.get("OtherClass")
        )
        check_batch_size(properties, manifest)
        return TRAINING_JOBS.find_or_create(
            name_job(properties),
            create=lambda job: sagemaker.create_training_job(**build_job_request(properties, job, manifest)),
            has_result=lambda job: exists(bucket, job),
        )

    def check_obtained(self, model: str) -> None:
        """Refuses the model of a training job that did not complete.

        Raises:
            ModelRefused: The job runs for too long, failed, or was stopped.
        """
        TRAINING_JOBS.check_completed(model, "choose fewer epochs or a faster training_instance_type")

    def stop(self, properties: Properties) -> None:
        """Stops the training jobs with these inputs that run."""
        TRAINING_JOBS.stop_all(name_job(properties))

    def describe(self, model: str) -> str:
        """Returns in words which model it is."""
        return f"of training job {model}"

    def locate_log(self, verdict: Verdict) -> str:
        """Returns in words where the training's log is."""
        return TRAINING_JOBS.locate_log(verdict.model)


_resource = TrainedModel()
start, evaluate, finish = _resource.start, _resource.evaluate, _resource.finish
