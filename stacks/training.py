"""Training as part of a deploy: a custom resource that trains, waits, and refuses a model below the gate."""

import json

import aws_cdk as cdk
from constructs import Construct

from lambdas.workflow import places
from stacks.configuration.settings import Settings
from stacks.parts.algorithm_container import list_log_group_arns
from stacks.parts.function_asset import FunctionAsset
from stacks.parts.parameters import write_parameter
from stacks.parts.waited_job import WaitedJob


class TrainingStack(cdk.Stack):
    """The training job as a resource, and the parameters ``/{name}/model`` and ``/{name}/training-job``."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, functions: FunctionAsset
    ) -> None:
        super().__init__(scope, construct_id, description="Scones Unlimited: trains the model and checks it")
        name = settings.name
        jobs_arn = self.format_arn(service="sagemaker", resource="training-job", resource_name=f"{name}-*")
        training = WaitedJob(
            self,
            settings=settings,
            functions=functions,
            kind="Training",
            job="training",
            job_ids="",
            jobs_arn=jobs_arn,
            reads=[places.DATASETS],
            writes=places.MODELS,
            module="training",
            function_ids="",
            finish_memory_mb=256,
            timeout_seconds=60,
        )
        training.start.allow(
            [
                "sagemaker:AddTags",
                "sagemaker:CreateTrainingJob",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:StopTrainingJob",
            ],
            jobs_arn,
        )
        job = training.add_resource(
            "TrainingJob",
            {
                # As text: their names are no properties that CloudFormation should see.
                "Hyperparameters": json.dumps(settings.hyperparameters, sort_keys=True),
                "InstanceType": settings.training_instance_type,
                "InstanceCount": settings.training_instance_count,
                "Mode": settings.training_mode,
                "MaxSeconds": settings.training_max_seconds,
            },
        )
        # The log tells which model was stored.
        training.finish.allow(
            ["logs:DescribeLogStreams", "logs:FilterLogEvents"],
            *list_log_group_arns(places.TRAINING_JOBS_LOG_GROUP),
        )
        write_parameter(self, name, "training-job", job.ref, "Training job that made the model")
        cdk.CfnOutput(self, "TrainingJobName", value=job.ref)
