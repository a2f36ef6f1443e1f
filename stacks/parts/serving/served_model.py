"""Lets a function find out which model the endpoint serves, as lambdas/deploy/models/kept.py does."""

import aws_cdk as cdk

from lambdas.workflow import places
from stacks.parts.logged import LoggedFunction
from stacks.parts.parameters import format_parameter_arn


def allow_served_model(stack: cdk.Stack, function: LoggedFunction, name: str) -> None:
    """Allows a function to look at a deployment's endpoint, its configuration and its model."""
    function.allow(["ssm:GetParameter"], format_parameter_arn(stack, name, "endpoint"))
    for action, resource, resource_name in (
        # The endpoint of either mode may serve when a deploy comes to change the mode.
        *(
            ("sagemaker:DescribeEndpoint", "endpoint", places.endpoint_name(name, mode))
            for mode in places.ENDPOINT_MODES
        ),
        # CloudFormation names these two.
        ("sagemaker:DescribeEndpointConfig", "endpoint-config", "*"),
        ("sagemaker:DescribeModel", "model", "*"),
    ):
        arn = stack.format_arn(service="sagemaker", resource=resource, resource_name=resource_name)
        function.allow([action], arn)
