"""The SageMaker endpoint: the trained model, its configuration with data capture, and the role it runs in."""

import aws_cdk as cdk
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from lambdas.workflow import places
from stacks.configuration.settings import Settings
from stacks.parts.algorithm_container import AlgorithmImage, SageMakerRole
from stacks.parts.parameters import SharedBucket, read_parameter, write_parameter

SERVERLESS_CONCURRENCY = 5


class EndpointStack(cdk.Stack):
    """Model, endpoint configuration, endpoint, ``/{name}/endpoint`` and ``/{name}/endpoint-config``.

    CloudFormation names model and configuration itself, so that a new model replaces both and the endpoint
    is updated to them while the old ones go on serving.

    SageMaker takes no endpoint from instances to serverless. So each mode has an endpoint of its own:
    CloudFormation makes the new one, and then removes the other.
    """

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(
            scope, construct_id, description="Scones Unlimited: the endpoint that serves the model"
        )
        name = settings.name
        serverless = settings.endpoint_mode == "serverless"
        endpoint_name = places.endpoint_name(name, settings.endpoint_mode)
        bucket = SharedBucket(self, name)
        model_url = read_parameter(self, name, "model")
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
        write_parameter(
            self, name, "endpoint", endpoint.attr_endpoint_name, "Name of the endpoint that serves the model"
        )
        description = "Name of the endpoint configuration that the endpoint is to serve"
        told = write_parameter(self, name, "endpoint-config", config.attr_endpoint_config_name, description)
        # Until the endpoint serves it, the former one is right.
        told.node.add_dependency(endpoint)
        cdk.CfnOutput(self, "EndpointName", value=endpoint.attr_endpoint_name)
        cdk.CfnOutput(self, "ModelDataUrl", value=model_url)


def _build_variant(
    settings: Settings, model_name: str
) -> sagemaker.CfnEndpointConfig.ProductionVariantProperty:
    serverless = settings.endpoint_mode == "serverless"
    return sagemaker.CfnEndpointConfig.ProductionVariantProperty(
        variant_name=places.name_variant(settings.classes),
        model_name=model_name,
        initial_variant_weight=1,
        initial_instance_count=None if serverless else settings.endpoint_instance_count,
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
