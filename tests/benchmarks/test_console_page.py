"""Rows of the page's benchmark."""

from benchmarks.console_page import make_rows


def test_the_first_view_is_held_to_half_of_what_pandas_takes() -> None:
    page = {"first": 2.0, "all": 9.0, "again": 1.0, "move": 20.0, "memory": 100.0}
    pandas = {"first": 5.0, "again": 4.0, "memory": 800.0, "rows": 7.0}
    first, everything, again, memory, move = make_rows([page], [pandas])
    assert (first.ratios, first.is_met) == ([0.4], True)
    assert (everything.ratios, everything.is_met) == ([1.8], False)
    assert (again.ratios, again.is_met) == ([0.25], True)
    assert (memory.ratios, memory.is_met) == ([0.125], True)
    assert (move.ratios, move.is_met) == ([20.0], True)
