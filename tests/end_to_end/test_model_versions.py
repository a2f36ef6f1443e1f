"""Every model that passed can be gone back to, and none serves without its threshold; on the embedded cloud.

The tests of this file depend on one another, as the days of a deployment do, and run in the order written.
"""

import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.deployed_home import NAME, SETTINGS
from tests.end_to_end.embedded_cloud import (
    App,
    EmbeddedCloud,
    stack_status,
    staged_photo,
    succeeded,
    training_jobs,
    transform_jobs,
)
from training.artifact.parameters import read_parameters, write_parameters

pytestmark = pytest.mark.end_to_end


@dataclass(frozen=True)
class Serving:
    """What serves: the model that was accepted, what the endpoint answers, and the filter's threshold."""

    model: str
    answer: bytes
    threshold: str


@pytest.fixture(scope="module")
def app(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> App:
    settings = {
        **SETTINGS,
        "confidence_threshold": "auto",
        "routed_error_target": 0.5,
        "routed_error_confidence": 0.5,
    }
    return App(cloud, NAME, settings, tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the second model lies once it is made."""
    return tmp_path_factory.mktemp("artifact") / "doubtful.tar.gz"


@pytest.fixture(scope="module")
def seen() -> dict[str, Serving]:
    """What served when a model was deployed, by a name of the test's own."""
    return {}


def look(app: App) -> Serving:
    s3, runtime = app.cloud.client("s3"), app.cloud.client("sagemaker-runtime")
    photo = s3.get_object(Bucket=app.parameter("bucket"), Key=staged_photo(app))["Body"].read()
    answer = runtime.invoke_endpoint(
        EndpointName=app.parameter("endpoint"), ContentType="image/png", Body=photo
    )
    return Serving(app.parameter("model"), answer["Body"].read(), app.parameter("threshold"))


def make_doubtful(artifact: Path, path: Path) -> None:
    """Writes an artifact whose model says the same as the given one, and is less sure of it."""
    folder = path.parent / "unpacked"
    with tarfile.open(artifact) as archive:
        archive.extractall(folder, filter="data")
    (weights,) = folder.glob("*.params")
    arrays = read_parameters(weights)
    write_parameters(
        weights, {name: array / 2 if name.startswith("arg:fc") else array for name, array in arrays.items()}
    )
    with tarfile.open(path, "w:gz") as archive:
        for file in sorted(folder.iterdir()):
            archive.add(file, file.name)


def jobs(app: App) -> tuple[int, int]:
    return len(training_jobs(app)), len(transform_jobs(app))


def test_each_model_that_passed_is_a_version_and_has_a_threshold_of_its_own(
    app: App, artifact: Path, seen: dict[str, Serving], tmp_path: Path
) -> None:
    succeeded(app.deploy())
    seen["first"] = look(app)
    succeeded(app.console("model", str(tmp_path / "model.tar.gz")))
    make_doubtful(tmp_path / "model.tar.gz", artifact)
    succeeded(app.deploy(model_artifact=str(artifact)))
    seen["second"] = look(app)
    assert seen["first"].answer != seen["second"].answer
    assert seen["first"].threshold != seen["second"].threshold
    for serving in seen.values():
        source = json.loads(serving.threshold)["source"]
        assert source.startswith(f"recommended for model {serving.model.split('/')[-3]} from 12 ")
    _, newest, oldest = succeeded(app.console("models")).stdout.splitlines()
    assert newest.startswith("2 ")
    assert newest.endswith("in service")
    assert oldest.endswith("superseded by version 2")


def test_an_older_version_serves_again_with_its_threshold_and_no_job(
    app: App, seen: dict[str, Serving]
) -> None:
    assert jobs(app) == (1, 2)
    used = succeeded(app.console("models", "use", "1"))
    assert "4 of 4" in used.stdout
    assert look(app) == seen["first"]
    assert jobs(app) == (1, 2)
    listed = succeeded(app.console("models")).stdout
    assert "in service, kept by models use" in listed
    assert "not in service: version 1 is kept by models use" in listed


def test_a_deploy_that_proves_no_threshold_leaves_model_and_threshold(
    app: App, artifact: Path, seen: dict[str, Serving]
) -> None:
    refused = app.deploy(model_artifact=str(artifact), routed_error_target=0.001)
    assert refused.returncode != 0
    printed = refused.stdout + refused.stderr
    assert "no threshold is proved to keep to routed_error_target 0.001" in printed
    assert "Model and threshold stay as they were" in printed
    assert stack_status(app, "training") == "UPDATE_ROLLBACK_COMPLETE"
    assert look(app) == seen["first"]
    assert jobs(app) == (1, 2)


def test_a_deploy_keeps_the_version_and_says_so(app: App, artifact: Path, seen: dict[str, Serving]) -> None:
    succeeded(app.deploy("training", model_artifact=str(artifact), accuracy_gate=0.61))
    assert app.parameter("model") == seen["first"].model
    assert "Version 1 of the model is kept" in succeeded(app.console("models")).stdout


def test_a_version_that_is_not_there_is_a_line_and_changes_nothing(
    app: App, seen: dict[str, Serving]
) -> None:
    refused = app.console("models", "use", "9")
    assert refused.returncode == 1
    assert "no version 9 of the model" in refused.stderr
    assert app.parameter("model") == seen["first"].model


def test_the_latest_serves_again(app: App, seen: dict[str, Serving]) -> None:
    succeeded(app.console("models", "use", "latest"))
    assert look(app) == seen["second"]
    assert jobs(app) == (1, 2)


def test_the_versions_go_with_all_else(app: App) -> None:
    assert f"group of model versions {app.name}" in app.list_remains()
    succeeded(app.console("destroy"))
    assert app.list_remains() == []
