"""Training as part of a deploy: a custom resource that trains, waits, and refuses a model below the gate."""

import json

import aws_cdk as cdk
from constructs import Construct

from lambdas.workflow import places
from stacks.configuration.settings import Settings
from stacks.parts.algorithm_container import SageMakerRole
from stacks.parts.function_asset import FunctionAsset
from stacks.parts.parameters import write_parameter
from stacks.parts.waited_job import WaitedJob
from stacks.parts.waiting_states import GIVE_UP_TRAINING_SECONDS


class TrainingStack(cdk.Stack):
    """The trained model as a resource, what ``WaitedJob`` adds, and ``/{name}/training-job``."""

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, functions: FunctionAsset
    ) -> None:
        super().__init__(scope, construct_id, description="Scones Unlimited: trains the model and checks it")
        name = settings.name
        jobs_arn = self.format_arn(
            service="sagemaker", resource="training-job", resource_name=places.job_name(name, "*")
        )
        training = WaitedJob(
            self,
            settings=settings,
            functions=functions,
            module="training",
            machine="training",
            function_ids="",
            machine_ids="",
            training_jobs_arn=jobs_arn,
        )
        role = SageMakerRole(
            self,
            "Role",
            bucket=training.bucket,
            reads=[places.DATASETS],
            writes=places.MODELS,
            image=training.image,
            log_group=places.TRAINING_JOBS_LOG_GROUP,
            metric_namespace=places.TRAINING_JOBS_LOG_GROUP,
        )
        role.allow_to_be_passed_by(training.start)
        training.start.allow(["sagemaker:AddTags", "sagemaker:CreateTrainingJob"], jobs_arn)
        training.evaluate.allow(["sagemaker:DescribeTrainingJob"], jobs_arn)
        for function in (training.start, training.finish):
            function.allow(["sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"], jobs_arn)
        job = training.add_resource(
            "TrainingJob",
            {
                # As text: their names are no properties that CloudFormation should see.
                "Hyperparameters": json.dumps(settings.hyperparameters, sort_keys=True),
                "InstanceType": settings.training_instance_type,
                "InstanceCount": settings.training_instance_count,
                "Mode": settings.training_mode,
                "MaxSeconds": settings.training_max_seconds,
                "MaxTrainingWaitSeconds": GIVE_UP_TRAINING_SECONDS,
                "RoleArn": role.role_arn,
            },
        )
        job.node.add_dependency(role)
        write_parameter(self, name, "training-job", job.ref, "Training job that made the model")
        cdk.CfnOutput(self, "TrainingJobName", value=job.ref)
