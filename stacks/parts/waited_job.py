"""A model that is trained or given, as a resource of a stack: it is evaluated, and refused below the gate.

One function takes CloudFormation's request, a state machine waits, another function has the model evaluated,
and a third checks it and answers CloudFormation. The CDK's ``Provider`` is not used, because its waiter runs
two functions, one of them in Node.js, for each look at a job: this state machine looks by itself, shows in
the console how the job stands, and gets to the step that answers whatever fails on the way.
"""

from collections.abc import Mapping
from typing import Any, Literal

import aws_cdk as cdk

from lambdas.workflow import places
from stacks.configuration.settings import AUTO, Settings
from stacks.parts.algorithm_container import AlgorithmImage, SageMakerRole
from stacks.parts.function_asset import FunctionAsset
from stacks.parts.logged import LoggedFunction, LoggedStateMachine
from stacks.parts.model_versions import ModelVersions
from stacks.parts.parameters import SharedBucket, read_parameter, write_parameter
from stacks.parts.serving.served_model import allow_served_model
from stacks.parts.waiting_states import GIVE_UP_SECONDS, SERVICE_TIMEOUT_SECONDS, build_waiting_states

# Each may try for a minute until IAM knows its permissions, and copy or read a good deal after that.
FUNCTION_SECONDS = 300


