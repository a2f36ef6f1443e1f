"""The serving benchmark: what its rows compare, and what is refused."""

import sys
from pathlib import Path

import pytest

from benchmarks.model import serving


def measure(rate: float, slow: float) -> dict[str, float]:
    """Returns a server's figures of a round: answers a second, and the time of the slowest in a hundred."""
    loads = {f"{clients} clients, answers a second": rate for clients in serving.CLIENTS}
    tail = {"8 clients, p50, ms": 10.0, "8 clients, p99, ms": slow}
    return {**loads, **tail, "first answer, s": 0.5, "memory, MB": 300.0}


def test_rates_are_compared_round_by_round_and_the_slowest_answers_with_the_usual_ones() -> None:
    rounds = [
        {"here": measure(rate, slow), "MXNet": measure(10, 50)}
        for rate, slow in ((30, 20), (40, 40), (20, 70))
    ]
    rows = {row.what: row for row in serving.build_rows(rounds)}
    assert rows["64 clients"].ratios == [3, 4, 2]
    assert rows["8 clients, p99 to p50"].ratios == [2, 4, 7]
    assert {what for what, row in rows.items() if not row.is_met} == {"8 clients, p99 to p50"}


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
