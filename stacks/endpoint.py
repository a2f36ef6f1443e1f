"""The SageMaker endpoint: the trained model, its configuration with data capture, and the role it runs in."""

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.configuration.settings import Settings
from stacks.parts.algorithm_image import AlgorithmImage
from stacks.parts.sagemaker_role import SageMakerRole

VARIANT = "AllTraffic"
SERVERLESS_CONCURRENCY = 5


class EndpointStack(cdk.Stack):
    """Model, endpoint configuration, endpoint, and ``/{name}/endpoint``.

    CloudFormation names model and configuration itself, so that a new model replaces both and the endpoint
    is updated to them while the old ones go on serving.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(
            scope, construct_id, description="Scones Unlimited: the endpoint that serves the model"
        )
        bucket = ssm.StringParameter.value_for_string_parameter(self, f"/{settings.name}/bucket")
        model_url = ssm.StringParameter.value_for_string_parameter(self, f"/{settings.name}/model")
        image = AlgorithmImage(self, "Image")
        role = SageMakerRole(
            self,
            "Role",
            bucket=bucket,
            reads=["models/"],
            writes="captured/",
            repository_arn=image.repository_arn,
            log_group=f"/aws/sagemaker/Endpoints/{settings.name}",
            metric_namespaces=["AWS/SageMaker", "/aws/sagemaker/Endpoints"],
        )
        model = sagemaker.CfnModel(
            self,
            "Model",
            execution_role_arn=role.role_arn,
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=image.uri, model_data_url=model_url
            ),
        )
        # SageMaker checks the role's permissions when it makes the model.
        model.node.add_dependency(role)
        config = sagemaker.CfnEndpointConfig(
            self,
            "EndpointConfig",
            production_variants=[_variant(settings, model.attr_model_name)],
            data_capture_config=_capture(bucket) if settings.endpoint_mode == "instance" else None,
        )
        endpoint = sagemaker.CfnEndpoint(
            self,
            "Endpoint",
            endpoint_name=settings.name,
            endpoint_config_name=config.attr_endpoint_config_name,
        )
        ssm.StringParameter(
            self,
            "EndpointParameter",
            parameter_name=f"/{settings.name}/endpoint",
            string_value=endpoint.attr_endpoint_name,
            description="Name of the endpoint that serves the model",
        )
        cdk.CfnOutput(self, "EndpointName", value=endpoint.attr_endpoint_name)
        cdk.CfnOutput(self, "ModelDataUrl", value=model_url)


def _variant(settings: Settings, model_name: str) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
    if settings.endpoint_mode == "serverless":
        return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
            variant_name=VARIANT,
            model_name=model_name,
            initial_variant_weight=1,
            serverless_config=sagemaker.CfnEndpointConfig.ServerlessConfigProperty(
                max_concurrency=SERVERLESS_CONCURRENCY,
                memory_size_in_mb=settings.endpoint_serverless_memory_mb,
            ),
        )
    return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
        variant_name=VARIANT,
        model_name=model_name,
        initial_variant_weight=1,
        initial_instance_count=settings.endpoint_instance_count,
        instance_type=settings.endpoint_instance_type,
    )


def _capture(bucket: str) -> sagemaker.CfnEndpointConfig.DataCaptureConfigProperty:
    """Every request and answer; answers are JSON text, pictures base64 as all that is not listed."""
    return sagemaker.CfnEndpointConfig.DataCaptureConfigProperty(
        enable_capture=True,
        initial_sampling_percentage=100,
        destination_s3_uri=f"s3://{bucket}/captured",
        capture_options=[
            sagemaker.CfnEndpointConfig.CaptureOptionProperty(capture_mode=mode)
            for mode in ("Input", "Output")
        ],
        capture_content_type_header=sagemaker.CfnEndpointConfig.CaptureContentTypeHeaderProperty(
            json_content_types=["application/json"]
        ),
    )
