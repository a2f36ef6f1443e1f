"""A model that a SageMaker job makes or evaluates, as a resource of a stack.

A function starts the job, a state machine waits for it, and its last step, another function, checks the model
and answers CloudFormation. The CDK's ``Provider`` is not used, because its waiter runs two functions, one of
them in Node.js, for each look at a job: this state machine looks by itself, shows in the console how the job
stands, and gets to the step that answers whatever fails on the way.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from lambdas.workflow import places
from stacks.configuration.settings import Settings
from stacks.parts.algorithm_container import AlgorithmImage, SageMakerRole
from stacks.parts.function_asset import FunctionAsset
from stacks.parts.logged import LoggedFunction, LoggedStateMachine
from stacks.parts.parameters import SharedBucket, read_parameter, write_parameter
from stacks.parts.waiting_states import GIVE_UP_SECONDS, SERVICE_TIMEOUT_SECONDS, build_waiting_states

# Their metrics' namespaces as well.
_LOG_GROUPS = {"Training": places.TRAINING_JOBS_LOG_GROUP, "Transform": places.TRANSFORM_JOBS_LOG_GROUP}


class WaitedJob:
    """What every such resource consists of; the stack adds the permissions that its kind of job needs.

    Attributes:
        bucket: The bucket with data and models.
        start: The function that takes CloudFormation's request and starts the job.
        finish: The function that checks the model and answers.
    """

    def __init__(
        self,
        stack: cdk.Stack,
        *,
        settings: Settings,
        functions: FunctionAsset,
        kind: Literal["Training", "Transform"],
        job: str,
        job_ids: str,
        jobs_arn: str,
        reads: Sequence[str],
        writes: str,
        module: str,
        function_ids: str,
        finish_memory_mb: int,
        timeout_seconds: int,
    ) -> None:
        """Makes the job's role, the functions, and the state machine between them.

        All belong to the stack itself, and their ids must not change: names are fixed, so that CloudFormation
        could not make a resource of another id beside the old one.

        Args:
            stack: The stack.
            settings: All settings.
            functions: The functions' asset.
            kind: The kind of job, as SageMaker's API names it.
            job: Last part of the state machine's name.
            job_ids: Prefix of the construct ids of role and state machine.
            jobs_arn: ARN pattern of the jobs.
            reads: Prefixes of the bucket that the job reads.
            writes: Prefix of the bucket that the job writes to.
            module: Module of ``lambdas.deploy`` with ``start`` and ``finish``.
            function_ids: Prefix of the construct ids of the functions.
            finish_memory_mb: Memory of the function that checks the model.
            timeout_seconds: Longest run of either function.
        """
        self._stack, self._settings = stack, settings
        self.bucket = SharedBucket(stack, settings.name)
        self._image = AlgorithmImage(stack, "Image")
        self._role = SageMakerRole(
            stack,
            f"{job_ids}Role",
            bucket=self.bucket,
            reads=reads,
            writes=writes,
            image=self._image,
            log_group=_LOG_GROUPS[kind],
            metric_namespace=_LOG_GROUPS[kind],
        )

        def function(step: str, memory_mb: int, environment: dict[str, str] | None = None) -> LoggedFunction:
            return LoggedFunction(
                stack,
                f"{function_ids}{step.title()}",
                settings=settings,
                purpose=f"{module}-{step}",
                handler=f"lambdas.deploy.{module}.{step}",
                code=functions,
                memory_mb=memory_mb,
                timeout_seconds=timeout_seconds,
                environment=environment,
            )

        self.finish = function("finish", finish_memory_mb)
        self.finish.allow([f"sagemaker:Describe{kind}Job", f"sagemaker:Stop{kind}Job"], jobs_arn)
        self._machine = LoggedStateMachine(
            stack,
            f"{job_ids}Waiting",
            name=f"{settings.name}-{job}",
            log_days=settings.log_days,
            chain=build_waiting_states(stack, kind=kind, finish=self.finish, jobs_arn=jobs_arn),
            timeout=cdk.Duration.seconds(SERVICE_TIMEOUT_SECONDS),
        )
        self.start = function("start", 256, {"STATE_MACHINE_ARN": self._machine.state_machine_arn})
        # Without the right to list, S3 answers "denied" for an object that is not there.
        self.start.allow(["s3:ListBucket"], self.bucket.arn)
        self.start.allow(["s3:GetObject"], *self.bucket.arns_for_objects(places.DATASETS, places.MODELS))

    def add_resource(self, construct_id: str, properties: Mapping[str, Any]) -> cdk.CustomResource:
        """Adds the custom resource, what it needs, the parameter ``/{name}/model`` and two outputs.

        Args:
            construct_id: Id in the stack, and name of the resource's type.
            properties: What this kind of job needs beside what all of them do.
        """
        # A superseded model is tagged by a copy onto itself.
        self.finish.allow(
            ["s3:DeleteObjectTagging", "s3:GetObject", "s3:PutObject", "s3:PutObjectTagging"],
            *self.bucket.arns_for_objects(places.MODELS),
        )
        self.start.add_to_role_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[self._role.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
            )
        )
        self._machine.grant_start_execution(self.start)
        stack, settings, name = self._stack, self._settings, self._settings.name
        resource = cdk.CustomResource(
            stack,
            construct_id,
            service_token=self.start.function_arn,
            service_timeout=cdk.Duration.seconds(SERVICE_TIMEOUT_SECONDS),
            resource_type=f"Custom::{construct_id}",
            properties={
                "Name": name,
                "Bucket": self.bucket.name,
                "Dataset": read_parameter(stack, name, "dataset"),
                "Classes": list(settings.classes),
                "Image": self._image.uri,
                "RoleArn": self._role.role_arn,
                "AccuracyGate": str(settings.accuracy_gate),
                "MaxWaitSeconds": GIVE_UP_SECONDS,
                **properties,
            },
        )
        # All that the job and its answer need must be there before the job, and go after it.
        resource.node.add_dependency(
            self._role, self.start, self.start.role, self.finish.role, self._machine, self._machine.role
        )
        model_url = resource.get_att_string("ModelDataUrl")
        write_parameter(stack, name, "model", model_url, "Artifact of the model that passed the gate")
        cdk.CfnOutput(stack, "ValidationAccuracy", value=resource.get_att_string("ValidationAccuracy"))
        cdk.CfnOutput(stack, "ModelDataUrl", value=model_url)
        return resource