class WaitedJob:
    """What every such resource consists of; the stack adds what only its way to a model needs.

    Attributes:
        bucket: The bucket with data and models.
        image: The algorithm's image.
        start: The function that takes CloudFormation's request and sees to it that there is a model.
        evaluate: The function that has the model evaluated.
        finish: The function that checks the model and answers.
    """

    def __init__(
        self,
        stack: cdk.Stack,
        *,
        settings: Settings,
        functions: FunctionAsset,
        module: Literal["training", "artifact"],
        machine: str,
        function_ids: str,
        machine_ids: str,
        training_jobs_arn: str | None,
    ) -> None:
        """Makes the evaluation's role, the functions, and the state machine between them.

        All belong to the stack itself, and the ids of functions and state machine must not change: their
        names are fixed, so that CloudFormation could not make one of another id beside the old one.

        Args:
            stack: The stack.
            settings: All settings.
            functions: The functions' asset.
            module: Module of ``lambdas.deploy`` with ``start``, ``evaluate`` and ``finish``.
            machine: Last part of the state machine's name.
            function_ids: Prefix of the construct ids of the functions, and of the evaluation's role.
            machine_ids: Prefix of the construct ids of the state machine.
            training_jobs_arn: ARN pattern of the training jobs; None where nothing trains.
        """
        self._stack, self._settings = stack, settings
        self.bucket = SharedBucket(stack, settings.name)
        self.image = AlgorithmImage(stack, "Image")
        self._role = SageMakerRole(
            stack,
            f"{function_ids}EvaluationRole",
            bucket=self.bucket,
            reads=[places.DATASETS, places.MODELS],
            writes=places.EVALUATIONS,
            image=self.image,
            log_group=places.TRANSFORM_JOBS_LOG_GROUP,
            metric_namespace=places.TRANSFORM_JOBS_LOG_GROUP,
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
                timeout_seconds=FUNCTION_SECONDS,
                environment=environment,
            )

        self.evaluate, self.finish = function("evaluate", 256), function("finish", 512)
        transform_jobs_arn = stack.format_arn(
            service="sagemaker",
            resource="transform-job",
            resource_name=places.job_name(settings.name, "evaluation-*"),
        )
        self._machine = LoggedStateMachine(
            stack,
            f"{machine_ids}Waiting",
            name=f"{settings.name}-{machine}",
            log_days=settings.log_days,
            chain=build_waiting_states(
                stack,
                evaluate=self.evaluate,
                finish=self.finish,
                training_jobs_arn=training_jobs_arn,
                transform_jobs_arn=transform_jobs_arn,
            ),
            timeout=cdk.Duration.seconds(SERVICE_TIMEOUT_SECONDS),
        )
        self.start = function("start", 256, {"STATE_MACHINE_ARN": self._machine.state_machine_arn})
        # Without the right to list, S3 answers "denied" for an object that is not there.
        self.start.allow(["s3:ListBucket"], self.bucket.arn)
        read_by_start = (places.DATASETS, places.VERDICTS, places.VALIDATIONS)
        self.start.allow(["s3:GetObject"], *self.bucket.arns_for_objects(*read_by_start))
        executions_arn = stack.format_arn(
            service="states",
            resource="execution",
            resource_name=f"{settings.name}-{machine}:*",
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        self.start.allow(["states:DescribeExecution", "states:StopExecution"], executions_arn)
        self.start.allow(["states:ListExecutions"], self._machine.state_machine_arn)
        self.evaluate.allow(["states:DescribeExecution"], executions_arn)
        self.finish.allow(["s3:ListBucket"], self.bucket.arn)
        read_by_finish = (places.DATASETS, places.EVALUATIONS, places.VALIDATIONS)
        self.finish.allow(["s3:GetObject"], *self.bucket.arns_for_objects(*read_by_finish))
        kept = self.bucket.arns_for_objects(places.VERDICTS, places.VALIDATIONS)
        self.finish.allow(["s3:PutObject"], *kept)
        self._allow_evaluating(transform_jobs_arn)
        self._allow_keeping_models()
        self._versions = ModelVersions(stack, settings=settings, functions=functions)
        for step in (self.start, self.finish):
            self._versions.allow_registering(step)

    def add_resource(self, construct_id: str, properties: Mapping[str, Any]) -> cdk.CustomResource:
        """Adds the custom resource, what it needs, three parameters of Parameter Store, and two outputs.

        The parameters are ``/{name}/model``, ``/{name}/model-dataset`` and ``/{name}/model-version``. With a
        threshold that is to be proved the resource has its target, and refuses a model for which none is.

        Args:
            construct_id: Id in the stack, and name of the resource's type.
            properties: What this way to a model needs beside what all of them do.
        """
        self._machine.grant_start_execution(self.start)
        stack, settings, name = self._stack, self._settings, self._settings.name
        target = {
            "RoutedErrorTarget": str(settings.routed_error_target),
            "RoutedErrorConfidence": str(settings.routed_error_confidence),
        }
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
                "Classes": list(settings.model_classes),
                "Image": self.image.uri,
                "EvaluationInstanceType": settings.evaluation_instance_type,
                "EvaluationRoleArn": self._role.role_arn,
                "AccuracyGate": str(settings.accuracy_gate),
                "MaxWaitSeconds": GIVE_UP_SECONDS,
                "ModelVersion": self._versions.wanted,
                **({"OtherClass": settings.other_class} if settings.other_class else {}),
                **(target if settings.confidence_threshold == AUTO else {}),
                **properties,
            },
        )
        # All that the jobs and the answer need must be there before them, and go after them.
        functions = (self.start, self.evaluate, self.finish)
        resource.node.add_dependency(
            self._role,
            *functions,
            *(function.role for function in functions),
            self._machine,
            self._machine.role,
            self._versions.emptied,
        )
        model_url = resource.get_att_string("ModelDataUrl")
        write_parameter(stack, name, "model", model_url, "Artifact of the model that passed the gate")
        description = "Data set by whose validation split that model was judged"
        write_parameter(stack, name, "model-dataset", resource.get_att_string("Dataset"), description)
        wanted = f'{{"version": "{self._versions.wanted}", "accuracy_gate": {settings.accuracy_gate}}}'
        description = "Version of the model that is asked for, and the gate that each has to pass, as JSON"
        told = write_parameter(stack, name, "model-version", wanted, description)
        # Until the resource has taken it, the former one is right.
        told.node.add_dependency(resource)
        cdk.CfnOutput(stack, "ValidationAccuracy", value=resource.get_att_string("ValidationAccuracy"))
        cdk.CfnOutput(stack, "ModelDataUrl", value=model_url)
        return resource

    def _allow_evaluating(self, transform_jobs_arn: str) -> None:
        """Allows one function to start evaluations, and all to end them."""
        models_arn = self._stack.format_arn(
            service="sagemaker",
            resource="model",
            resource_name=places.job_name(self._settings.name, "evaluation-*"),
        )
        self.evaluate.allow(["sagemaker:AddTags", "sagemaker:CreateModel"], models_arn)
        self.evaluate.allow(["sagemaker:AddTags", "sagemaker:CreateTransformJob"], transform_jobs_arn)
        self._role.allow_to_be_passed_by(self.evaluate)
        for function in (self.start, self.evaluate, self.finish):
            function.allow(["sagemaker:DeleteModel"], models_arn)
            function.allow(
                ["sagemaker:DescribeTransformJob", "sagemaker:StopTransformJob"], transform_jobs_arn
            )

    def _allow_keeping_models(self) -> None:
        """Allows what is needed to tag the models for removal that neither serve nor are about to."""
        for function in (self.start, self.finish):
            # A model is tagged by a copy onto itself.
            function.allow(
                [
                    "s3:DeleteObjectTagging",
                    "s3:GetObject",
                    "s3:GetObjectTagging",
                    "s3:PutObject",
                    "s3:PutObjectTagging",
                ],
                *self.bucket.arns_for_objects(places.MODELS),
            )
            allow_served_model(self._stack, function, self._settings.name)
