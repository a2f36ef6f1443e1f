"""The threshold of the confidence filter: the number that is set, or the recommended one."""

from collections.abc import Sequence
from dataclasses import dataclass

from constructs import Construct

from lambdas.workflow import places
from stacks.configuration.settings import AUTO, Settings
from stacks.parts.function_asset import FunctionAsset
from stacks.parts.logged import LoggedFunction
from stacks.parts.parameters import SharedBucket, read_parameter

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


def find_threshold(
    scope: Construct,
    *,
    settings: Settings,
    functions: FunctionAsset,
    bucket: SharedBucket,
    endpoint_arns: Sequence[str],
) -> Threshold:
    """Returns the threshold that the settings ask for.

    For ``auto`` it is the attribute of a custom resource, whose function has the endpoint answer for the
    validation split. CloudFormation calls it when one of the properties differs from the last deploy's.
    """
    if settings.confidence_threshold != AUTO:
        return Threshold(str(settings.confidence_threshold), "set by confidence_threshold")
    name = settings.name
    function = LoggedFunction(
        scope,
        "Threshold",
        settings=settings,
        purpose="threshold",
        handler="lambdas.deploy.threshold.handler",
        code=functions,
        memory_mb=512,
        timeout_seconds=FUNCTION_SECONDS,
        environment={
            "ENDPOINT_NAME": read_parameter(scope, name, "endpoint"),
            "ENDPOINT_CONFIG": read_parameter(scope, name, "endpoint-config"),
            "CLASSES": ",".join(settings.classes),
        },
    )
    # Without the right to list, S3 answers "denied" for a photo that is not there.
    function.allow(["s3:ListBucket"], bucket.arn)
    function.allow(["s3:GetObject"], *bucket.arns_for_objects(places.DATASETS, places.VALIDATIONS))
    function.allow(["s3:PutObject"], *bucket.arns_for_objects(places.VALIDATIONS))
    function.allow(["sagemaker:DescribeEndpoint", "sagemaker:InvokeEndpoint"], *endpoint_arns)
    found = function.add_resource(
        "RecommendedThreshold",
        answer_seconds=3600,
        properties={
            "Name": name,
            "Bucket": bucket.name,
            "Dataset": read_parameter(scope, name, "dataset"),
            "ModelDataUrl": read_parameter(scope, name, "model"),
            "RoutedErrorTarget": str(settings.routed_error_target),
            "RoutedErrorConfidence": str(settings.routed_error_confidence),
        },
    )
    return Threshold(found.get_att_string("Value"), found.get_att_string("Source"))
