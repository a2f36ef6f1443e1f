"""The command: what is in service is what is measured, and what a user can do wrong is one line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import moto
import pytest
from moto.sagemakerruntime.responses import SageMakerRuntimeResponse

from evaluation import __main__ as command
from lambdas.workflow.places import name_variant
from lambdas.workflow.prediction import MEASUREMENT
from tests.evaluation.staged_sample import (
    CLASSES,
    DATA_SET,
    MISTAKEN,
    TEST_PHOTOS,
    brightness_model,
    files,
    staged,
)

BUCKET = "scones-bucket"
MODEL = "Model-abc"
ROLE = "arn:aws:iam::123456789012:role/endpoint"


class Deployed:
    """A deployment in moto whose endpoint takes bright photos for bicycles.

    Attributes:
        answer: What the endpoint does with an image.
        inference_ids: Of each invocation.
        variant: Name of the production variant that answers.
    """

    def __init__(self) -> None:
        self.s3, self.ssm = boto3.client("s3"), boto3.client("ssm")
        self.answer = brightness_model
        self.inference_ids: list[str] = []
        self.variant = name_variant(CLASSES)
        self.s3.create_bucket(Bucket=BUCKET)
        for path, content in files().items():
            self.s3.put_object(Bucket=BUCKET, Key=f"datasets/{DATA_SET}/{path}", Body=content)
        sagemaker = boto3.client("sagemaker")
        sagemaker.create_model(
            ModelName=MODEL,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={
                "Image": "image",
                "ModelDataUrl": f"s3://{BUCKET}/models/m/output/model.tar.gz",
            },
        )
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": MODEL,
            "InitialInstanceCount": 1,
            "InstanceType": "ml.m5.large",
        }
        sagemaker.create_endpoint_config(EndpointConfigName="config", ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName="scones", EndpointConfigName="config")
        self.parameter("bucket", BUCKET)
        self.parameter("dataset", DATA_SET)
        self.parameter("endpoint", "scones")
        self.parameter("threshold", json.dumps({"value": 0.8, "source": "a number"}))

    def parameter(self, which: str, value: str) -> None:
        self.ssm.put_parameter(Name=f"/scones/{which}", Value=value, Type="String", Overwrite=True)

    def report(self, split: str = "test") -> dict[str, Any]:
        """Returns the published report of a split."""
        return json.load(
            self.s3.get_object(Bucket=BUCKET, Key=f"reports/{MODEL}/{split}/report.json")["Body"]
        )

    def reports(self) -> set[str]:
        """Returns the keys of all that is published."""
        found = self.s3.list_objects_v2(Bucket=BUCKET, Prefix="reports/").get("Contents", [])
        return {entry["Key"] for entry in found}


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    with moto.mock_aws():
        deployment = Deployed()

        def invoke(response: SageMakerRuntimeResponse) -> tuple[int, dict[str, str], bytes]:
            assert response.headers["Content-Type"] == "application/x-image"
            deployment.inference_ids.append(response.headers["X-Amzn-SageMaker-Inference-Id"])
            headers = {
                "Content-Type": "application/json",
                "x-Amzn-Invoked-Production-Variant": deployment.variant,
            }
            return 200, headers, deployment.answer(response.body)

        # Moto takes a request's body for text.
        monkeypatch.setattr(SageMakerRuntimeResponse, "use_raw_body", True)
        monkeypatch.setattr(SageMakerRuntimeResponse, "invoke_endpoint", invoke)
        yield deployment


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Runs the command and returns the one line that it fails with."""
    assert command.main(list(arguments)) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_the_endpoint_is_measured_and_its_report_published(
    deployed: Deployed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["--out", str(tmp_path / "new" / "folder")]) == 0
    report = deployed.report()
    assert (report["endpoint"], report["model"], report["split"]) == ("scones", MODEL, "test")
    assert (report["dataset"], report["classes"]) == (DATA_SET, list(CLASSES))
    assert report["artifact"] == f"s3://{BUCKET}/models/m/output/model.tar.gz"
    assert (report["accuracy"]["count"], report["photos"]) == (TEST_PHOTOS - 1, TEST_PHOTOS)
    assert [wrong["file"] for wrong in report["wrong"]] == [MISTAKEN]
    assert report["near_duplicates"]["photos"] == 1
    assert report["near_duplicates"]["accuracy_without"]["of"] == TEST_PHOTOS - 1
    assert report["threshold_in_service"] == {"value": 0.8, "source": "a number"}
    assert 0.8 in [price["threshold"] for price in report["thresholds"]]
    assert deployed.reports() == {f"reports/{MODEL}/test/{name}" for name in ("report.json", "report.html")}
    assert json.loads((tmp_path / "new" / "folder" / "report.json").read_text()) == report
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == [
        "report.html",
        "report.json",
    ]
    assert f"Report: s3://{BUCKET}/reports/{MODEL}/test/report.html" in capsys.readouterr().out


def test_measurements_are_marked_so_that_data_capture_can_tell_them(deployed: Deployed) -> None:
    command.main([])
    assert deployed.inference_ids == [MEASUREMENT] * TEST_PHOTOS


