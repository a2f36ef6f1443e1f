"""Computes CloudWatch's metric math: arithmetic, comparisons, IF, FILL, and some more functions.

What it knows of the language is what the embedded cloud offers; anything else is refused.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from local.cloudwatch.metric_math.series import (
    EACH,
    UNITING,
    ExpressionError,
    Series,
    Value,
    choose,
    combine,
    fill,
    map_series,
    summarise,
    unite,
)

TOKEN = re.compile(
    r'\s*(?:(\d+\.?\d*|\.\d+)|([A-Za-z_]\w*)|"([^"]*)"|(==|!=|<=|>=|&&|\|\||[-+*/^()\[\],<>])|$)'
)
Operator = Callable[[float, float], float]
DEEPEST = 50
ARITHMETIC: dict[str, Operator] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
}
COMPARING: dict[str, Operator] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
LOGICAL: dict[str, Operator] = {
    **dict.fromkeys(("AND", "&&"), lambda one, other: bool(one) and bool(other)),
    **dict.fromkeys(("OR", "||"), lambda one, other: bool(one) or bool(other)),
}
LEVELS: tuple[dict[str, Operator], ...] = (
    {name: LOGICAL[name] for name in ("OR", "||")},
    {name: LOGICAL[name] for name in ("AND", "&&")},
    COMPARING,
    {name: ARITHMETIC[name] for name in "+-"},
    {name: ARITHMETIC[name] for name in "*/"},
)
"""The operators between two values, those that bind the least first."""
FILLINGS = ("REPEAT", "LINEAR")
FUNCTIONS = (*UNITING, *EACH, "IF", "FILL", "METRICS", "PERIOD")


@dataclass(frozen=True)
class Scope:
    """What an expression may name.

    Attributes:
        find: Returns the value of an id.
        metrics: The series of the metrics that are read, by id.
        period: Seconds of each period.
    """

    find: Callable[[str], Value]
    metrics: Callable[[], dict[str, Series]]
    period: int


def compute(expression: str, scope: Scope) -> Value:
    """Returns the value of an expression.

    Raises:
        ExpressionError: It has none, or the embedded cloud does not know what it uses.
    """
    reader = _Reader(expression, scope)
    value = reader.read_level(0)
    reader.take("")
    return value


class _Reader:
    """Reads an expression from left to right, and computes as it goes."""

    def __init__(self, text: str, scope: Scope) -> None:
        self._text, self._scope = text, scope
        self._tokens = list(self._split())
        self._depth = 0

    def _split(self) -> list[tuple[str, str]]:
        tokens, at = [], 0
        while at < len(self._text):
            match = TOKEN.match(self._text, at)
            if not match:
                raise ExpressionError(f"{self._text!r} cannot be read from {self._text[at : at + 20]!r} on")
            at = match.end()
            kinds = zip(("number", "name", "text", "sign"), match.groups(), strict=True)
            tokens += [(kind, token) for kind, token in kinds if token is not None]
        return [*tokens, ("end", "")][::-1]

    @property
    def _next(self) -> str:
        kind, token = self._tokens[-1]
        return "" if kind in ("text", "end") else token

    def take(self, expected: str) -> None:
        """Goes past a sign that must stand here; past the end there is nothing."""
        kind, token = self._tokens[-1]
        if kind == "text" or token != expected:
            found, wanted = token or "the end", expected or "the end"
            raise ExpressionError(f"{self._text!r} has {found} where {wanted} was expected")
        if token:
            self._tokens.pop()

    def read_level(self, level: int) -> Value:
        """Reads values with operators that bind as those of a level, or more."""
        if level == len(LEVELS):
            return self._read_sign()
        value = self.read_level(level + 1)
        while (name := self._next) in LEVELS[level]:
            self._tokens.pop()
            value = combine(LEVELS[level][name], value, self.read_level(level + 1), fills=level < 3)
        return value

    def _read_sign(self) -> Value:
        # Each nesting passes here.
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError(f"{self._text[:40]!r}... is nested too deeply")
        if self._next == "-":
            self._tokens.pop()
            value = combine(operator.sub, 0.0, self._read_sign())
        else:
            value = self._read_operand()
            if self._next == "^":
                self._tokens.pop()
                value = combine(operator.pow, value, self._read_sign())
        self._depth -= 1
        return value

    def _read_operand(self) -> Value:
        kind, token = self._tokens.pop()
        if kind == "number":
            return float(token)
        if (kind, token) == ("sign", "("):
            value = self.read_level(0)
            self.take(")")
            return value
        if (kind, token) == ("sign", "["):
            return unite(self._text, self._read_list("]"))
        if kind == "name" and self._next == "(":
            self._tokens.pop()
            return self._call(token)
        if kind == "name":
            return self._scope.find(token)
        raise ExpressionError(f"{self._text!r} has {token or 'its end'} where a value was expected")

    def _read_list(self, end: str) -> list[Value]:
        values: list[Value] = []
        while self._next != end:
            if values:
                self.take(",")
            values.append(self.read_level(0))
        self.take(end)
        return values

    def _call(self, name: str) -> Value:
        if name == "METRICS":
            part = self._tokens.pop()[1] if self._tokens[-1][0] == "text" else ""
            self.take(")")
            return tuple(series for id_, series in self._scope.metrics().items() if part in id_)
        if name == "FILL":
            filled = self.read_level(0)
            self.take(",")
            how = self._tokens.pop()[1] if self._next in FILLINGS else self.read_level(0)
            self.take(")")
            return map_series(lambda series: fill(series, how), filled, "FILL")
        arguments = self._read_list(")")
        if name == "IF" and len(arguments) in (2, 3):
            return choose(*arguments)
        if len(arguments) == 1:
            (argument,) = arguments
            if name in UNITING:
                return summarise(UNITING[name], argument)
            if name in EACH:
                each = EACH[name]
                return combine(lambda one, _other: each(one), argument, 0.0)
            if name == "PERIOD":
                return float(self._scope.period)
        if name in FUNCTIONS:
            raise ExpressionError(f"{name} does not take {len(arguments)} values")
        raise ExpressionError(f"{name} is no function of the embedded cloud's; it has {', '.join(FUNCTIONS)}")
