"""Why a role may do what no end-to-end test sees it do: the one place of all such reasons."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

Reason = tuple[str, str, str]
"""Pattern of actions, pattern of resources as ``generalize`` writes them, and the reason."""

OF_AWS: tuple[Reason, ...] = (
    ("xray:*", "*", "the runtime sends traces, which the embedded cloud keeps none of"),
    ("logs:*", "logs:log-group:/aws/lambda/*", "Lambda itself writes the log, in the function's name"),
    ("logs:*", "logs:log-group:/aws/sagemaker/*", "SageMaker itself writes the log, in the role's name"),
    ("logs:*", "*", "Step Functions has its log delivered, in the role's name"),
    ("ecr:*", "*", "SageMaker pulls the algorithm's image, which is no image here"),
    ("cloudwatch:PutMetricData", "*", "SageMaker tells metrics of its container, in the role's name"),
)
"""What AWS does in the name of a role and the embedded cloud does not ask for; the table leaves it out."""
SERVERLESS = "the endpoint of the mode serverless, which these tests do not deploy"
REASONS: tuple[Reason, ...] = (
    ("s3:AbortMultipartUpload", "*", "an upload in parts that breaks off, as those of large files do"),
    ("s3:ListMultipartUploadParts", "*", "Step Functions writes long results in parts"),
    ("s3:GetObject", "s3:BUCKET/batches/*", "Step Functions reads its results again at a redrive"),
    ("s3:GetObject", "s3:BUCKET/validations/*", "an evaluation that was kept is not made again"),
    ("s3:GetObject*", "s3:BUCKET/?", "a photo is read with its version or, where none is named, without"),
    ("s3:ListBucket", "*", "without it S3 calls forbidden what is not there"),
    (
        "s3:PutObjectTagging",
        "*",
        "a superseded model is copied onto itself with a tag, for which AWS asks it",
    ),
    ("*:AddTags*", "*", "what is made with tags, for which AWS asks it"),
    ("sagemaker:CreateModelPackage", "*", "AWS names group and version as what is registered"),
    ("sagemaker:ListModelPackages", "*", "AWS's documents name group or versions as what a list is about"),
    ("sagemaker:*ModelPackage", "*", "brings a version up to date that is registered with other facts"),
    ("sagemaker:Stop*", "*", "a deploy that is broken off ends the jobs that it has begun"),
    ("states:StopExecution", "*-*ing:*", "a deploy that is broken off ends the waiting that it has begun"),
    ("states:StopExecution", "*-evaluation:*", "a deploy that is broken off ends its evaluation's waiting"),
    ("states:*Execution", "*-batch:*", "Step Functions ends the parts of a batch that is given up"),
    ("sagemaker:DescribeModel", "*", "names the model that serves where an update is refused"),
    ("sagemaker:*Endpoint", "*-serverless", SERVERLESS),
    ("ssm:GetParameters", "*", "CloudFormation looks a stack's parameters up in the name of who updates it"),
    ("lambda:InvokeFunction", "*:[*]", "the function by a version, which the CDK allows with it"),
)
"""What a role needs, though no test sees it do so."""
REASONS_OF_ROLES: Mapping[str, tuple[Reason, ...]] = {
    "BatchSummaryRole": (
        (
            "dynamodb:*Item",
            "*",
            "of a part of a batch that failed, what became of its photos is found and kept",
        ),
        ("events:PutEvents", "*", "of a part of a batch that failed, what became of its photos is told"),
    ),
    "UploadRole": (
        ("sqs:*", "*", "Lambda's poller may ask it, and the CDK allows it with receiving and deleting"),
    ),
}
"""What these roles need beside that; for any other it would be no reason."""


def is_of_aws(action: str, resource: str) -> bool:
    """Tells whether AWS itself does it, in the name of a role."""
    return _find(OF_AWS, action, resource) is not None


def find_reason(role: str, action: str, resource: str) -> str | None:
    """Returns why a role is allowed something that was never used; None where no reason is known."""
    return _find((*REASONS, *REASONS_OF_ROLES.get(role, ())), action, resource)


def list_reasons() -> list[str]:
    """Returns all reasons."""
    return [reason for reasons in (REASONS, *REASONS_OF_ROLES.values()) for _, _, reason in reasons]


def _find(reasons: tuple[Reason, ...], action: str, resource: str) -> str | None:
    for actions, resources, reason in reasons:
        if fnmatchcase(action, actions) and fnmatchcase(resource, resources):
            return reason
    return None
