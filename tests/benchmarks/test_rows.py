"""Rows of the benchmarks' table."""

import json

import pytest

from benchmarks.rows import Row, print_report


@pytest.mark.parametrize(
    ("row", "ratios", "goal", "met"),
    [
        (Row("rate", "photos a second", [20, 30], [10, 10], at_least=2), [2, 3], "≥ 2 times", True),
        (Row("time", "s", [1, 4], [4, 4], at_least=2.6), [4, 1], "≥ 2.6 times", False),
        (Row("size", "bytes", [1.0], [50], at_most=0.02), [0.02], "≤ 0.02 times", True),
        (Row("alone", "s", [41, 30, 42], at_most=41), [41, 30, 42], "≤ 41 s", True),
    ],
)
def test_a_goal_is_about_the_median_of_the_ratios(
    row: Row, ratios: list[float], goal: str, met: bool
) -> None:
    assert row.ratios == ratios
    assert row.is_met is met
    assert row.goal == goal


def test_a_report_holds_every_figure(capsys: pytest.CaptureFixture[str]) -> None:
    print_report([Row("time", "s", [1, 2], [4, 4], at_least=2)], photos=7)
    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert report["photos"] == 7
    assert Row(**report["rows"][0]).ratios == [4, 2]
    assert printed.err == "time: 1.5 against 4 s, n=2; 3 (2 to 4), goal ≥ 2 times: met\n"
