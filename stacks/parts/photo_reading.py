"""What functions that read photos may read of the bucket, and what not."""

from aws_cdk import aws_iam as iam

from lambdas.workflow import places
from stacks.parts.parameters import SharedBucket

# What the deployment itself keeps: whoever starts an execution chooses the key, but no photo lies there.
OWN = (
    *(places.MODELS, places.EVALUATIONS, places.VERDICTS, places.VALIDATIONS),
    *(places.CAPTURED, places.REPORTS),
)


def allow_photos(bucket: SharedBucket) -> list[iam.PolicyStatement]:
    """Returns what reading a photo takes: it may lie anywhere but in what the deployment itself keeps."""
    read = ["s3:GetObject", "s3:GetObjectVersion"]
    return [
        # Without the right to list, S3 answers "denied" for a photo that is not there.
        iam.PolicyStatement(actions=["s3:ListBucket"], resources=[bucket.arn]),
        iam.PolicyStatement(actions=read, resources=bucket.arns_for_objects("")),
        refuse_own(bucket),
    ]


def refuse_own(bucket: SharedBucket) -> iam.PolicyStatement:
    """Returns what keeps a role from reading what the deployment itself keeps."""
    return iam.PolicyStatement(
        effect=iam.Effect.DENY,
        actions=["s3:GetObject", "s3:GetObjectVersion"],
        resources=bucket.arns_for_objects(*OWN),
    )
