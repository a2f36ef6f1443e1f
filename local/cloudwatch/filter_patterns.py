"""Compiles CloudWatch Logs' filter patterns: terms, phrases and regular expressions, or conditions on JSON.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import json
import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

Matcher = Callable[[str], bool]
Condition = Callable[[Any], bool]
CHARACTERS = 1024
TERM = re.compile(r'\s*([?-]?)(?:"((?:[^"\\]|\\.)*)"|%([^%]*)%|([^\s"%]+))')
#: The tokens of a condition: a property, a string, an expression, an operator, a word.
TOKEN = re.compile(
    r"""\s*(?:(?P<property>\$(?:\.[\w-]+|\.?\['[^']*'\]|\.?\["[^"]*"\]|\[(?:\d+|\*)\])+)"""
    r"""|"(?P<string>(?:[^"\\]|\\.)*)"|%(?P<expression>[^%]*)%"""
    r"""|(?P<operator>&&|\|\||!=|<=|>=|[=<>()])|(?P<word>[^\s"%=<>()&|!,:;$]+))"""
)
STEP = re.compile(r"""\.([\w-]+)|\.?\['([^']*)'\]|\.?\["([^"]*)"\]|\[(\d+|\*)\]""")
NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
EXPRESSION = re.compile(r"(?:[\w#=@/;,:^$?\[\]{}|*+.\- ]|\\.)+", re.ASCII)
ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class PatternError(ValueError):
    """A filter pattern is not one; the message says why."""


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> Matcher:
    """Returns the function that tells which messages a pattern matches.

    Raises:
        PatternError: It is no filter pattern, or one that the embedded cloud does not have.
    """
    if len(pattern) > CHARACTERS:
        raise PatternError(f"A filter pattern has at most {CHARACTERS} characters")
    text = pattern.strip()
    if text.startswith("{"):
        if not text.endswith("}"):
            raise PatternError("If a filter pattern starts with '{' it must end with '}'")
        return _match_json(_Conditions(text[1:-1]).parse())
    if text.startswith("["):
        raise PatternError(
            "Invalid filter pattern: the embedded cloud has no space-delimited patterns ([...]); use terms, "
            "or conditions on JSON ({ $.field = value })"
        )
    return _compile_terms(text)


def find_values(property_: str, document: Any) -> list[Any]:
    """Returns the values that a property such as ``$.a.b[0]`` has in a document; ``[*]`` may have many."""
    found = [document]
    for match in STEP.finditer(property_):
        name = next((group for group in match.groups()[:3] if group is not None), None)
        if name is not None:
            found = [value[name] for value in found if isinstance(value, dict) and name in value]
        elif match[4] == "*":
            found = [item for value in found if isinstance(value, list) for item in value]
        else:
            index = int(match[4])
            found = [value[index] for value in found if isinstance(value, list) and index < len(value)]
    return found


def read_json(message: str) -> Any:
    """Returns a message's JSON; None where it is none."""
    try:
        return json.loads(message)
    except (ValueError, RecursionError):
        return None


def _match_json(condition: Condition) -> Matcher:
    def match(message: str) -> bool:
        document = read_json(message)
        return isinstance(document, dict | list) and condition(document)

    return match


def _compile_terms(text: str) -> Matcher:
    wanted: list[Matcher] = []
    optional: list[Matcher] = []
    unwanted: list[Matcher] = []
    groups = {"": wanted, "?": optional, "-": unwanted}
    end = 0
    while end < len(text):
        match = TERM.match(text, end)
        if match is None:
            raise PatternError(f"Invalid character(s) in term '{text[end:].split()[0][:20]}'")
        sign, phrase, expression, word = match.groups()
        if expression is not None:
            groups[sign].append(_compile_expression(expression))
        elif word is not None:
            groups[sign].append(_contain(_check_word(word)))
        else:
            groups[sign].append(_contain(_unescape(phrase)))
        end = match.end()
    # As AWS documents it: beside other terms, those with a question mark count for nothing.
    any_of = [] if wanted or unwanted else optional

    def match_terms(message: str) -> bool:
        return (
            all(term(message) for term in wanted)
            and not any(term(message) for term in unwanted)
            and (not any_of or any(term(message) for term in any_of))
        )

    return match_terms


def _contain(term: str) -> Matcher:
    return lambda message: term in message


def _check_word(word: str) -> str:
    if bad := re.search(r"\W+", word):
        raise PatternError(f"Invalid character(s) in term '{bad[0]}'")
    return word


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _compile_expression(expression: str) -> Matcher:
    """Returns the search for a regular expression, of which AWS takes a part of the usual syntax."""
    try:
        if not EXPRESSION.fullmatch(expression):
            raise re.error("a character that is not supported")
        compiled = re.compile(expression, re.ASCII)
    except re.error as error:
        raise PatternError(f"Invalid regex '%{expression[:40]}%': {error}") from None
    return lambda text: compiled.search(text) is not None


class _Conditions:
    """Parses what stands between the braces of a pattern for JSON."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        end = 0
        while end < len(text.rstrip()):
            match = TOKEN.match(text, end)
            if match is None or match.lastgroup is None:
                raise PatternError(f"Invalid character(s) in term '{text[end:].split()[0][:20]}'")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            end = match.end()

    def parse(self) -> Condition:
        condition = self._parse_any()
        if self._tokens:
            raise PatternError(f"Invalid filter pattern: '{self._tokens[0][1]}' was not expected")
        return condition

    def _parse_any(self) -> Condition:
        conditions = [self._parse_all()]
        while self._take("operator", "||"):
            conditions.append(self._parse_all())
        return lambda document: any(condition(document) for condition in conditions)

    def _parse_all(self) -> Condition:
        conditions = [self._parse_one()]
        while self._take("operator", "&&"):
            conditions.append(self._parse_one())
        return lambda document: all(condition(document) for condition in conditions)

    def _parse_one(self) -> Condition:
        if self._take("operator", "("):
            condition = self._parse_any()
            if not self._take("operator", ")"):
                raise PatternError("Invalid filter pattern: a '(' is not closed")
            return condition
        kind, property_ = self._next("a property such as $.level")
        if kind != "property":
            raise PatternError(f"Invalid filter pattern: '{property_}' is no property such as $.level")
        if self._take("word", "NOT"):
            if not self._take("word", "EXISTS"):
                raise PatternError("Invalid filter pattern: EXISTS is missing after NOT")
            return lambda document: not find_values(property_, document)
        test = self._parse_test(property_)
        return lambda document: any(test(value) for value in find_values(property_, document))

    def _parse_test(self, property_: str) -> Condition:
        if self._take("word", "IS"):
            constants = {"NULL": None, "TRUE": True, "FALSE": False}
            _, word = self._next("NULL, TRUE or FALSE")
            if word not in constants:
                raise PatternError(f"Invalid filter pattern: IS NULL, IS TRUE or IS FALSE, not IS {word}")
            constant = constants[word]
            return lambda value: value is constant
        sign, comparison = self._next(f"a comparison of {property_}")
        kind, text = self._next(f"what {property_} is compared with")
        if sign != "operator" or kind not in ("word", "string", "expression"):
            raise PatternError(f"Invalid filter pattern: {property_} is not compared with a value")
        if comparison in ORDERS:
            return _compare_numbers(ORDERS[comparison], kind, text)
        if comparison not in ("=", "!="):
            raise PatternError(f"Invalid filter pattern: '{comparison}' is no comparison")
        equal = _compare_texts(kind, text)
        if comparison == "=":
            return equal
        return lambda value: _is_scalar(value) and not equal(value)

    def _next(self, expected: str) -> tuple[str, str]:
        if not self._tokens:
            raise PatternError(f"Invalid filter pattern: {expected} is missing")
        return self._tokens.pop(0)

    def _take(self, kind: str, text: str) -> bool:
        if self._tokens and self._tokens[0] == (kind, text):
            self._tokens.pop(0)
            return True
        return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float)


def _compare_numbers(order: Callable[[float, float], bool], kind: str, text: str) -> Condition:
    if kind != "word" or not NUMBER.fullmatch(text):
        raise PatternError(f"Invalid filter pattern: <, <=, > and >= take a number, not '{text}'")
    number = float(text)
    return lambda value: _is_number(value) and order(value, number)


def _compare_texts(kind: str, text: str) -> Condition:
    if kind == "expression":
        search = _compile_expression(text)
        return lambda value: _is_scalar(value) and search(_write(value))
    # An asterisk stands for any characters, in quotes as well, unless a backslash is before it.
    parts = [""]
    for piece in re.findall(r"\\.|[^\\]", text, re.DOTALL):
        if piece == "*":
            parts.append("")
        else:
            parts[-1] += piece[-1]
    number = float(text) if kind == "word" and NUMBER.fullmatch(text) else None

    def compare(value: Any) -> bool:
        if number is not None and _is_number(value):
            return bool(value == number)
        return _is_scalar(value) and _match_parts(parts, _write(value))

    return compare


def _match_parts(parts: list[str], text: str) -> bool:
    """Returns whether a text is made of these parts in order, with any characters between two of them."""
    first, *middle = parts
    if not middle:
        return text == first
    last = middle.pop()
    if not text.startswith(first) or not text[len(first) :].endswith(last):
        return False
    place, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


def _write(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
