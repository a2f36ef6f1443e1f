"""Growth: exponents, the table of medians, and the picture of them."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.growth.curve import Curve, fit_exponent, format_figure, format_table
from benchmarks.growth.drawing import draw

SIZES = (10, 100, 1000)


@given(exponent=st.floats(-2, 3), scale=st.floats(1e-3, 1e3))
def test_the_exponent_of_a_power_is_found(exponent: float, scale: float) -> None:
    assert fit_exponent(SIZES, [scale * size**exponent for size in SIZES]) == pytest.approx(
        exponent, abs=1e-9
    )


def test_what_is_there_at_any_size_counts_least_among_the_largest_sizes() -> None:
    curve = Curve("seconds", SIZES, [[50 + size] for size in SIZES])
    assert curve.exponent < curve.last_exponent < 1


def test_one_round_that_was_disturbed_does_not_move_a_median() -> None:
    assert Curve("seconds", SIZES, [[1, 90, 1.1], [2, 2, 2], [3, 4, 5]]).medians == [1.1, 2, 4]


@pytest.mark.parametrize(
    ("figure", "text"),
    [(0.01234, "0.0123"), (0.5, "0.500"), (1.234, "1.23"), (56.78, "56.8"), (1234.5, "1,234"), (0, "0")],
)
def test_a_figure_has_three_digits_that_count(figure: float, text: str) -> None:
    assert format_figure(figure) == text


def test_the_table_has_a_column_a_size_and_the_exponents() -> None:
    curves = [Curve("seconds", SIZES, [[1], [10], [100]]), Curve("MiB", SIZES, [[50], [50], [50]])]
    lines = format_table("photos", curves).splitlines()
    assert lines[0] == "| photos | 10 | 100 | 1,000 | exponent | of the last two |"
    assert lines[2] == "| seconds | 1.00 | 10.0 | 100 | 1.00 | 1.00 |"
    assert lines[3] == "| MiB | 50.0 | 50.0 | 50.0 | 0.00 | 0.00 |"
    assert {line.count("|") for line in lines} == {7}


def test_the_picture_is_small_and_the_same_for_the_same_figures(tmp_path: Path) -> None:
    curves = [
        Curve("seconds", SIZES, [[1, 2], [10, 11], [100, 120]]),
        Curve("MiB", SIZES, [[50], [51], [52]]),
    ]
    for name in ("one.svg", "other.svg"):
        draw(tmp_path / name, "photos", curves)
    content = (tmp_path / "one.svg").read_bytes()
    assert content == (tmp_path / "other.svg").read_bytes()
    assert len(content) < 30_000
    assert "photos" in "".join(ElementTree.fromstring(content).itertext())
