"""Reads the attributes of a symbol's node, which are all strings; one that nobody reads is refused."""

import math
import re

from training.network.symbol import InvalidSymbol, Node

# Hints for speed, which change no result.
HINTS = {"workspace", "cudnn_tune", "cudnn_off"}
# What MXNet and its users leave beside the attributes of an operator, such as __init__.
HIDDEN_PREFIX = "__"
MAX_SIDE = 4096


class Attributes:
    """Reads a node's attributes, and remembers which are left to read."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._left = {
            key for key in node.attributes if key not in HINTS and not key.startswith(HIDDEN_PREFIX)
        }

    def _read(self, key: str, default: str | None) -> str:
        self._left.discard(key)
        value = self._node.attributes.get(key, default)
        if value is None:
            raise InvalidSymbol(f"node {self._node.name[:40]!r} of its symbol lacks {key}")
        return value

    def _build_refusal(self, key: str) -> InvalidSymbol:
        value = self._node.attributes.get(key, "")
        return InvalidSymbol(
            f"node {self._node.name[:40]!r} of its symbol has {key[:40]!r} {value[:40]!r}, not supported here"
        )

    def read_choice(self, key: str, default: str, *allowed: str) -> str:
        value = self._read(key, default)
        if value not in allowed:
            raise self._build_refusal(key)
        return value

    def read_flag(self, key: str, default: bool) -> bool:
        return self.read_choice(key, str(default), "True", "False", "1", "0") in ("True", "1")

    def read_number(self, key: str, default: str | None = None, least: float = -math.inf) -> float:
        text = self._read(key, default)
        try:
            value = float(text)
        except ValueError:
            raise self._build_refusal(key) from None
        if not math.isfinite(value) or value < least:
            raise self._build_refusal(key)
        return value

    def read_sides(self, key: str, default: str | None = None, count: int = 2) -> tuple[int, ...]:
        """Reads a tuple such as "(3, 3)" of numbers from 0 to ``MAX_SIDE``."""
        text = self._read_match(key, r"[(\[]([0-9, ]{1,80})[)\]]", default)
        numbers = tuple(int(part) for part in text.replace(" ", "").split(",") if part)
        if len(numbers) != count or max(numbers) > MAX_SIDE:
            raise self._build_refusal(key)
        return numbers

    def read_count(self, key: str, default: str | None = None) -> int:
        return int(self._read_match(key, "([1-9][0-9]{0,5})", default))

    def _read_match(self, key: str, pattern: str, default: str | None) -> str:
        """Returns the group of a regular expression that the whole text has to match."""
        found = re.fullmatch(pattern, self._read(key, default), re.ASCII)
        if not found:
            raise self._build_refusal(key)
        return found[1]

    def refuse_unread(self) -> None:
        if self._left:
            raise self._build_refusal(min(self._left))
