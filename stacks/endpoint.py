"""The SageMaker endpoint: how the trained model is served and updated, and the switch that takes it away."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from lambdas.workflow import places
from stacks.configuration.endpoint import SERVERLESS_CONCURRENCY, format_endpoint_settings, scales
from stacks.configuration.settings import Settings
from stacks.parts.algorithm_container import AlgorithmImage, SageMakerRole
from stacks.parts.function_asset import FunctionAsset
from stacks.parts.logged import LoggedFunction
from stacks.parts.parameters import SharedBucket, read_parameter, write_parameter
from stacks.parts.serving.deployment_policy import UpdateAlarms, set_condition
from stacks.parts.serving.scaling import add_scaling
from stacks.parts.serving.schedule import add_schedule

SWITCH = "EndpointSwitch"
"""The parameter that switches the endpoint: the CDK CLI keeps its value from deploy to deploy."""


class EndpointStack(cdk.Stack):
    """Model, endpoint configuration, endpoint, and the parameters that lead to them.

    They are ``/{name}/endpoint``, ``/{name}/endpoint-config`` and ``/{name}/endpoint-switch``.

    CloudFormation names model and configuration itself, so that a new model replaces both and the endpoint
    is updated to them while the old ones go on serving.

    SageMaker takes no endpoint from instances to serverless. So each mode has an endpoint of its own:
    CloudFormation makes the new one, and then removes the other.

    Where the endpoint is switched off, it and what only exists with it are not there; model and configuration
    are, and cost nothing.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, settings: Settings, functions: FunctionAsset
    ) -> None:
        super().__init__(
            scope, construct_id, description="Scones Unlimited: the endpoint that serves the model"
        )
        name = settings.name
        serverless = settings.endpoint_mode == "serverless"
        endpoint_name = places.endpoint_name(name, settings.endpoint_mode)
        variant = places.name_variant(settings.model_classes)
        bucket = SharedBucket(self, name)
        model_url = read_parameter(self, name, "model")
        exists = self._add_switch(settings)
        image = AlgorithmImage(self, "Image")
        role = SageMakerRole(
            self,
            "Role",
            bucket=bucket,
            reads=[places.MODELS],
            writes=places.CAPTURED,
            image=image,
            log_group=places.endpoint_log_group(endpoint_name),
            metric_namespace=places.ENDPOINTS_LOG_GROUP,
        )
        model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=role.role_arn,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=image.uri, model_data_url=model_url
            ),
            # The model may be anybody's file. Serverless inference does not support the isolation.
            enable_network_isolation=None if serverless else True,
        )
        # SageMaker checks the role's permissions when it makes the model.
        model.node.add_dependency(role)
        config = sagemaker.CfnEndpointConfig(
            self,
            "EndpointConfig",
            production_variants=[_build_variant(settings, model.attr_model_name)],
            data_capture_config=None if serverless else _capture_everything(bucket.name),
        )
        endpoint = sagemaker.CfnEndpoint(
            self,
            "ServerlessEndpoint" if serverless else "Endpoint",
            endpoint_name=endpoint_name,
            endpoint_config_name=config.attr_endpoint_config_name,
        )
        endpoint.cfn_options.condition = exists

        change = self._add_change_function(settings, functions, endpoint_name)
        told = {
            "EndpointName": endpoint_name,
            "EndpointConfigName": config.attr_endpoint_config_name,
            "ModelDataUrl": model_url,
            "AlarmNames": "",
        }
        if not serverless:
            alarms = UpdateAlarms(self, exists=exists, endpoint=endpoint_name, variant=variant, config=config)
            # To tell of alarms by their names takes the right to look at all: CloudWatch asks for alarm:*.
            alarms_arn = self.format_arn(
                service="cloudwatch",
                resource="alarm",
                resource_name="*",
                arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
            )
            role.add_to_policy(
                iam.PolicyStatement(actions=["cloudwatch:DescribeAlarms"], resources=[alarms_arn])
            )
            change.allow(["cloudwatch:DescribeAlarms"], alarms_arn)
            endpoint.deployment_config = alarms.build_policy(settings)
            told["AlarmNames"] = cdk.Fn.join(",", list(alarms.names))
            asked = {"VariantName": variant, "InstanceType": settings.endpoint_instance_type}
            allowed = change.add_resource("EndpointUpdate", answer_seconds=900, properties=told | asked)
            set_condition(allowed, exists)
            endpoint.node.add_dependency(allowed)
        confirmed = change.add_resource("ServedConfiguration", answer_seconds=900, properties=told)
        set_condition(confirmed, exists)
        confirmed.node.add_dependency(endpoint)
        if scales(settings):
            # Autoscaling's number of instances stays; what is captured is as the settings say.
            endpoint.retain_all_variant_properties = True
            endpoint.exclude_retained_variant_properties = [
                sagemaker.CfnEndpoint.VariantPropertyProperty(variant_property_type="DataCaptureConfig")
            ]
            add_scaling(
                self,
                settings=settings,
                exists=exists,
                endpoint=endpoint,
                endpoint_name=endpoint_name,
                variant=variant,
            )
        if settings.endpoint_schedule:
            add_schedule(
                self,
                settings=settings,
                functions=functions,
                stack=construct_id,
                parameter=SWITCH,
                reads=("bucket", "model"),
            )

        # Until the endpoint serves what it is to, the former values are right; the answer brings the new.
        for which, attribute, otherwise, description in (
            ("endpoint", "EndpointName", endpoint_name, "Name of the endpoint that serves the model"),
            (
                "endpoint-config",
                "EndpointConfigName",
                config.attr_endpoint_config_name,
                "Name of the endpoint configuration that the endpoint is to serve",
            ),
            ("endpoint-switch", "Switch", places.SWITCH_OFF, "Whether there is an endpoint: on or off"),
        ):
            answered = confirmed.get_att_string(attribute)
            value = cdk.Fn.condition_if(exists.logical_id, answered, otherwise).to_string()
            write_parameter(self, name, which, value, description)
        cdk.CfnOutput(self, "EndpointName", value=endpoint_name)
        cdk.CfnOutput(self, "EndpointSettings", value=format_endpoint_settings(settings))
        cdk.CfnOutput(self, "ModelDataUrl", value=model_url)

    def _add_switch(self, settings: Settings) -> cdk.CfnCondition:
        """Adds the parameter that switches the endpoint; returns the condition that it is on."""
        switch = cdk.CfnParameter(
            self,
            SWITCH,
            default=places.SWITCH_AS_SET,
            allowed_values=[places.SWITCH_AS_SET, places.SWITCH_ON, places.SWITCH_OFF],
            description="Whether there is an endpoint; python -m console endpoint off, on sets it",
        ).value_as_string
        if settings.endpoint_mode == "off":
            expression = cdk.Fn.condition_equals(switch, places.SWITCH_ON)
        else:
            expression = cdk.Fn.condition_not(cdk.Fn.condition_equals(switch, places.SWITCH_OFF))
        return cdk.CfnCondition(self, "EndpointIsOn", expression=expression)

    def _add_change_function(
        self, settings: Settings, functions: FunctionAsset, endpoint_name: str
    ) -> LoggedFunction:
        """Adds the function that looks at an update of the endpoint before it and after it."""
        function = LoggedFunction(
            self,
            "Change",
            settings=settings,
            purpose="endpoint-change",
            handler="lambdas.deploy.serving.endpoint_change.handler",
            code=functions,
            memory_mb=256,
            timeout_seconds=300,
        )
        # CloudFormation names configurations and models.
        for kind, resource, resource_name in (
            ("Endpoint", "endpoint", endpoint_name),
            ("EndpointConfig", "endpoint-config", "*"),
            ("Model", "model", "*"),
        ):
            arn = self.format_arn(service="sagemaker", resource=resource, resource_name=resource_name)
            function.allow([f"sagemaker:Describe{kind}"], arn)
        # The action knows no resources.
        function.allow(["application-autoscaling:DescribeScalableTargets"], "*")
        return function


