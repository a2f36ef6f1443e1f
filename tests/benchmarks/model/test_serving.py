"""The serving benchmark: whose favour a ratio is in, and what is refused."""

import sys
from pathlib import Path

import pytest

from benchmarks.model import serving
from benchmarks.model.serving import format_table, summarise


def test_a_ratio_above_one_is_in_our_favour_whatever_the_figure() -> None:
    rounds = [
        {
            "here": {"answers a second": 30.0, "p50, ms": 10.0},
            "MXNet": {"answers a second": 10.0, "p50, ms": 5.0},
        },
        {
            "here": {"answers a second": 40.0, "p50, ms": 10.0},
            "MXNet": {"answers a second": 10.0, "p50, ms": 20.0},
        },
        {
            "here": {"answers a second": 20.0, "p50, ms": 10.0},
            "MXNet": {"answers a second": 10.0, "p50, ms": 15.0},
        },
    ]
    found = summarise(rounds)
    assert found["answers a second"] == {
        "here": 30,
        "MXNet": 10,
        "ratio min": 2,
        "ratio median": 3,
        "ratio max": 4,
    }
    assert found["p50, ms"] == {
        "here": 10,
        "MXNet": 15,
        "ratio min": 0.5,
        "ratio median": 1.5,
        "ratio max": 2,
    }
    assert "3.00 (2.00 to 4.00)" in format_table(found)


@pytest.mark.parametrize("wrong", [["--rounds", "0"], ["--seconds", "0"]])
def test_numbers_that_measure_nothing_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], wrong: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["serving.py", str(tmp_path), *wrong])
    with pytest.raises(SystemExit) as caught:
        serving.main()
    assert caught.value.code == 2
    assert "--rounds must be 1 or more, --seconds above 0" in capsys.readouterr().err


def test_without_mxnet_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serving, "MXNET", tmp_path / "none")
    monkeypatch.setattr(sys, "argv", ["serving.py", str(tmp_path)])
    with pytest.raises(SystemExit):
        serving.main()
    assert "make bench-serving installs it" in capsys.readouterr().err


def test_a_server_that_ends_at_once_ends_the_benchmark_in_one_line() -> None:
    command = [sys.executable, "-c", "raise SystemExit(1)"]
    with pytest.raises(SystemExit, match="does not answer"), serving.serve(command, b""):
        pass
