"""Writes and reads the files by which a training container and SageMaker talk, below /opt/ml."""

import contextlib
import json
import re
from pathlib import Path

from local.sagemaker.records import Record

_FAILURE = 984  # characters of a failure file that leave room for the rest of a FailureReason


def write_configuration(record: Record, config: Path) -> None:
    """Writes the files that a container finds in /opt/ml/input/config.

    As in "How Amazon SageMaker AI Provides Training Information" in AWS's developer guide, but for the name
    of the network interface.
    """
    instance = record["ResourceConfig"]["InstanceType"]
    group = {"instance_group_name": "homogeneousCluster", "instance_type": instance, "hosts": ["algo-1"]}
    host = {
        "current_host": "algo-1",
        "current_instance_type": instance,
        "current_group_name": group["instance_group_name"],
        "hosts": group["hosts"],
        "instance_groups": [group],
        "network_interface_name": "lo",
    }
    channels = {
        channel["ChannelName"]: {
            "TrainingInputMode": "File",
            "S3DistributionType": channel["DataSource"]["S3DataSource"]["S3DataDistributionType"],
            "RecordWrapperType": channel["RecordWrapperType"],
            **({"ContentType": channel["ContentType"]} if "ContentType" in channel else {}),
        }
        for channel in record["InputDataConfig"]
    }
    config.mkdir(parents=True)
    for name, content in (
        ("hyperparameters", record.get("HyperParameters", {})),
        ("inputdataconfig", channels),
        ("resourceconfig", host),
    ):
        (config / f"{name}.json").write_text(json.dumps(content))


def read_failure(root: Path, status: int) -> str | None:
    """Returns a failed run's reason in AWS's words; None where it did not fail."""
    if status == 0:
        return None
    reason = ""
    with contextlib.suppress(OSError):
        reason = (root / "output" / "failure").read_text(errors="replace").strip()[:_FAILURE]
    if reason.startswith("Customer Error"):
        kind = "ClientError: "
    elif re.match(r"(Client|Algorithm|InternalServer)Error:", reason):
        kind = ""
    else:
        kind = "AlgorithmError: "
    return f"{kind}{reason}, exit code: {status}"
