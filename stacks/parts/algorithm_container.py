"""The container of AWS's built-in image-classification algorithm: its image, and the role that it runs in."""

from collections.abc import Sequence
from functools import cache

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import region_info
from constructs import Construct

from stacks.configuration.algorithm_images import read_registries
from stacks.parts.parameters import SharedBucket

SAGEMAKER = "sagemaker.amazonaws.com"


class AlgorithmImage(Construct):
    """The image's address as the template finds it in the region that it is deployed to.

    Attributes:
        uri: Address of the image.
        repository_arn: The repository in AWS's own account, for the permission to pull from it.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        mapping = cdk.CfnMapping(self, "Images", mapping=list_images())
        self.uri = mapping.find_in_map(cdk.Aws.REGION, "uri")
        account = mapping.find_in_map(cdk.Aws.REGION, "account")
        self.repository_arn = (
            f"arn:{cdk.Aws.PARTITION}:ecr:{cdk.Aws.REGION}:{account}:repository/image-classification"
        )


@cache
def list_images() -> dict[str, dict[str, str]]:
    """Returns the image's address and the account that it lies in, by region."""
    registries = read_registries()
    found = {}
    for region, account in registries.accounts.items():
        domain = region_info.RegionInfo.get(region).domain_suffix
        uri = f"{account}.dkr.ecr.{region}.{domain}/{registries.repository}:1"
        found[region] = {"uri": uri, "account": account}
    return found


class SageMakerRole(iam.Role):
    """May pull one image, read some prefixes of the bucket, write another, and write logs and metrics."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        bucket: SharedBucket,
        reads: Sequence[str],
        writes: str,
        image: AlgorithmImage,
        log_group: str,
        metric_namespace: str,
    ) -> None:
        """Makes the role; metrics go to ``AWS/SageMaker`` and to ``metric_namespace``."""
        # Nobody else's job, which SageMaker would as well act for, gets the role.
        own_account = {"StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID}}
        trusted = iam.ServicePrincipal(SAGEMAKER, conditions=own_account)
        super().__init__(scope, construct_id, assumed_by=trusted)
        self._allow(["s3:GetObject"], bucket.arns_for_objects(*reads))
        listed = [f"{prefix}*" for prefix in reads]
        self._allow(["s3:ListBucket"], [bucket.arn], {"StringLike": {"s3:prefix": listed}})
        self._allow(["s3:PutObject", "s3:AbortMultipartUpload"], bucket.arns_for_objects(writes))
        self._allow(
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [image.repository_arn],
        )
        # These actions know no resources: ECR's token is for the account, a metric has no ARN.
        self._allow(["ecr:GetAuthorizationToken"], ["*"])
        self._allow(
            ["cloudwatch:PutMetricData"],
            ["*"],
            {"StringEquals": {"cloudwatch:namespace": ["AWS/SageMaker", metric_namespace]}},
        )
        self._allow(
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            list_log_group_arns(log_group),
        )

    def allow_to_be_passed_by(self, function: lambda_.Function) -> None:
        """Allows a function to hand the role to SageMaker, and to nobody else."""
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["iam:PassRole"],
                resources=[self.role_arn],
                conditions={"StringEquals": {"iam:PassedToService": SAGEMAKER}},
            )
        )

    def _allow(
        self, actions: list[str], resources: list[str], conditions: dict[str, dict[str, object]] | None = None
    ) -> None:
        self.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions))


def list_log_group_arns(log_group: str) -> list[str]:
    """Returns both ARNs of a log group: CloudWatch Logs checks some actions against the one with ``:*``."""
    arn = f"arn:{cdk.Aws.PARTITION}:logs:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:log-group:{log_group}"
    return [arn, f"{arn}:*"]
