"""A given model in place of training: one stack stands in for the other, and the file gets to the cloud."""

import io
import json
import tarfile
from pathlib import Path

import pytest

from stacks.configuration.settings import SettingError
from tests.stacks.synthesis import Assembly, synthesise


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """A file that is an artifact by its form."""
    path = tmp_path / "model.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in (
            "image-classification-0001.params",
            "image-classification-symbol.json",
            "model-shapes.json",
        ):
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    return path


def test_no_training_is_defined_and_what_is_given_is_evaluated(with_artifact: Assembly) -> None:
    assert with_artifact.resources("training", "Custom::TrainingJob") == {}
    model = with_artifact.only("training", "Custom::ModelArtifact")
    assert (model["ArtifactBucket"], model["ArtifactKey"]) == ("another-bucket", "trained/model.tar.gz")
    assert model["Classes"] == ["bicycle", "motorcycle"]
    assert model["AccuracyGate"] == "0.8"
    assert model["EvaluationInstanceType"] == "ml.m5.large"
    # The answer comes before CloudFormation stops waiting.
    assert int(model["MaxWaitSeconds"]) <= int(model["ServiceTimeout"]) - 120


def test_either_stack_is_an_update_of_the_other(assembly: Assembly, with_artifact: Assembly) -> None:
    training, given = (made.templates["training"]["Resources"] for made in (assembly, with_artifact))
    # One owner of these; all else must be made before the other's is removed.
    both = training.keys() & given.keys()
    parameters = {training[name]["Properties"].get("Name") for name in both if "Parameter" in name}
    assert parameters == {"/scones/model", "/scones/model-dataset", "/scones/model-version"}
    assert "ModelVersions" in both
    for name in both - {"CDKMetadata"}:
        assert training[name]["Properties"] == given[name]["Properties"] or "Parameter" in name, name

    def names(resources: dict[str, dict[str, dict[str, str]]]) -> set[str]:
        return {
            str(resource["Properties"][property_])
            for name, resource in resources.items()
            if name not in both
            for property_ in ("FunctionName", "LogGroupName", "StateMachineName")
            if property_ in resource["Properties"]
        }

    assert names(training) & names(given) == set()


def test_nothing_that_the_evaluation_needs_comes_after_it_or_goes_before_it(with_artifact: Assembly) -> None:
    (model,) = with_artifact.resources("training", "Custom::ModelArtifact").values()
    policies = {
        name
        for name in with_artifact.resources("training", "AWS::IAM::Policy")
        if not name.startswith("VersionsRole")
    }
    assert policies
    machines = set(with_artifact.resources("training", "AWS::StepFunctions::StateMachine"))
    # What empties the group goes after the model, which may register itself.
    (emptied,) = with_artifact.resources("training", "Custom::EmptiedModelVersions")
    assert policies | machines | {emptied} <= set(model["DependsOn"])


def test_a_file_is_uploaded_and_may_be_read_by_whom_copies_it_alone(artifact: Path, tmp_path: Path) -> None:
    made = synthesise(tmp_path / "out", model_artifact=str(artifact))
    model = made.only("training", "Custom::ModelArtifact")
    files = json.loads((made.folder / "scones-training.assets.json").read_text())["files"]
    (asset,) = [file for file in files.values() if file["source"]["path"].endswith(".gz")]
    assert asset["source"]["packaging"] == "file"
    (destination,) = asset["destinations"].values()
    assert destination["objectKey"] == model["ArtifactKey"]
    readers = [
        name
        for name, policy in made.resources("training", "AWS::IAM::Policy").items()
        if model["ArtifactKey"] in json.dumps(policy)
    ]
    assert len(readers) == 1
    assert readers[0].startswith("ArtifactStartRole")


def test_a_file_that_is_no_artifact_ends_synthesis(tmp_path: Path) -> None:
    (tmp_path / "model.tar.gz").write_bytes(b"no artifact")
    with pytest.raises(SettingError, match="model_artifact"):
        synthesise(tmp_path / "out", model_artifact=str(tmp_path / "model.tar.gz"))
