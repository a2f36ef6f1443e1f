"""Metric math gives what AWS's documentation says of its operators and functions."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cloudwatch.metric_math.expressions import Scope, compute
from local.cloudwatch.metric_math.series import ExpressionError, Series, Value

SERIES: dict[str, Series] = {
    "m1": [1.0, 2.0, None, 4.0],
    "m2": [2.0, None, None, 0.0],
    "none": [None] * 4,
}


def solve(expression: str) -> Value:
    def find(name: str) -> Value:
        if name not in SERIES:
            raise ExpressionError(f"{name} is no Id of these queries")
        return SERIES[name]

    return compute(expression, Scope(find, lambda: SERIES, 60))


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("-2 ^ 2", -4.0),
        ("8 / 2 / 2", 2.0),
        ("m1 * 10", [10.0, 20.0, None, 40.0]),
        ("m1 + m2", [3.0, None, None, 4.0]),
        ("m1 / m2", [0.5, None, None, None]),
        ("m1 > 1", [0.0, 1.0, None, 1.0]),
        # Where one of two series lacks a value, it is compared as 0.
        ("m1 > m2", [0.0, 1.0, None, 1.0]),
        ("m1 > 1 AND m1 < 4", [0.0, 1.0, None, 0.0]),
        ("m1 == 1 || m1 == 4", [1.0, 0.0, None, 1.0]),
        ("SUM(m1)", 7.0),
        ("AVG(m2)", 1.0),
        ("m1 / SUM(m1) * 7", [1.0, 2.0, None, 4.0]),
        ("SUM([m1, m2])", [3.0, 2.0, None, 4.0]),
        ('MAX(METRICS("m"))', [2.0, 2.0, None, 4.0]),
        ("SUM(METRICS())", [3.0, 2.0, None, 4.0]),
        ("FILL(m1, 0)", [1.0, 2.0, 0.0, 4.0]),
        ("FILL(m1, REPEAT)", [1.0, 2.0, 2.0, 4.0]),
        ("FILL(m1, LINEAR)", [1.0, 2.0, 3.0, 4.0]),
        ("FILL(none, 5)", [5.0, 5.0, 5.0, 5.0]),
        ("FILL(none, REPEAT)", [None] * 4),
        ("SUM(FILL(METRICS(), 1))", [4.0, 4.0, 3.0, 5.0]),
        ("IF(m1 > 1, m1, 0)", [0.0, 2.0, None, 4.0]),
        ("IF(m1 > 1, m1)", [None, 2.0, None, 4.0]),
        ("IF(1 > 2, m1, m2)", [2.0, None, None, 0.0]),
        ("IF(FILL(m2, 0) > 0, 1, m1)", [1.0, 2.0, None, 4.0]),
        ("ABS(0 - m1)", [1.0, 2.0, None, 4.0]),
        ("CEIL(m1 / 3)", [1.0, 1.0, None, 2.0]),
        ("m1 / PERIOD(m1) * 60", [1.0, 2.0, None, 4.0]),
    ],
)
def test_each_operator_and_function(expression: str, value: Value) -> None:
    assert solve(expression) == pytest.approx(value, nan_ok=True)


@pytest.mark.parametrize(
    ("expression", "word"),
    [
        ("", "where a value was expected"),
        ("1 +", "where a value was expected"),
        ("m1 m2", "m2"),
        ("(m1", "where ) was expected"),
        ("m3", "m3 is no Id"),
        ("RATE(m1)", "RATE is no function"),
        ("SUM(m1, m2)", "SUM does not take 2"),
        ("SUM(1)", "give a time series"),
        ("FILL(1, 0)", "FILL takes a time series"),
        ("FILL(m1, [m1])", "FILL fills with"),
        ("[m1, 1]", "other values than time series"),
        ("METRICS() + METRICS()", "two lists"),
        ("IF(METRICS(), 1, 0)", "no lists"),
        ("IF(1, m1)", "third value"),
        ("m1 $ 2", "cannot be read"),
        ("SELECT AVG(x) FROM y", "SELECT is no Id"),
        ("(" * 100 + "1" + ")" * 100, "too deeply"),
    ],
)
def test_what_cannot_be_computed_is_said_in_one_line(expression: str, word: str) -> None:
    with pytest.raises(ExpressionError, match=r"^[^\n]*$") as raised:
        solve(expression)
    assert word in str(raised.value)


@given(st.text('m12+-*/()[],<>=! "FILSUM.&|^', max_size=30))
def test_any_text_has_a_value_or_is_refused(text: str) -> None:
    try:
        value = solve(text)
    except ExpressionError:
        return
    series: Any = value if isinstance(value, tuple) else [value if isinstance(value, list) else [value]]
    assert all(one is None or isinstance(one, float) for numbers in series for one in numbers)


@given(
    st.recursive(
        st.sampled_from(["m1", "m2", "0", "1", "2.5"]),
        lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(
            lambda parts: f"({''.join(parts)})"
        ),
        max_leaves=8,
    )
)
def test_arithmetic_is_that_of_each_period(expression: str) -> None:
    value = solve(expression)
    for index in range(4):
        numbers = {name: SERIES[name][index] for name in ("m1", "m2")}
        if None in [numbers[name] for name in numbers if name in expression]:
            continue
        try:
            expected = float(eval(expression, {}, numbers))
        except ZeroDivisionError:
            continue
        found = value[index] if isinstance(value, list) else value
        assert found == pytest.approx(expected) or (isinstance(found, float) and math.isnan(found))
