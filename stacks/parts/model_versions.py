"""Where models that passed are registered, so that one can be gone back to, and which one is asked for."""

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker

from lambdas.workflow import places
from stacks.configuration.settings import Settings
from stacks.parts.function_asset import FunctionAsset
from stacks.parts.logged import LoggedFunction


class ModelVersions:
    """The group of the deployment's name in the Model Registry, and the parameter ``ModelVersion``.

    Attributes:
        wanted: The value of the parameter: ``latest``, or a version's number.
        emptied: The custom resource after which all is there, and before which the model's resource goes.
    """

    def __init__(self, stack: cdk.Stack, *, settings: Settings, functions: FunctionAsset) -> None:
        name = settings.name
        parameter = cdk.CfnParameter(
            stack,
            "ModelVersion",
            default=places.LATEST,
            allowed_pattern=f"{places.LATEST}|[1-9][0-9]{{0,8}}",
            constraint_description=f"must be {places.LATEST} or the number of a version",
            description="The version of the model to serve; python -m console models use sets it",
        )
        self.wanted = parameter.value_as_string
        group = sagemaker.CfnModelPackageGroup(
            stack,
            "ModelVersions",
            model_package_group_name=name,
            model_package_group_description="The models of Scones Unlimited that passed the gate",
        )
        self._group_arn, self._packages_arn = (
            stack.format_arn(service="sagemaker", resource=kind, resource_name=resource_name)
            for kind, resource_name in (("model-package-group", name), ("model-package", f"{name}/*"))
        )
        function = LoggedFunction(
            stack,
            "Versions",
            settings=settings,
            purpose="versions",
            handler="lambdas.deploy.versions.handler",
            code=functions,
            memory_mb=256,
            # It may try for a minute until IAM knows its permissions, and deletes one after the other.
            timeout_seconds=300,
        )
        self._allow_listing(function)
        function.allow(["sagemaker:DeleteModelPackage"], self._packages_arn)
        self.emptied = function.add_resource(
            "EmptiedModelVersions", answer_seconds=1200, properties={"Name": name}
        )
        self.emptied.node.add_dependency(group)

    def allow_reading(self, function: LoggedFunction) -> None:
        """Allows a function to list and look at the versions."""
        self._allow_listing(function)
        function.allow(["sagemaker:DescribeModelPackage"], self._packages_arn)

    def allow_registering(self, function: LoggedFunction) -> None:
        """Allows a function to register models."""
        self.allow_reading(function)
        function.allow(["sagemaker:CreateModelPackage"], self._group_arn, self._packages_arn)
        function.allow(["sagemaker:UpdateModelPackage"], self._packages_arn)

    def _allow_listing(self, function: LoggedFunction) -> None:
        # AWS's documents name either as what a list is about.
        function.allow(["sagemaker:ListModelPackages"], self._group_arn, self._packages_arn)
