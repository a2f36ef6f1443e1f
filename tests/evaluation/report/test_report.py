"""The report as a file: what is read back of an earlier one, and how both are written."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from console.server.recommended_threshold import read_confidences
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


def test_what_the_model_takes_for_the_other_class_is_refused_at_any_threshold() -> None:
    subject = replace(SUBJECT, classes=("bicycle", "motorcycle", "other"), other_class="other")
    sure_of_it = Answer("other/1.png", 2, "a" * 64, (0.01, 0.01, 0.98))
    taken_for_it = Answer("bicycle/2.png", 0, "b" * 64, (0.1, 0.0, 0.9))
    given = [sure_of_it, taken_for_it, *(Answer(f"{n}.png", 0, "c" * 64, (0.9, 0.1, 0.0)) for n in range(2))]
    report = build_report(subject, Target(0.5, 0.5, 100), given, [], None)
    (lowest, *_) = report["thresholds"]
    assert (lowest["routed"], lowest["wrong"]) == (2, 0)
    assert (lowest["refused_per_month"]["value"], lowest["wrong_per_month"]["value"]) == (50, 0)
    assert report["recommendation"]["photos"] == 2
    assert report["accuracy"]["count"] == 3
    assert read_confidences(report) == [0.0, 0.0, 0.9, 0.9]


def test_a_model_that_would_route_nothing_is_no_report() -> None:
    subject = replace(SUBJECT, classes=("bicycle", "motorcycle", "other"), other_class="other")
    given = [Answer("other/1.png", 2, "a" * 64, (0.01, 0.01, 0.98))]
    with pytest.raises(EvaluationError, match="model takes every photo for other: none is routed"):
        build_report(subject, Target(0.05, 0.9, 100), given, [], None)
