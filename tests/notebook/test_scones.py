"""notebooks/scones.ipynb runs whole on an embedded cloud, and leaves nothing there."""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.embedded_cloud import REPOSITORY, EmbeddedCloud, succeeded
from tests.end_to_end.quick_training import QUICK_TRAINING

NAME = "scones-notebook"
PYTHON = REPOSITORY / ".cache" / "notebook" / "bin" / "python"
# Of all that is not on this machine, nothing answers.
NO_NETWORK = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    """A freshly started embedded cloud, stopped at the end whatever happened."""
    cloud = EmbeddedCloud(tmp_path_factory.mktemp("cloud") / "home")
    cloud.up()
    try:
        yield cloud
    finally:
        cloud.local("down")


@pytest.fixture(scope="module")
def executed(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The notebook with the outputs of its cells, after a training of seconds."""
    folder = tmp_path_factory.mktemp("notebook")
    archive = os.environ.get("SCONES_CIFAR100")
    if archive is None:
        archive = str(folder / "drawn.tar.gz")
        succeeded(cloud.run(sys.executable, "data_staging/sample.py", archive))
    cloud.environment |= {"SCONES_CIFAR100": archive, **NO_NETWORK}
    quick = {name: value for name, value in QUICK_TRAINING.items() if value is not None}
    ran = cloud.run(
        str(PYTHON),
        "tests/notebook/execute.py",
        "notebooks/scones.ipynb",
        str(folder / "executed.ipynb"),
        f'settings["hyperparameters"] = {quick!r}',
    )
    succeeded(ran)
    return dict(json.loads((folder / "executed.ipynb").read_text()))


def printed(executed: dict[str, Any]) -> str:
    """Returns all that the cells printed, and the text of their results."""
    outputs = [output for cell in executed["cells"] for output in cell.get("outputs", [])]
    return "".join(
        "".join(output.get("text", output.get("data", {}).get("text/plain", []))) for output in outputs
    )


def test_the_training_is_followed_and_measured(executed: dict[str, Any]) -> None:
    shown = printed(executed)
    assert "Epoch[0] Validation-accuracy=" in shown
    assert "/opt/ml/model/image-classification-0001.params" in shown
    for metric in ("train:accuracy", "validation:accuracy"):
        assert metric in shown


def test_every_photo_is_routed_or_refused(executed: dict[str, Any]) -> None:
    ends = [line.split() for line in printed(executed).splitlines() if ".png " in line]
    assert len(ends) == 20
    assert {tuple(end[2:]) for end in ends} <= {("SUCCEEDED",), ("FAILED", "ThresholdConfidenceNotMet")}


def test_the_confidences_are_drawn(executed: dict[str, Any]) -> None:
    drawn = [
        output
        for cell in executed["cells"]
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert len(drawn) == 1


def test_nothing_is_left(cloud: EmbeddedCloud, executed: dict[str, Any]) -> None:
    sagemaker, logs = cloud.client("sagemaker"), cloud.client("logs")
    assert sagemaker.list_endpoints()["Endpoints"] == []
    assert sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
    assert sagemaker.list_models()["Models"] == []
    assert cloud.client("lambda").list_functions()["Functions"] == []
    assert cloud.client("stepfunctions").list_state_machines()["stateMachines"] == []
    assert [role for role in cloud.client("iam").list_roles()["Roles"] if NAME in role["RoleName"]] == []
    assert [group for group in logs.describe_log_groups()["logGroups"] if NAME in group["logGroupName"]] == []
    s3 = cloud.client("s3")
    assert [
        item["Key"]
        for bucket in s3.list_buckets()["Buckets"]
        for item in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", [])
    ] == []
