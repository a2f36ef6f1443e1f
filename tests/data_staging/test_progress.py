"""A long step shows how far it is: lines in a log, a bar on a terminal."""

import sys

import pytest

from data_staging.progress import Progress


def test_a_log_gets_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("Uploading", 1000, "pictures") as progress:
        for _ in range(1000):
            progress.advance()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[0] == "Uploading: 100 of 1000 pictures"
    assert lines[-1] == "Uploading: 1000 of 1000 pictures"


def test_what_was_done_before_is_counted_but_not_told_again(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("Downloading", 100, "B", start=55) as progress:
        progress.advance(5)
    assert capsys.readouterr().err == "Downloading: 60 of 100 B\n"


def test_a_step_of_unknown_length_is_silent_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("Downloading", None, "B") as progress:
        progress.advance(5)
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_bar(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with Progress("Uploading", 4, "pictures") as progress:
        progress.advance(4)
    assert "\rUploading: 100%|" in capsys.readouterr().err
