"""Training as part of a deploy: a custom resource that trains, waits, and refuses a model below the gate.

CloudFormation has no training job. The resource's function starts one and a state machine that waits for it;
the state machine's last step checks the model and answers CloudFormation.
"""

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.configuration.settings import Settings
from stacks.parts.algorithm_image import AlgorithmImage
from stacks.parts.logged_function import LoggedFunction
from stacks.parts.sagemaker_role import SageMakerRole
from stacks.parts.state_machine import LoggedStateMachine
from stacks.parts.waiting_states import GIVE_UP_SECONDS, SERVICE_TIMEOUT_SECONDS, waiting_states

LOG_GROUP = "/aws/sagemaker/TrainingJobs"


class TrainingStack(cdk.Stack):
    """The training job as a resource, and the parameters ``/{name}/model`` and ``/{name}/training-job``."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, functions: Path) -> None:
        super().__init__(scope, construct_id, description="Scones Unlimited: trains the model and checks it")
        name = settings.name
        bucket = ssm.StringParameter.value_for_string_parameter(self, f"/{name}/bucket")
        dataset = ssm.StringParameter.value_for_string_parameter(self, f"/{name}/dataset")
        bucket_arn = f"arn:{cdk.Aws.PARTITION}:s3:::{bucket}"
        jobs_arn = self.format_arn(service="sagemaker", resource="training-job", resource_name=f"{name}-*")
        image = AlgorithmImage(self, "Image")
        role = SageMakerRole(
            self,
            "Role",
            bucket=bucket,
            reads=["datasets/"],
            writes="models/",
            repository_arn=image.repository_arn,
            log_group=LOG_GROUP,
            metric_namespaces=["AWS/SageMaker", LOG_GROUP],
        )

        finish = LoggedFunction(
            self,
            "Finish",
            settings=settings,
            purpose="training-finish",
            handler="lambdas.deploy.training.finish",
            code=functions,
            memory_mb=256,
            timeout_seconds=60,
            environment={},
        )
        finish.allow(["sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"], jobs_arn)
        # A superseded model is tagged by a copy onto itself.
        finish.allow(
            ["s3:DeleteObjectTagging", "s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"],
            f"{bucket_arn}/models/*",
        )
        finish.allow(
            ["logs:DescribeLogStreams", "logs:FilterLogEvents"],
            *self._log_group_arns(),
        )
        machine = LoggedStateMachine(
            self,
            "Waiting",
            name=f"{name}-training",
            log_days=settings.log_days,
            chain=waiting_states(self, kind="Training", finish=finish, jobs_arn=jobs_arn),
            timeout=cdk.Duration.seconds(SERVICE_TIMEOUT_SECONDS),
        )

        start = LoggedFunction(
            self,
            "Start",
            settings=settings,
            purpose="training-start",
            handler="lambdas.deploy.training.start",
            code=functions,
            memory_mb=256,
            timeout_seconds=60,
            environment={"STATE_MACHINE_ARN": machine.state_machine_arn},
        )
        # Without the right to list, S3 answers "denied" for an object that is not there.
        start.allow(["s3:ListBucket"], bucket_arn)
        start.allow(["s3:GetObject"], f"{bucket_arn}/datasets/*", f"{bucket_arn}/models/*")
        start.allow(
            [
                "sagemaker:AddTags",
                "sagemaker:CreateTrainingJob",
                "sagemaker:DescribeTrainingJob",
                "sagemaker:StopTrainingJob",
            ],
            jobs_arn,
        )
        start.add_to_role_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            )
        )
        machine.grant_start_execution(start)

        job = cdk.CustomResource(
            self,
            "TrainingJob",
            service_token=start.function_arn,
            service_timeout=cdk.Duration.seconds(SERVICE_TIMEOUT_SECONDS),
            resource_type="Custom::TrainingJob",
            properties={
                "Name": name,
                "Bucket": bucket,
                "Dataset": dataset,
                "Classes": list(settings.classes),
                # As text: their names are no properties that CloudFormation should see.
                "Hyperparameters": json.dumps(settings.hyperparameters, sort_keys=True),
                "Image": image.uri,
                "RoleArn": role.role_arn,
                "InstanceType": settings.training_instance_type,
                "InstanceCount": settings.training_instance_count,
                "Mode": settings.training_mode,
                "MaxSeconds": settings.training_max_seconds,
                "MaxWaitSeconds": GIVE_UP_SECONDS,
                "AccuracyGate": str(settings.accuracy_gate),
            },
        )
        # All that the job and its answer need must be there before the job, and go after it.
        job.node.add_dependency(role, start, start.role, finish.role, machine, machine.role)

        model_url = job.get_att_string("ModelDataUrl")
        for which, value, description in (
            ("model", model_url, "Artifact of the model that passed the gate"),
            ("training-job", job.ref, "Training job that made the model"),
        ):
            ssm.StringParameter(
                self,
                f"{which.title().replace('-', '')}Parameter",
                parameter_name=f"/{name}/{which}",
                string_value=value,
                description=description,
            )
        cdk.CfnOutput(self, "TrainingJobName", value=job.ref)
        cdk.CfnOutput(self, "ValidationAccuracy", value=job.get_att_string("ValidationAccuracy"))
        cdk.CfnOutput(self, "ModelDataUrl", value=model_url)

    def _log_group_arns(self) -> list[str]:
        """CloudWatch Logs asks for permission on a group with and without the ending ``:*``."""
        group = self.format_arn(
            service="logs",
            resource="log-group",
            resource_name=LOG_GROUP,
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        return [group, f"{group}:*"]
