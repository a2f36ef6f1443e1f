"""The report as a file: what is read back of an earlier one, and how both are written."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings

from evaluation.answers import Answer
from evaluation.deployment import EvaluationError
from evaluation.report.publishing import write_files
from evaluation.report.report import Subject, Target, build_report, read_report
from tests.evaluation.staged_sample import answers, outcomes

SUBJECT = Subject("data", ("bicycle", "motorcycle"), "test", "model", "model.tar.gz", None, None, 0.0)


def reported(given: list[Answer]) -> str:
    return json.dumps(build_report(SUBJECT, Target(0.05, 0.9, 10_000), given, [], None), allow_nan=False)


@settings(deadline=None, max_examples=50)
@given(outcomes())
def test_a_report_gives_back_its_answers(given: list[tuple[float, bool]]) -> None:
    content = json.loads(reported(answers(given)))
    found = [Answer(**each | {"probabilities": tuple(each["probabilities"])}) for each in content["answers"]]
    assert found == answers(given)
    assert len(content["wrong"]) == content["photos"] - content["accuracy"]["count"]


def test_an_earlier_report_is_read(tmp_path: Path) -> None:
    given = answers([(0.9, True), (0.6, False)])
    (tmp_path / "report.json").write_text(reported(given))
    assert read_report(tmp_path / "report.json") == ("model", given)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "{}", '{"model": "m", "answers": [{"file": "a"}]}', '{"model": "m", "answers": 1}'],
)
def test_what_is_no_report_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "old.json").write_text(content)
    with pytest.raises(EvaluationError, match=r"old\.json is no report\.json of python -m evaluation"):
        read_report(tmp_path / "old.json")


def test_a_report_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"old\.json cannot be read: No such file"):
        read_report(tmp_path / "old.json")


def test_files_are_written_over_earlier_ones_and_nothing_else_is_left(tmp_path: Path) -> None:
    for content in ("one", "two"):
        write_files({"report.json": content, "report.html": content}, tmp_path / "new")
    assert {file.name: file.read_text() for file in (tmp_path / "new").iterdir()} == {
        "report.json": "two",
        "report.html": "two",
    }


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OSError, match=r"report\.html"):
        write_files({"report.html": "content"}, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
