"""A given model artifact in place of training: a custom resource that has it evaluated and refuses it below
the gate.

The evaluation is a batch transform of the staged validation split by the container that will serve. As in
training, a function starts it and a state machine waits; its last step checks and answers CloudFormation.
"""

from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3_assets as s3_assets
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.configuration.artifact_file import check_artifact
from stacks.configuration.settings import Settings
from stacks.parts.algorithm_image import AlgorithmImage
from stacks.parts.logged_function import LoggedFunction
from stacks.parts.sagemaker_role import SageMakerRole
from stacks.parts.state_machine import LoggedStateMachine
from stacks.parts.waiting_states import GIVE_UP_SECONDS, SERVICE_TIMEOUT_SECONDS, waiting_states

LOG_GROUP = "/aws/sagemaker/TransformJobs"
S3_SCHEME = "s3://"


class ArtifactStack(cdk.Stack):
    """The given model as a resource, and the parameter ``/{name}/model``.

    It stands in for the training stack, under its name: the parameter has one owner, and either stack is an
    update of the other. What both have beside it bears other ids, so that the one's can be made before the
    other's are removed.

    Raises:
        SettingError: ``model_artifact`` is a path, and what is there is no model artifact.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings, functions: Path) -> None:
        super().__init__(
            scope, construct_id, description="Scones Unlimited: takes a given model and checks it"
        )
        name = settings.name
        bucket = ssm.StringParameter.value_for_string_parameter(self, f"/{name}/bucket")
        dataset = ssm.StringParameter.value_for_string_parameter(self, f"/{name}/dataset")
        bucket_arn = f"arn:{cdk.Aws.PARTITION}:s3:::{bucket}"
        jobs_arn, models_arn = (
            self.format_arn(service="sagemaker", resource=resource, resource_name=f"{name}-evaluation-*")
            for resource in ("transform-job", "model")
        )
        source_bucket, source_key = self._source(settings.model_artifact)
        source_arn = f"arn:{cdk.Aws.PARTITION}:s3:::{source_bucket}/{source_key}"
        image = AlgorithmImage(self, "Image")
        role = SageMakerRole(
            self,
            "EvaluationRole",
            bucket=bucket,
            reads=["datasets/", "models/"],
            writes="evaluations/",
            repository_arn=image.repository_arn,
            log_group=LOG_GROUP,
            metric_namespaces=["AWS/SageMaker", LOG_GROUP],
        )

        finish = LoggedFunction(
            self,
            "ArtifactFinish",
            settings=settings,
            purpose="artifact-finish",
            handler="lambdas.deploy.artifact.finish",
            code=functions,
            memory_mb=512,
            timeout_seconds=300,
            environment={},
        )
        finish.allow(["sagemaker:DescribeTransformJob", "sagemaker:StopTransformJob"], jobs_arn)
        finish.allow(["sagemaker:DeleteModel"], models_arn)
        finish.allow(["s3:ListBucket"], bucket_arn)
        finish.allow(["s3:GetObject"], f"{bucket_arn}/datasets/*", f"{bucket_arn}/evaluations/*")
        # A superseded model is tagged by a copy onto itself.
        finish.allow(
            ["s3:DeleteObjectTagging", "s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"],
            f"{bucket_arn}/models/*",
        )
        machine = LoggedStateMachine(
            self,
            "EvaluationWaiting",
            name=f"{name}-evaluation",
            log_days=settings.log_days,
            chain=waiting_states(self, kind="Transform", finish=finish, jobs_arn=jobs_arn),
            timeout=cdk.Duration.seconds(SERVICE_TIMEOUT_SECONDS),
        )

        start = LoggedFunction(
            self,
            "ArtifactStart",
            settings=settings,
            purpose="artifact-start",
            handler="lambdas.deploy.artifact.start",
            code=functions,
            memory_mb=256,
            timeout_seconds=300,
            environment={"STATE_MACHINE_ARN": machine.state_machine_arn},
        )
        # Without the right to list, S3 answers "denied" for an object that is not there.
        start.allow(["s3:ListBucket"], bucket_arn)
        start.allow(
            ["s3:GetObject"],
            f"{bucket_arn}/datasets/*",
            f"{bucket_arn}/models/*",
            source_arn,
        )
        start.allow(["s3:PutObject"], f"{bucket_arn}/models/*")
        start.allow(["sagemaker:AddTags", "sagemaker:CreateModel", "sagemaker:DeleteModel"], models_arn)
        start.allow(
            ["sagemaker:AddTags", "sagemaker:CreateTransformJob", "sagemaker:DescribeTransformJob"], jobs_arn
        )
        start.add_to_role_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            )
        )
        machine.grant_start_execution(start)

        model = cdk.CustomResource(
            self,
            "ModelArtifact",
            service_token=start.function_arn,
            service_timeout=cdk.Duration.seconds(SERVICE_TIMEOUT_SECONDS),
            resource_type="Custom::ModelArtifact",
            properties={
                "Name": name,
                "Bucket": bucket,
                "Dataset": dataset,
                "Classes": list(settings.classes),
                "ArtifactBucket": source_bucket,
                "ArtifactKey": source_key,
                "Image": image.uri,
                "RoleArn": role.role_arn,
                "InstanceType": settings.evaluation_instance_type,
                "AccuracyGate": str(settings.accuracy_gate),
                "MaxWaitSeconds": GIVE_UP_SECONDS,
            },
        )
        # All that the evaluation and its answer need must be there before it, and go after it.
        model.node.add_dependency(role, start, start.role, finish.role, machine, machine.role)

        model_url = model.get_att_string("ModelDataUrl")
        ssm.StringParameter(
            self,
            "ModelParameter",
            parameter_name=f"/{name}/model",
            string_value=model_url,
            description="Artifact of the model that passed the gate",
        )
        cdk.CfnOutput(self, "ValidationAccuracy", value=model.get_att_string("ValidationAccuracy"))
        cdk.CfnOutput(self, "ModelDataUrl", value=model_url)

    def _source(self, model_artifact: str) -> tuple[str, str]:
        """Returns bucket and key of the artifact; the CDK CLI uploads a file of this machine."""
        if model_artifact.startswith(S3_SCHEME):
            bucket, _, key = model_artifact.removeprefix(S3_SCHEME).partition("/")
            return bucket, key
        check_artifact(Path(model_artifact))
        asset = s3_assets.Asset(self, "Artifact", path=model_artifact)
        return asset.s3_bucket_name, asset.s3_object_key
