"""How answers are read: a key each from a terminal, a line each from a script."""

import io
import os
import pty
import termios
from collections.abc import Iterator
from typing import Any

import pytest

from console.reviews.terminal import keys
from console.reviews.terminal.keys import name_keys, open_answers


@pytest.fixture
def terminal() -> Iterator[tuple[int, Any]]:
    """A terminal: where its keys are pressed, and the stream that a program reads."""
    pressing, read = pty.openpty()
    with os.fdopen(pressing, "wb"), os.fdopen(read, "r") as stream:
        yield pressing, stream


def test_classes_have_digits_then_letters_that_mean_nothing_else() -> None:
    few = name_keys(["bicycle", "motorcycle"])
    assert few == {"1": "bicycle", "2": "motorcycle"}
    many = name_keys([f"class-{number}" for number in range(31)])
    assert "".join(many) == "123456789abcdefghijklmoprtvwxyz"
    assert len(many) == 31


def test_more_classes_than_keys_have_numbers() -> None:
    names = [f"class-{number}" for number in range(1, 101)]
    assert name_keys(names) == {str(number): name for number, name in enumerate(names, 1)}


def test_each_key_of_a_terminal_is_an_answer_without_enter(terminal: tuple[int, Any]) -> None:
    pressing, stream = terminal
    former = termios.tcgetattr(stream.fileno())
    with open_answers(stream, ["1", "n"]) as read:
        os.write(pressing, b"1n\xc3\xa9")
        assert [read() for _ in range(3)] == ["1", "n", "é"]
        # Ctrl-C interrupts, Ctrl-D ends.
        assert termios.tcgetattr(stream.fileno())[3] & termios.ISIG
        os.write(pressing, b"\x04")
        assert read() is None
    assert termios.tcgetattr(stream.fileno()) == former


def test_the_terminal_is_as_it_was_after_an_error(terminal: tuple[int, Any]) -> None:
    _, stream = terminal
    former = termios.tcgetattr(stream.fileno())
    with pytest.raises(KeyboardInterrupt), open_answers(stream, ["1"]):
        assert termios.tcgetattr(stream.fileno()) != former
        raise KeyboardInterrupt
    assert termios.tcgetattr(stream.fileno()) == former


@pytest.mark.parametrize(("first", "rest"), [(b"\x1b[15~", b""), (b"\x1b", b"[15~"), (b"\x1b[1", b"5~")])
def test_the_digits_in_what_a_function_key_sends_are_no_answers(
    terminal: tuple[int, Any], monkeypatch: pytest.MonkeyPatch, first: bytes, rest: bytes
) -> None:
    pressing, stream = terminal
    steps = [rest] if rest else []

    def select(*_: Any) -> tuple[list[int], list[int], list[int]]:
        if steps:
            os.write(pressing, steps.pop())
            return [stream.fileno()], [], []
        os.write(pressing, b"2")
        return [], [], []

    monkeypatch.setattr(keys.select, "select", select)
    with open_answers(stream, ["1", "2"]) as read:
        os.write(pressing, first)
        assert read() == "2"


def test_with_more_classes_than_keys_a_terminal_reads_lines(terminal: tuple[int, Any]) -> None:
    pressing, stream = terminal
    with open_answers(stream, ["9", "10"]) as read:
        os.write(pressing, b"10\n")
        assert read() == "10"


def test_each_line_of_a_script_is_an_answer(capsys: pytest.CaptureFixture[str]) -> None:
    with open_answers(io.StringIO("1\n n \n\nq"), ["1"]) as read:
        assert [read() for _ in range(5)] == ["1", "n", "", "q", None]
    assert capsys.readouterr().out == "1\nn\n\nq\n\n"
