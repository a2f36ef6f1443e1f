"""The values of metric math, and what its operators and functions make of them.

A value is a number, a time series, which is a list with a number or None for each period, or several series.
A number that could not be computed is NaN; in a series it is None.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import math
from collections.abc import Callable

Series = list[float | None]
Value = float | Series | tuple[Series, ...]

UNITING: dict[str, Callable[[list[float]], float]] = {
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
    "MIN": min,
    "MAX": max,
}
EACH: dict[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}


class ExpressionError(Exception):
    """What is wrong with an expression, in one line."""


def combine(
    operate: Callable[[float, float], float], one: Value, other: Value, *, fills: bool = False
) -> Value:
    """Returns what an operator makes of two values, each or one of which may be a series or several.

    Args:
        operate: The operator.
        one: The value on its left.
        other: The value on its right.
        fills: Whether a period that only one of two series has data for has 0 in the other.
    """
    if isinstance(one, tuple) and isinstance(other, tuple):
        raise ExpressionError("an operator cannot stand between two lists of series")
    if isinstance(one, tuple):
        return tuple(_combine_each(operate, series, other, fills) for series in one)
    if isinstance(other, tuple):
        return tuple(_combine_each(operate, one, series, fills) for series in other)
    if isinstance(one, list) or isinstance(other, list):
        return _combine_each(operate, one, other, fills)
    result = _operate(operate, one, other)
    return math.nan if result is None else result


def _combine_each(operate: Callable[[float, float], float], one: Value, other: Value, fills: bool) -> Series:
    left, right = _stretch(one, other), _stretch(other, one)
    both = fills and isinstance(one, list) and isinstance(other, list)
    result: Series = []
    for first, second in zip(left, right, strict=True):
        if both and (first is None) != (second is None):
            first, second = first or 0.0, second or 0.0
        result.append(None if first is None or second is None else _operate(operate, first, second))
    return result


def _stretch(value: Value, like: Value) -> Series:
    if isinstance(value, list):
        return value
    assert isinstance(value, float) and isinstance(like, list)
    return [None if math.isnan(value) else value] * len(like)


def _operate(operate: Callable[[float, float], float], one: float, other: float) -> float | None:
    try:
        result = operate(one, other)
    except (ArithmeticError, ValueError):
        return None
    # A root of a negative number is none of CloudWatch's values.
    return float(result) if not isinstance(result, complex) and math.isfinite(result) else None


def map_series(change: Callable[[Series], Series], value: Value, name: str) -> Value:
    """Returns what a function that is called by its name makes of each series of a value."""
    if isinstance(value, tuple):
        return tuple(change(series) for series in value)
    if isinstance(value, list):
        return change(value)
    raise ExpressionError(f"{name} takes a time series")


def unite(text: str, values: list[Value]) -> tuple[Series, ...]:
    """Returns the series of a list that an expression, given as text, has."""
    series = [value for value in values if isinstance(value, list)]
    if not series or len(series) < len(values):
        raise ExpressionError(f"{text!r} has a list of other values than time series")
    return tuple(series)


def summarise(unite: Callable[[list[float]], float], value: Value) -> Value:
    """Returns what a function makes of all values of a series, or of those of several in each period."""
    if isinstance(value, tuple):
        columns = [[number for number in column if number is not None] for column in zip(*value, strict=True)]
        return [float(unite(column)) if column else None for column in columns]
    if isinstance(value, list):
        present = [number for number in value if number is not None]
        return float(unite(present)) if present else math.nan
    raise ExpressionError("a number cannot be summarised; give a time series")


def choose(condition: Value, then: Value, otherwise: Value | None = None) -> Value:
    """Returns one value or another, period by period where the condition is a series."""
    if isinstance(condition, tuple) or isinstance(then, tuple) or isinstance(otherwise, tuple):
        raise ExpressionError("IF takes numbers and time series, no lists of them")
    if isinstance(condition, float):
        if otherwise is None:
            raise ExpressionError("IF needs a third value where its condition is a number")
        return otherwise if condition == 0 else then
    chosen = _stretch(then, condition)
    left = [None] * len(condition) if otherwise is None else _stretch(otherwise, condition)
    return [
        None if holds is None else one if holds else other
        for holds, one, other in zip(condition, chosen, left, strict=True)
    ]


def fill(series: Series, how: Value | str) -> Series:
    """Returns a series without gaps: filled with a number, another series, by REPEAT or by LINEAR."""
    if isinstance(how, float):
        return [how if value is None else value for value in series]
    if isinstance(how, list):
        return [other if value is None else value for value, other in zip(series, how, strict=True)]
    if not isinstance(how, str):
        raise ExpressionError("FILL fills with a number, a time series, REPEAT or LINEAR")
    filled, known = list(series), [index for index, value in enumerate(series) if value is not None]
    for before, after in zip(known, [*known[1:], None][: len(known)], strict=True):
        first = series[before] or 0.0
        if how == "REPEAT":
            for index in range(before + 1, len(series) if after is None else after):
                filled[index] = first
        elif after is not None:
            step = ((series[after] or 0.0) - first) / (after - before)
            for index in range(before + 1, after):
                filled[index] = first + step * (index - before)
    return filled
