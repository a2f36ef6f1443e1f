"""How long a training takes is told before it has taken long."""

import pytest

from training.fitting import duration
from training.hyperparameters import parse


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that goes only when a test says so."""
    now = [0.0]
    monkeypatch.setattr(duration.time, "monotonic", lambda: now[0])
    return now


def train(clock: list[float], an_update: float, updates: int, given: dict[str, str]) -> None:
    """Lets 12 updates an epoch, on 96 examples, take some seconds each, and the first one a minute more."""
    about = {"num_classes": "2", "num_training_samples": "96", "mini_batch_size": "8"}
    hyperparameters = parse({**about, "use_pretrained_model": "1", **given})
    announcement = duration.Announcement(hyperparameters, 96, 48)
    clock[0] += 60
    for update in range(1, updates + 1):
        clock[0] += an_update
        announcement.finish_update(update)


@pytest.mark.parametrize(
    ("an_update", "epochs", "told"),
    # 12 updates an epoch, and as much as two of them for its score.
    [
        (0.001, 1, "about 1 second on this machine, for 1 epoch."),
        (0.1, 30, "about 42 seconds on this machine, for 30 epochs."),
        (8.5, 1, "about 119 seconds on this machine, for 1 epoch."),
        (90, 30, "about 630 minutes on this machine, for 30 epochs."),
    ],
)
def test_one_line_says_about_how_long_it_takes(
    clock: list[float], an_update: float, epochs: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    train(clock, an_update, 24, {"epochs": str(epochs)})
    assert capsys.readouterr().out == f"This training takes {told}\n"


def test_the_line_comes_after_two_updates_that_take_long(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    train(clock, 3, 1, {})
    assert capsys.readouterr().out == ""
    train(clock, 3, 2, {})
    assert "This training takes about 21 minutes" in capsys.readouterr().out


def test_with_early_stopping_it_is_at_most_that(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    train(clock, 3, 2, {"early_stopping": "True", "epochs": "1"})
    assert "takes at most about 42 seconds" in capsys.readouterr().out


def test_who_begins_from_scratch_is_told_what_is_quick(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    train(clock, 3, 2, {"use_pretrained_model": "0"})
    assert "for 30 epochs. Quick here: use_pretrained_model=1, " in capsys.readouterr().out
