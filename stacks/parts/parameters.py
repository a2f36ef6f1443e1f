"""What stacks tell one another through Parameter Store, above all the name of the bucket that they share."""

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from lambdas.workflow import places


def read_parameter(scope: Construct, name: str, which: str) -> str:
    """Returns the value of a deployment's parameter, which CloudFormation looks up at each deploy."""
    return ssm.StringParameter.value_for_string_parameter(scope, places.parameter(name, which))


def write_parameter(
    scope: Construct, name: str, which: str, value: str, description: str
) -> ssm.StringParameter:
    """Adds one of a deployment's parameters to a stack."""
    return ssm.StringParameter(
        scope,
        f"{which.title().replace('-', '')}Parameter",
        parameter_name=places.parameter(name, which),
        string_value=value,
        description=description,
    )


def format_parameter_arn(stack: cdk.Stack, name: str, which: str) -> str:
    """Returns the ARN of one of a deployment's parameters, for permissions."""
    return stack.format_arn(
        service="ssm", resource="parameter", resource_name=places.parameter(name, which).removeprefix("/")
    )


class SharedBucket:
    """The storage stack's bucket as other stacks find it.

    Attributes:
        name: Name of the bucket.
        arn: ARN of the bucket.
    """

    def __init__(self, scope: Construct, name: str) -> None:
        self.name = read_parameter(scope, name, "bucket")
        self.arn = f"arn:{cdk.Aws.PARTITION}:s3:::{self.name}"

    def arns_for_objects(self, *prefixes: str) -> list[str]:
        """Returns the ARN pattern of all objects under each prefix."""
        return [f"{self.arn}/{prefix}*" for prefix in prefixes]
