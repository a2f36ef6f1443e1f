"""A model in a file, served for as long as it is asked."""

import json
import tarfile
from pathlib import Path

import pytest

from evaluation.deployment import EvaluationError
from evaluation.models import serve_artifact
from tests.evaluation.staged_sample import photo

RECORDED = Path(__file__).parents[1] / "training" / "recorded_mxnet_models" / "residual"


def packed(archive: Path, *files: Path) -> Path:
    with tarfile.open(archive, "w:gz") as members:
        for file in files:
            members.add(file, arcname=file.name)
    return archive


def test_a_model_answers_images_and_refuses_what_is_none(tmp_path: Path) -> None:
    archive = packed(
        tmp_path / "model.tar.gz", *(file for file in RECORDED.iterdir() if file.stem != "answers")
    )
    with serve_artifact(archive) as model:
        probabilities = json.loads(model(photo(1, bright=True)))
        with pytest.raises(EvaluationError, match=r"model\.tar\.gz answers 4\d\d"):
            model(b"no image")
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    # Its server is gone.
    with pytest.raises(EvaluationError, match=r"model\.tar\.gz gives no answer"):
        model(photo(1, bright=True))


def test_an_archive_without_a_model_is_refused_in_the_servers_words(tmp_path: Path) -> None:
    archive = packed(tmp_path / "model.tar.gz", RECORDED / "answers.json")
    with (
        pytest.raises(EvaluationError, match=r"cannot be served: The model in .* lacks"),
        serve_artifact(archive),
    ):
        pass


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.tar.gz").write_bytes(content)
    with (
        pytest.raises(EvaluationError, match=r"is no model\.tar\.gz that can be unpacked"),
        serve_artifact(tmp_path / "model.tar.gz"),
    ):
        pass


def test_nothing_of_an_archive_lands_outside_its_folder(tmp_path: Path) -> None:
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as members:
        members.add(RECORDED / "answers.json", arcname="../../escaped.json")
    with pytest.raises(EvaluationError, match="that can be unpacked"), serve_artifact(archive):
        pass
