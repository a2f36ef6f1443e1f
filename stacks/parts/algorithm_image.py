"""Where AWS keeps the container of its built-in image-classification algorithm, in each region."""

import aws_cdk as cdk
from constructs import Construct


class AlgorithmImage(Construct):
    """The image's address as the template finds it in the region that it is deployed to.

    Attributes:
        uri: Address of the image.
        repository_arn: The repository in AWS's own account, for the permission to pull from it.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        # Here and not above: this import takes more than a second, and only synthesis needs it.
        from sagemaker.core import image_uris

        versions = image_uris.config_for_framework("image-classification")["versions"]
        uris = {
            region: image_uris.retrieve("image-classification", region)
            for region in sorted(versions["1"]["registries"])
        }
        mapping = cdk.CfnMapping(
            self,
            "Images",
            mapping={region: {"uri": uri, "account": uri.split(".")[0]} for region, uri in uris.items()},
        )
        self.uri = mapping.find_in_map(cdk.Aws.REGION, "uri")
        account = mapping.find_in_map(cdk.Aws.REGION, "account")
        self.repository_arn = (
            f"arn:{cdk.Aws.PARTITION}:ecr:{cdk.Aws.REGION}:{account}:repository/image-classification"
        )
