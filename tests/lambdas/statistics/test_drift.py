"""The population stability index, by vectors that the page's own computation is held to as well."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2

from lambdas.statistics.drift import MAJOR, Shift, compare_counts, compare_values

VECTORS = json.loads(Path(__file__).with_name("drift_vectors.json").read_text())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_numbers_are_compared_in_the_baselines_deciles(vector: dict[str, Any]) -> None:
    shift = compare_values(vector["baseline"], vector["present"])

    assert shift.index == pytest.approx(vector["index"], abs=1e-5)
    assert shift.noise == pytest.approx(vector["noise"], rel=1e-3)
    assert shift.reading == vector["reading"]


def test_the_vectors_have_every_reading_and_one_that_is_chance_alone() -> None:
    assert {vector["reading"] for vector in VECTORS} == {"none", "some", "major"}
    assert any(vector["reading"] == "none" and vector["index"] > 0.25 for vector in VECTORS)


@pytest.mark.parametrize(("baseline", "present"), [(49, 500), (500, 49), (0, 0)])
def test_fewer_than_fifty_photos_on_either_side_are_not_judged(baseline: int, present: int) -> None:
    too_few = Shift(None, None, None, "too few")

    assert compare_values([0.5] * baseline, [0.9] * present) == too_few
    assert compare_counts([baseline, 0], [0, present]) == too_few


@pytest.mark.parametrize("bins", [2, 10, 11, 30, 300])
def test_the_noise_of_counts_is_chi_squareds_quantile_of_their_bins(bins: int) -> None:
    shift = compare_counts([20] * bins + [60], [10] * bins + [50])

    expected = chi2.ppf(0.95, bins) * (1 / (20 * bins + 60) + 1 / (10 * bins + 50))
    assert shift.noise == pytest.approx(expected, rel=1e-3)


def test_a_sample_of_the_baseline_is_above_the_noise_about_once_in_twenty() -> None:
    random = np.random.default_rng(7)
    above = 0
    for _ in range(400):
        counts = [random.multinomial(600, [0.25] * 4).tolist() for _ in range(2)]
        shift = compare_counts(*counts)
        assert shift.index is not None
        assert shift.noise is not None
        above += shift.index > shift.noise

    assert above == pytest.approx(20, abs=13)


@pytest.mark.parametrize("bins", [2, 5, 10, 30])
def test_what_chance_makes_once_in_two_thousand_is_chi_squareds_quantile_too(bins: int) -> None:
    shift = compare_counts([50] * bins, [40] * bins)

    expected = chi2.ppf(0.9995, bins - 1) * (1 / (50 * bins) + 1 / (40 * bins))
    assert shift.rare == pytest.approx(expected, rel=0.05)


def test_photos_like_the_baselines_are_rarely_a_major_shift_in_any_of_five_measures() -> None:
    """An alarm each week that means nothing is one that nobody reads."""
    random, alarms = np.random.default_rng(11), 0
    for _ in range(400):
        shifts = [
            compare_values(random.normal(size=100).tolist(), random.normal(size=200).tolist())
            for _ in range(5)
        ]
        alarms += any(
            shift.index > max(MAJOR, shift.rare)
            for shift in shifts
            if shift.index is not None and shift.rare is not None
        )

    assert alarms <= 4
