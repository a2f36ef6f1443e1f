"""The threshold of the confidence filter: the number that is set, or the recommended one."""

from dataclasses import dataclass

from constructs import Construct

from lambdas.workflow import places
from stacks.configuration.settings import AUTO, Settings
from stacks.parts.function_asset import FunctionAsset
from stacks.parts.logged import LoggedFunction
from stacks.parts.parameters import SharedBucket, read_parameter

# It may try for a minute until IAM knows its permissions.
FUNCTION_SECONDS = 120


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
) -> Threshold:
    """Returns the threshold that the settings ask for.

    For ``auto`` it is the attribute of a custom resource, whose function reads what the model answered for
    the validation split when it was judged: by then the training stack has accepted no model without such a
    threshold. CloudFormation calls it when one of the properties differs from the last deploy's.
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
        memory_mb=256,
        timeout_seconds=FUNCTION_SECONDS,
    )
    # Without the right to list, S3 answers "denied" for answers that are not there.
    function.allow(["s3:ListBucket"], bucket.arn)
    function.allow(["s3:GetObject"], *bucket.arns_for_objects(places.VALIDATIONS))
    found = function.add_resource(
        "RecommendedThreshold",
        answer_seconds=600,
        properties={
            "Name": name,
            "Bucket": bucket.name,
            "Dataset": read_parameter(scope, name, "model-dataset"),
            "ModelDataUrl": read_parameter(scope, name, "model"),
            "RoutedErrorTarget": str(settings.routed_error_target),
            "RoutedErrorConfidence": str(settings.routed_error_confidence),
            **({"OtherClass": settings.other_class} if settings.other_class else {}),
        },
    )
    return Threshold(found.get_att_string("Value"), found.get_att_string("Source"))
