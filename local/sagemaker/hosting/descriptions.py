"""What DescribeEndpoint tells of the variants of an endpoint, and of an update under way."""

from local.sagemaker import records
from local.sagemaker.records import Record


def describe_variants(fleet: Record, status: str | None = None) -> list[Record]:
    """Returns the ProductionVariants of a fleet in service, with the VariantStatus if there is one."""
    return [
        {
            **_describe(variant),
            "CurrentWeight": variant["InitialVariantWeight"],
            **_describe_capacity(variant, "Current"),
            **_describe_status(status),
        }
        for variant in fleet["ProductionVariants"]
    ]


def describe_pending(fleet: Record, began: float, status: str, share: float, message: str = "") -> Record:
    """Returns the PendingDeploymentSummary of a deployment.

    Args:
        fleet: The new fleet's configuration.
        began: When the deployment began, in seconds since 1970.
        status: The VariantStatus of its variants.
        share: What part of the traffic they have.
        message: The StatusMessage.
    """
    started = status != "Creating"
    return {
        "EndpointConfigName": fleet["EndpointConfigName"],
        "StartTime": began,
        "ProductionVariants": [
            {
                **_describe(variant),
                "CurrentWeight": variant["InitialVariantWeight"] * share,
                **(_describe_capacity(variant, "Current") if started else {"CurrentInstanceCount": 0}),
                **_describe_status(status, message),
            }
            for variant in fleet["ProductionVariants"]
        ],
    }


def describe_capture(fleet: Record) -> Record | None:
    """Returns the DataCaptureConfig of an endpoint; None where nothing is said of capture."""
    capture = fleet.get("DataCaptureConfig")
    if not capture:
        return None
    on = capture.get("EnableCapture", False)
    return {
        "EnableCapture": on,
        "CaptureStatus": "Started" if on else "Stopped",
        "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
        "DestinationS3Uri": capture["DestinationS3Uri"],
        "KmsKeyId": capture.get("KmsKeyId", ""),
    }


def _describe(variant: Record) -> Record:
    return {
        "VariantName": variant["VariantName"],
        "DeployedImages": variant.get("DeployedImages"),
        "InstanceType": variant.get("InstanceType"),
        "DesiredWeight": variant["InitialVariantWeight"],
        **_describe_capacity(variant, "Desired"),
    }


def _describe_capacity(variant: Record, which: str) -> Record:
    """Returns the instances of a variant, or what stands for them; ``which`` is Current or Desired."""
    if serverless := variant.get("ServerlessConfig"):
        none = {"CurrentInstanceCount": 0} if which == "Current" else {}
        return {f"{which}ServerlessConfig": serverless, **none}
    return {f"{which}InstanceCount": variant["InitialInstanceCount"]}


def _describe_status(status: str | None, message: str = "") -> Record:
    if status is None:
        return {}
    told = {"StatusMessage": message} if message else {}
    return {"VariantStatus": [{"Status": status, "StartTime": records.now(), **told}]}
