"""JSONata expressions on the embedded cloud."""

from typing import Any

import pytest
from jsonata.jexception import JException
from jsonata.jsonata import Jsonata
from jsonata.parser import Parser

from local.step_functions import expressions


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Installs the reading once; returns the texts that were read."""
    texts: list[str] = []
    parse = Parser.parse

    def note(parser: Parser, text: str, *rest: Any) -> Any:
        texts.append(text)
        return parse(parser, text, *rest)

    monkeypatch.setattr(Parser, "parse", note)
    expressions.install()
    return texts


def evaluate(text: str, **variables: Any) -> Any:
    return Jsonata.jsonata(text, timeout=1000).evaluate(None, variables)


def test_an_expression_is_read_once_and_evaluated_with_what_it_is_given_each_time(read: list[str]) -> None:
    text = "$map($photos, function($photo) { $photo.key & '!' })"
    assert evaluate(text, photos=[{"key": "a"}, {"key": "b"}]) == ["a!", "b!"]
    assert evaluate(text, photos=[{"key": "c"}, {"key": "d"}]) == ["c!", "d!"]
    assert evaluate("$photo.key", photo={"key": "e"}) == "e"
    assert read == [text, "$photo.key"]


def test_what_cannot_be_read_is_refused_each_time(read: list[str]) -> None:
    for _ in range(2):
        with pytest.raises(JException):
            evaluate("$photo.")
    assert read == ["$photo."] * 2
