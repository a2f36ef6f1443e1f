"""The role in which SageMaker runs the algorithm's container: what training and serving both need."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct


class SageMakerRole(iam.Role):
    """May pull one image, read some prefixes of the bucket, write another, and write logs and metrics."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: str,
        reads: Sequence[str],
        writes: str,
        repository_arn: str,
        log_group: str,
        metric_namespaces: Sequence[str],
    ) -> None:
        """Makes the role.

        Args:
            scope: Where it belongs.
            construct_id: Its id there.
            bucket: Name of the bucket.
            reads: Prefixes that are read, as ``datasets/``.
            writes: Prefix under which SageMaker writes, as ``models/``.
            repository_arn: Repository of the container's image.
            log_group: Log group that SageMaker writes to.
            metric_namespaces: Where SageMaker puts the container's metrics.
        """
        super().__init__(scope, construct_id, assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"))
        partition, bucket_arn = cdk.Aws.PARTITION, f"arn:{cdk.Aws.PARTITION}:s3:::{bucket}"
        logs = f"arn:{partition}:logs:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:log-group:{log_group}"
        self._allow(["s3:GetObject"], [f"{bucket_arn}/{prefix}*" for prefix in reads])
        listed = [f"{prefix}*" for prefix in reads]
        self._allow(["s3:ListBucket"], [bucket_arn], {"StringLike": {"s3:prefix": listed}})
        self._allow(["s3:PutObject", "s3:AbortMultipartUpload"], [f"{bucket_arn}/{writes}*"])
        self._allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [repository_arn],
        )
        # These actions know no resources: ECR's token is for the account, a metric has no ARN.
        self._allow(["ecr:GetAuthorizationToken"], ["*"])
        self._allow(
            ["cloudwatch:PutMetricData"],
            ["*"],
            {"StringEquals": {"cloudwatch:namespace": list(metric_namespaces)}},
        )
        self._allow(
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            [logs, f"{logs}:*"],
        )

    def _allow(
        self, actions: list[str], resources: list[str], conditions: dict[str, dict[str, object]] | None = None
    ) -> None:
        self.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))
