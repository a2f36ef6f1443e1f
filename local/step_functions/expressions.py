"""Reads the text of each JSONata expression once, however many states evaluate it.

Reading takes longer than evaluating, and a photo's execution evaluates forty of them.
"""

from functools import lru_cache
from typing import Any

from jsonata.parser import Parser
from jsonata.regex_engine import default_regex_engine

from local.patching import find_original, replace

EXPRESSIONS = 2_048
"""How many of them are kept."""


def install() -> None:
    """Replaces the parser's method; nothing that evaluates an expression changes what it returns."""
    parse = find_original(Parser, "parse")

    @lru_cache(EXPRESSIONS)
    def parse_once(expression: str, regex_engine: Any = default_regex_engine) -> Any:
        return parse(Parser(), expression, regex_engine)

    replace(Parser, "parse", lambda _parser, *given: parse_once(*given))
