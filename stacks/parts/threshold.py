"""The threshold of the confidence filter: the number that is set, or the recommended one."""

from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from stacks.configuration.settings import AUTO, Settings
from stacks.parts.logged_function import LoggedFunction

FUNCTION_SECONDS = 900


@dataclass(frozen=True)
class Threshold:
    """A threshold, as the template has it.

    Attributes:
        value: The number as text.
        source: Where it comes from, in a line.
    """

    value: str
    source: str


def threshold_of(
    scope: Construct, *, settings: Settings, functions: Path, bucket: str, endpoint_arn: str
) -> Threshold:
    """Returns the threshold that the settings ask for.

    For ``auto`` it is the attribute of a custom resource, whose function has the endpoint answer for the
    validation split. CloudFormation calls it when one of the properties differs from the last deploy's.

    Args:
        scope: The stack that the custom resource belongs to.
        settings: All settings.
        functions: Folder of the functions' asset.
        bucket: Name of the bucket with the data set.
        endpoint_arn: The endpoint, in service before this stack.
    """
    if settings.confidence_threshold != AUTO:
        return Threshold(str(settings.confidence_threshold), "set by confidence_threshold")
    name = settings.name
    dataset = ssm.StringParameter.value_for_string_parameter(scope, f"/{name}/dataset")
    model_url = ssm.StringParameter.value_for_string_parameter(scope, f"/{name}/model")
    bucket_arn = f"arn:{cdk.Aws.PARTITION}:s3:::{bucket}"
    function = LoggedFunction(
        scope,
        "Threshold",
        settings=settings,
        purpose="threshold",
        handler="lambdas.deploy.threshold.handler",
        code=functions,
        memory_mb=512,
        timeout_seconds=FUNCTION_SECONDS,
        environment={"ENDPOINT_NAME": name, "CLASSES": ",".join(settings.classes)},
    )
    # Without the right to list, S3 answers "denied" for a photo that is not there.
    function.allow(["s3:ListBucket"], bucket_arn)
    function.allow(["s3:GetObject"], f"{bucket_arn}/datasets/*", f"{bucket_arn}/validations/*")
    function.allow(["s3:PutObject"], f"{bucket_arn}/validations/*")
    function.allow(["sagemaker:InvokeEndpoint"], endpoint_arn)
    found = cdk.CustomResource(
        scope,
        "RecommendedThreshold",
        service_token=function.function_arn,
        # Lambda runs a function that died up to three times.
        service_timeout=cdk.Duration.seconds(3600),
        resource_type="Custom::RecommendedThreshold",
        properties={
            "Name": name,
            "Bucket": bucket,
            "Dataset": dataset,
            "ModelDataUrl": model_url,
            "RoutedErrorTarget": str(settings.routed_error_target),
            "RoutedErrorConfidence": str(settings.routed_error_confidence),
        },
    )
    # What it may do must be there before it is asked, and go after it.
    found.node.add_dependency(function, function.role)
    return Threshold(found.get_att_string("Value"), found.get_att_string("Source"))
