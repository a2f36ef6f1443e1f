"""A model that is given is served without training, behind the same gate; in order, on the embedded cloud.

The tests of this file depend on one another, as the days of a deployment do, and run in the order written.
"""

import io
import tarfile
from pathlib import Path

import pytest

from tests.end_to_end.deployed_home import NAME, SETTINGS
from tests.end_to_end.embedded_cloud import (
    App,
    EmbeddedCloud,
    execute,
    photo_event,
    stack_status,
    succeeded,
    training_jobs,
    transform_jobs,
)
from tests.end_to_end.quick_training import turned_round

pytestmark = pytest.mark.end_to_end

GATE = SETTINGS["accuracy_gate"]


@pytest.fixture(scope="module")
def app(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> App:
    return App(cloud, NAME, SETTINGS, tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the artifacts that the tests take and make."""
    return tmp_path_factory.mktemp("artifacts")


def models(app: App) -> list[str]:
    """Returns the artifacts of all models that SageMaker has."""
    sagemaker = app.cloud.client("sagemaker")
    names = [model["ModelName"] for model in sagemaker.list_models()["Models"]]
    return [sagemaker.describe_model(ModelName=n)["PrimaryContainer"]["ModelDataUrl"] for n in names]


def artifacts_of_the_cdk(app: App) -> list[tuple[str, str]]:
    """Returns bucket and key of each artifact that the CDK CLI has uploaded."""
    s3 = app.cloud.client("s3")
    (bucket,) = [b["Name"] for b in s3.list_buckets()["Buckets"] if b["Name"].startswith("cdk-")]
    uploaded = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    found = [(bucket, key) for key in uploaded if key.endswith(".gz")]
    assert found
    return found


def test_a_trained_model_is_taken_home(app: App, artifacts: Path) -> None:
    succeeded(app.console("model", str(artifacts / "model.tar.gz")))
    with tarfile.open(artifacts / "model.tar.gz") as taken:
        assert "model-shapes.json" in taken.getnames()
    assert len(training_jobs(app)) == 1


def test_a_given_model_is_evaluated_and_served_and_nothing_is_trained(app: App, artifacts: Path) -> None:
    succeeded(app.deploy(model_artifact=str(artifacts / "model.tar.gz")))
    served = app.parameter("model")
    assert f"/models/{app.name}-artifact-" in served
    assert models(app) == [served]
    assert len(training_jobs(app)) == 1
    # The trained model was evaluated like this one.
    assert [job["TransformJobStatus"] for job in transform_jobs(app)] == ["Completed", "Completed"]
    assert execute(app, photo_event(app))["status"] == "SUCCEEDED"


def test_the_same_model_is_not_evaluated_again(app: App, artifacts: Path) -> None:
    artifact = str(artifacts / "model.tar.gz")
    succeeded(app.deploy("training", model_artifact=artifact, accuracy_gate=GATE + 0.01))
    assert len(transform_jobs(app)) == 2


def test_a_given_model_below_the_gate_is_refused_and_the_old_one_goes_on_serving(
    app: App, artifacts: Path
) -> None:
    before = app.parameter("model")
    # What the former model was copied from is gone when the deploy is rolled back to it.
    assets = artifacts_of_the_cdk(app)
    turned = turned_round(artifacts / "model.tar.gz", artifacts)
    for bucket, key in assets:
        app.cloud.client("s3").delete_object(Bucket=bucket, Key=key)
    failed = app.deploy("training", model_artifact=str(turned))
    printed = failed.stdout + failed.stderr
    assert failed.returncode != 0
    assert f"is below accuracy_gate {GATE}: the model that model_artifact names is not deployed" in printed
    assert stack_status(app, "training") == "UPDATE_ROLLBACK_COMPLETE"
    assert len(transform_jobs(app)) == 3
    assert app.parameter("model") == before
    assert models(app) == [before]
    assert execute(app, photo_event(app))["status"] == "SUCCEEDED"


def test_what_the_container_can_not_load_is_refused_in_a_line(app: App) -> None:
    bucket = app.parameter("bucket")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("model-shapes.json"), io.BytesIO())
    app.cloud.client("s3").put_object(Bucket=bucket, Key="incoming/broken.tar.gz", Body=content.getvalue())
    failed = app.deploy("training", model_artifact=f"s3://{bucket}/incoming/broken.tar.gz")
    assert failed.returncode != 0
    assert "Transform job" in failed.stdout + failed.stderr
    assert "is Failed: " in failed.stdout + failed.stderr


def test_without_the_setting_the_trained_model_serves_again(app: App) -> None:
    succeeded(app.deploy())
    (job,) = training_jobs(app)
    assert app.parameter("model").endswith(f"{job['TrainingJobName']}/output/model.tar.gz")
    assert models(app) == [app.parameter("model")]
    assert execute(app, photo_event(app))["status"] == "SUCCEEDED"


def test_a_model_in_s3_is_served_and_goes_with_all_else(app: App) -> None:
    succeeded(app.deploy("training", model_artifact=app.parameter("model")))
    assert f"/models/{app.name}-artifact-" in app.parameter("model")
    succeeded(app.console("destroy"))
    assert app.list_remains() == []
