"""The training benchmark: where the time goes."""

import cProfile
import pstats
from pathlib import Path

import pytest

from benchmarks.model import training_speed
from benchmarks.model.training_speed import measure_parts


def spend(profile: Path) -> None:
    """Writes a profile in which two functions take some time."""
    profiler = cProfile.Profile()
    profiler.runcall(lambda: (long(), short()))
    profiler.dump_stats(profile)


def long() -> int:
    return sum(range(3_000_000))


def short() -> int:
    return sum(range(1_000_000))


def test_shares_of_the_time_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spend(tmp_path / "profile")
    file = Path(__file__).name
    monkeypatch.setattr(training_speed, "PARTS", {"long": [(file, "long")], "short": [(file, "short")]})
    shares = measure_parts(tmp_path / "profile")
    assert sum(shares.values()) == pytest.approx(1)
    entries = pstats.Stats(str(tmp_path / "profile")).stats
    (cumulative,) = (entry[3] for (_, _, name), entry in entries.items() if name == "long")
    total = pstats.Stats(str(tmp_path / "profile")).total_tt
    assert shares["long"] == pytest.approx(cumulative / total)


def test_a_part_that_the_profile_does_not_know_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(tmp_path / "profile")
    monkeypatch.setattr(training_speed, "PARTS", {"backward": [("nowhere.py", "renamed")]})
    with pytest.raises(SystemExit, match="nothing of backward"):
        measure_parts(tmp_path / "profile")
