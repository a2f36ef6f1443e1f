"""Filter patterns match the log events that AWS's documentation says they match, and no others."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.cloudwatch.filter_patterns import PatternError, compile_pattern

EVENT = {
    "level": "ERROR",
    "message": 'said "no" at 10*2',
    "latency": 120.5,
    "code": 404,
    "retried": True,
    "cause": None,
    "detail-type": "photo",
    "a.b": {"c d": "e"},
    "source": {"ip": "123.123.7.9", "ports": [80, 443]},
    "photos": [{"class": "bicycle"}, {"class": "motorcycle"}],
}


def matches(pattern: str, event: Any = EVENT) -> bool:
    return compile_pattern(pattern)(json.dumps(event))


@pytest.mark.parametrize(
    ("pattern", "lines"),
    [
        ("", "abcd"),
        (" ", "abcd"),
        ('""', "abcd"),
        ("ERROR", "ab"),
        ("error", ""),
        ("ERROR REQUEST", "ab"),
        ("REQUEST 400", "a"),
        ('"BAD REQUEST"', "a"),
        ("?400 ?401", "ab"),
        ('?"BAD REQUEST" ?WARN', "ac"),
        ("ERROR -400", "b"),
        ('-"BAD REQUEST"', "bcd"),
        ("?WARN ERROR", "ab"),
        ("%AUTHORIZED%", "bd"),
        (r"%\[ERROR 40[01]\]%", "ab"),
        ("REQUEST -%[0-9]{3}%", "d"),
    ],
)
def test_terms_are_found_wherever_they_stand_in_a_line(pattern: str, lines: str) -> None:
    log = {
        "a": "[ERROR 400] BAD REQUEST",
        "b": "[ERROR 401] UNAUTHORIZED REQUEST",
        "c": "[WARN 300] slow",
        "d": "AUTHORIZED REQUEST",
    }
    match = compile_pattern(pattern)
    assert "".join(name for name, line in log.items() if match(line)) == lines


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.level = "ERROR" }',
        "{$.level=ERROR}",
        "{ $.level = E*R }",
        '{ $.level = "*" }',
        "{ $.level != WARN }",
        "{ $.code = 404 }",
        "{ $.code = 4* }",
        "{ $.code != 400 }",
        "{ $.latency > 120 }",
        "{ $.latency <= 1.205e2 }",
        "{ $.code >= 404 }",
        "{ $.source.ip = 123.123.* }",
        "{ $.source.ports[1] = 443 }",
        "{ $.source.ports[*] = 80 }",
        '{ $.photos[*].class = "motorcycle" }',
        "{ $.detail-type = photo }",
        "{ $.['a.b']['c d'] = e }",
        '{ $["a.b"].["c d"] = e }',
        r'{ $.message = "said \"no\" at 10\*2" }',
        "{ $.cause IS NULL }",
        "{ $.retried IS TRUE }",
        "{ $.absent NOT EXISTS }",
        "{ $.level = %^ERR% }",
        "{ $.level = WARN || $.code = 404 && $.retried IS TRUE }",
        "{ ($.level = WARN || $.code = 404) && ($.latency < 200) }",
        "{ ($.level = ERROR) && ($.cause IS NULL) }",
    ],
)
def test_a_condition_that_holds_matches(pattern: str) -> None:
    assert matches(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "{ $.level = error }",
        "{ $.level = ERR }",
        "{ $.level != E* }",
        "{ $.absent = * }",
        "{ $.absent != x }",
        "{ $.level > 1 }",
        "{ $.code < 404 }",
        "{ $.source = * }",
        "{ $.source.ports[2] = 80 }",
        "{ $.level IS NULL }",
        "{ $.retried IS FALSE }",
        "{ $.cause NOT EXISTS }",
        r'{ $.message = "said \"no\" at 10\*3" }',
        "{ ($.level = ERROR || $.code = 404) && $.retried IS FALSE }",
        "{ $.level = WARN && $.code = 404 || $.latency < 1 }",
    ],
)
def test_a_condition_that_does_not_hold_does_not_match(pattern: str) -> None:
    assert not matches(pattern)


@pytest.mark.parametrize("line", ["", "ERROR", "level=ERROR", '"ERROR"', "{", "null", "[" * 100_000])
def test_a_line_that_is_no_json_matches_no_condition(line: str) -> None:
    assert not compile_pattern("{ $.level NOT EXISTS && $.level = ERROR }")(line)
    assert not compile_pattern("{ $.level = * }")(line)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("error:", "Invalid character(s) in term ':'"),
        ("?Status: timeout", "Invalid character(s) in term ':'"),
        ('"open', "Invalid character(s) in term"),
        ("{ $.level = ERROR", "must end with '}'"),
        ("{ }", "is missing"),
        ("{ $.level }", "a comparison of $.level is missing"),
        ("{ $.level = }", "what $.level is compared with is missing"),
        ("{ $.level == ERROR }", "is not compared with a value"),
        ("{ level = ERROR }", "'level' is no property"),
        ("{ $level = ERROR }", "Invalid character(s) in term '$level"),
        ("{ $.level = ERROR, $.code = 1 }", "Invalid character(s) in term ','"),
        ("{ $.code > many }", "take a number, not 'many'"),
        ("{ $.code IS SET }", "not IS SET"),
        ("{ $.code NOT NULL }", "EXISTS is missing after NOT"),
        ("{ ($.code = 1 }", "a '(' is not closed"),
        ("{ $.code = 1 ) }", "')' was not expected"),
        ("{ $.code = 1 $.code = 2 }", "was not expected"),
        ("%(a|b)%", "Invalid regex"),
        ("[ip, user, status = 4*]", "no space-delimited patterns"),
        ("x" * 1025, "at most 1024 characters"),
    ],
)
def test_what_is_no_pattern_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    with pytest.raises(PatternError) as caught:
        compile_pattern(pattern)
    assert reason in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_a_pattern_or_is_refused_in_one_line(text: str) -> None:
    try:
        match = compile_pattern(text)
    except PatternError as error:
        assert len(str(error)) < 200
    else:
        assert match("a line") in (True, False)


@given(st.text("ab*\\", max_size=12), st.text("ab*\\", max_size=12))
def test_a_string_in_quotes_is_the_string_itself_once_its_signs_are_escaped(text: str, other: str) -> None:
    escaped = text.replace("\\", "\\\\").replace("*", "\\*")
    match = compile_pattern(f'{{ $.a = "{escaped}" }}')
    assert match(json.dumps({"a": text}))
    assert match(json.dumps({"a": other})) == (text == other)


def test_many_asterisks_take_no_time_to_speak_of() -> None:
    assert not matches("{ $.a = " + "*a" * 400 + "b }", {"a": "a" * 100_000})
