"""How long a training takes is told before it has taken long."""

import json
from pathlib import Path

import pytest
import torch

from training.fitting import duration
from training.hyperparameters import parse

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that goes only when a test says so."""
    now = [0.0]
    monkeypatch.setattr(duration.time, "perf_counter", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("fixed", "each", "size"),
    [(0.3, 0.15, 32), (0.0, 2.0, 32), (0.01, 0.0001, 64), (0.5, 0.0, 7), (0.1, 0.1, 1)],
)
def test_the_time_of_a_batch_is_told_from_smaller_ones(
    clock: list[float], fixed: float, each: float, size: int
) -> None:
    counts = []

    def run(count: int) -> None:
        # The first run of all takes longer.
        clock[0] += fixed + each * count + (0 if counts else 100)
        counts.append(count)

    assert duration.estimate_seconds(run, size) == pytest.approx(fixed + each * size)
    assert max(counts) <= size
    assert clock[0] - 100 < 10


def test_a_larger_run_that_takes_less_time_makes_no_negative_estimate(clock: list[float]) -> None:
    times = iter((1.0, 0.9, 0.8, 0.7, 0.6))

    def run(count: int) -> None:
        clock[0] += next(times)

    assert duration.estimate_seconds(run, 16) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.2, "about 1 second "),
        (100, "about 100 seconds "),
        (119, "about 119 seconds "),
        (4980, "about 83 minutes "),
    ],
)
def test_the_line_says_about_how_long(seconds: float, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    hyperparameters = parse({"num_classes": "2", "num_training_samples": "9", "epochs": "30"})
    duration.announce(lambda: seconds, hyperparameters, torch.Generator())
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert f"This training takes {told}" in line
    assert "30 epochs" in line


def test_with_early_stopping_it_is_at_most_that(capsys: pytest.CaptureFixture[str]) -> None:
    given = {"num_classes": "2", "num_training_samples": "9", "early_stopping": "True"}
    duration.announce(lambda: 60, parse(given), torch.Generator())
    assert "takes at most about 60 seconds" in capsys.readouterr().out


def test_the_estimate_changes_no_draw_of_the_training() -> None:
    generator = torch.Generator().manual_seed(3)
    before = generator.get_state()
    hyperparameters = parse({"num_classes": "2", "num_training_samples": "9"})
    duration.announce(lambda: float(torch.rand(1, generator=generator)), hyperparameters, generator)
    assert generator.get_state().equal(before)


def test_the_quick_hyperparameters_are_those_of_a_deploy() -> None:
    context = json.loads((REPOSITORY / "cdk.json").read_text())["context"]
    assert context["scones"]["hyperparameters"] == duration.QUICK