def _build_variant(
    settings: Settings, model_name: str
) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
    serverless = settings.endpoint_mode == "serverless"
    return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
        variant_name=places.name_variant(settings.model_classes),
        model_name=model_name,
        initial_variant_weight=1,
        initial_instance_count=None if serverless else settings.endpoint_min_instances,
        instance_type=None if serverless else settings.endpoint_instance_type,
        serverless_config=sagemaker.CfnEndpointConfig.ServerlessConfigProperty(
            max_concurrency=SERVERLESS_CONCURRENCY,
            memory_size_in_mb=settings.endpoint_serverless_memory_mb,
        )
        if serverless
        else None,
    )


def _capture_everything(bucket: str) -> sagemaker.CfnEndpointConfig.DataCaptureConfigProperty:
    """Captures every request and answer: JSON as text, all that is not listed, pictures too, in base64."""
    return sagemaker.CfnEndpointConfig.DataCaptureConfigProperty(
        enable_capture=True,
        initial_sampling_percentage=100,
        destination_s3_uri=places.s3_uri(bucket, places.CAPTURED.removesuffix("/")),
        capture_options=[
            sagemaker.CfnEndpointConfig.CaptureOptionProperty(capture_mode=mode)
            for mode in ("Input", "Output")
        ],
        capture_content_type_header=sagemaker.CfnEndpointConfig.CaptureContentTypeHeaderProperty(
            json_content_types=["application/json"]
        ),
    )