def test_the_targets_are_those_of_the_deploy_unless_others_are_given(deployed: Deployed) -> None:
    settings = json.loads(Path("cdk.json").read_text())["context"]["scones"]
    command.main([])
    recommendation = deployed.report()["recommendation"]
    assert recommendation["routed_error_target"] == settings["routed_error_target"]
    assert recommendation["routed_error_confidence"] == settings["routed_error_confidence"]
    command.main(
        ["--routed-error-target", "0.3", "--routed-error-confidence", "0.5", "--split", "validation"]
    )
    recommendation = deployed.report("validation")["recommendation"]
    assert (recommendation["routed_error_target"], recommendation["routed_error_confidence"]) == (0.3, 0.5)
    assert recommendation["photos"] == 4


def test_a_model_that_is_no_better_than_an_earlier_report_ends_with_1(
    deployed: Deployed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command.main(["--out", str(tmp_path)])
    capsys.readouterr()
    line = fails(capsys, "--against", str(tmp_path / "report.json"))
    assert line == f"evaluation: {MODEL} is no better than {MODEL}\n"
    comparison = deployed.report()["comparison"]
    assert (comparison["both_right"], comparison["both_wrong"]) == (TEST_PHOTOS - 1, 1)


def test_a_model_that_is_better_than_an_earlier_report_ends_with_0(
    deployed: Deployed, tmp_path: Path
) -> None:
    deployed.answer = lambda image: json.dumps(json.loads(brightness_model(image))[::-1]).encode()
    command.main(["--out", str(tmp_path)])
    deployed.answer = brightness_model
    assert command.main(["--against", str(tmp_path / "report.json")]) == 0
    assert deployed.report()["comparison"]["challenger_only"] == TEST_PHOTOS - 1


@pytest.mark.parametrize("which", ["dataset", "threshold"])
def test_what_is_not_deployed_is_named(
    deployed: Deployed, capsys: pytest.CaptureFixture[str], which: str
) -> None:
    deployed.ssm.delete_parameter(Name=f"/scones/{which}")
    assert f"No parameter /scones/{which} in us-east-1" in fails(capsys)


def test_another_deployment_is_found_by_its_name(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "No parameter /other/bucket" in fails(capsys, "--name", "other")


def test_without_a_data_set_staging_is_advised(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.parameter("dataset", "not-staged")
    assert "run python data_staging/stage.py" in fails(capsys)


def test_a_photo_that_is_gone_is_named(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    deployed.s3.delete_object(Bucket=BUCKET, Key=f"datasets/{DATA_SET}/test/{MISTAKEN}")
    assert f"There is no s3://{BUCKET}/datasets/{DATA_SET}/test/{MISTAKEN}" in fails(capsys)
    assert deployed.reports() == set()


def test_an_answer_for_other_classes_is_refused(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.answer = lambda image: b"[0.2, 0.3, 0.5]"
    assert f"The answer of {MODEL} for bicycle/0.png is a list of 3" in fails(capsys)
    assert deployed.reports() == set()


def test_a_model_of_as_many_other_classes_is_not_measured(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.variant = name_variant(CLASSES[::-1])
    assert "Endpoint scones serves a model of other classes than bicycle, motorcycle" in fails(capsys)
    assert deployed.reports() == set()


def test_an_endpoint_that_was_put_back_is_not_measured(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.parameter("endpoint-config", "config")
    assert command.main([]) == 0
    capsys.readouterr()
    deployed.parameter("endpoint-config", "newer")
    line = fails(capsys)
    assert "serves configuration config and not newer, which the last deploy made" in line
    assert "aws sagemaker update-endpoint --endpoint-name scones --endpoint-config-name newer" in line


def test_a_split_without_photos_is_refused(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = {"dataset": DATA_SET, "classes": list(CLASSES), "files": {}}
    key = f"datasets/{DATA_SET}/manifest.json"
    deployed.s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(manifest))
    assert f"Data set {DATA_SET} has no test photos" in fails(capsys)


def test_a_folder_without_a_data_set_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"{tmp_path} holds 0 data sets" in fails(capsys, str(tmp_path), "--artifact", "model.tar.gz")


def test_an_artifact_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = fails(capsys, str(staged(tmp_path)), "--artifact", "nowhere.tar.gz")
    assert "nowhere.tar.gz is no model.tar.gz that can be unpacked" in line


def test_the_endpoint_is_not_measured_on_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(["folder"])
    assert "DIR is for --artifact" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--monthly-photos", "0"],
        ["--monthly-photos", "many"],
        ["--routed-error-target", "0"],
        ["--routed-error-target", "nan"],
        ["--routed-error-confidence", "1"],
        ["--routed-error-confidence", "x"],
    ],
)
def test_a_number_out_of_its_range_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(arguments)
    assert f"{arguments[1]} is n" in capsys.readouterr().err


def test_an_interruption_is_one_line_and_130(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "find_near_duplicates", interrupt)
    assert command.main([]) == 130
    assert capsys.readouterr().err == "evaluation: interrupted, nothing is written\n"
    assert deployed.reports() == set()


def test_without_a_region_the_embedded_cloud_is_advised(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "python -m local up" in fails(capsys)
