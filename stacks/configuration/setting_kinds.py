"""The kinds of settings: how each is read, from JSON or the text that ``-c`` gives, and what it allows."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, field
from typing import Any


class SettingError(ValueError):
    """A setting has a value that cannot be; the message is one line for the user."""


def kind(parse: Callable[[Any], Any], allowed: str) -> dict[str, Any]:
    """Returns the metadata of a dataclass field that is a setting.

    Args:
        parse: Turns a JSON value, or the text of one, into the setting's type; raises ValueError if it is not
            allowed. Its own result goes through it unchanged.
        allowed: What is allowed, to follow "it must be".
    """
    return {"parse": parse, "allowed": allowed}


def checked(entry: "Field[Any]", value: Any) -> Any:
    """Returns a value of a setting in the setting's type.

    Raises:
        SettingError: It is not allowed.
    """
    try:
        return entry.metadata["parse"](value)
    except ValueError:
        shown = json.dumps(value, default=str)
        shown = shown if len(shown) <= 100 else f"{shown[:97]}..."
        raise SettingError(
            f"Setting '{entry.name}' is {shown}: it must be {entry.metadata['allowed']}"
        ) from None


def text(default: str, pattern: str, allowed: str) -> Any:
    """A text that matches a pattern as a whole."""

    def parse(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError
        return value

    return field(default=default, metadata=kind(parse, allowed))


def choice(default: Any, *choices: Any) -> Any:
    """One of some texts or whole numbers."""

    def parse(value: Any) -> Any:
        for allowed in choices:
            if str(value) == str(allowed):
                return allowed
        raise ValueError

    return field(default=default, metadata=kind(parse, "one of " + ", ".join(map(str, choices))))


def whole_number(default: int, low: int, high: int, of: str = "") -> Any:
    """A whole number between bounds, of days or seconds if so said."""

    def parse(value: Any) -> int:
        if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", str(value)):
            raise ValueError
        if not low <= (number := int(value)) <= high:
            raise ValueError
        return number

    unit = f" of {of}" if of else ""
    return field(default=default, metadata=kind(parse, f"a whole number{unit} from {low} to {high}"))


def share(default: float, *, bounds_included: bool) -> Any:
    """A number from 0 to 1, with or without these two."""

    def parse(value: Any) -> float:
        if not _is_text_or_number(value):
            raise ValueError
        number = float(value)
        if not (0 <= number <= 1 if bounds_included else 0 < number < 1):
            raise ValueError
        return number

    allowed = "a number from 0 to 1" if bounds_included else "a number above 0 and below 1"
    return field(default=default, metadata=kind(parse, allowed))


def share_or_word(default: float, word: str) -> Any:
    """A number from 0 to 1, or a word."""
    of_shares = share(default, bounds_included=True).metadata

    def parse(value: Any) -> float | str:
        return word if value == word else of_shares["parse"](value)

    return field(default=default, metadata=kind(parse, f"{of_shares['allowed']}, or {word}"))


def truth(default: bool) -> Any:
    """True or false."""

    def parse(value: Any) -> bool:
        if str(value).lower() not in ("true", "false"):
            raise ValueError
        return str(value).lower() == "true"

    return field(default=default, metadata=kind(parse, "true or false"))


def names(default: tuple[str, ...], pattern: str, allowed: str) -> Any:
    """Two or more different names, as a JSON list or separated by commas."""

    def parse(value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            value = json.loads(value) if value.lstrip().startswith("[") else value.split(",")
        if not isinstance(value, list | tuple) or not all(isinstance(name, str) for name in value):
            raise ValueError
        stripped = tuple(name.strip() for name in value)
        if not len(stripped) == len(set(stripped)) >= 2:
            raise ValueError
        if not all(re.fullmatch(pattern, name) for name in stripped):
            raise ValueError
        return stripped

    return field(default=default, metadata=kind(parse, allowed))


def strings_by_name(allowed: str) -> Any:
    """A JSON object of texts, numbers and nulls; numbers become the texts that they are written as."""

    def parse(value: Any) -> dict[str, str | None]:
        if isinstance(value, str):
            value = json.loads(value)
        if not isinstance(value, Mapping):
            raise ValueError
        if not all(v is None or _is_text_or_number(v) for v in value.values()):
            raise ValueError
        return {str(name): None if v is None else str(v) for name, v in value.items()}

    return field(default_factory=dict, metadata=kind(parse, allowed))


def _is_text_or_number(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)
