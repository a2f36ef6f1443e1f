"""Reads the answers of a person in a terminal, a key each, and those of a script, a line each."""

import os
import select
import string
import termios
import tty
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

NONE, SKIP, UNDO, QUIT = "n", "s", "u", "q"
_CLASS_KEYS = "123456789" + "".join(sorted(set(string.ascii_lowercase) - {NONE, SKIP, UNDO, QUIT}))
_END_OF_INPUT = "\x04"
_ESCAPE = b"\x1b"
# What a terminal sends for one of its special keys comes at once.
_SEQUENCE_SECONDS = 0.05

Answers = Callable[[], str | None]
"""Returns the next answer; None where the input has ended."""


def name_keys(classes: Sequence[str]) -> dict[str, str]:
    """Returns the classes by their keys: digits and letters, or numbers if there are not enough of those."""
    if len(classes) <= len(_CLASS_KEYS):
        return dict(zip(_CLASS_KEYS, classes, strict=False))
    return {str(number): name for number, name in enumerate(classes, 1)}


@contextmanager
def open_answers(stream: TextIO, keys: Sequence[str]) -> Iterator[Answers]:
    """Gives a function that reads the answers to what has these keys, and leaves the terminal as it was.

    Args:
        stream: The input. Of a terminal each key is an answer, without Enter, if no key has two characters;
            otherwise each line is one.
        keys: All keys.
    """
    if not stream.isatty() or any(len(key) > 1 for key in keys):
        yield lambda: _read_line(stream)
        return
    terminal = stream.fileno()
    former = termios.tcgetattr(terminal)
    pressed: deque[str] = deque()
    try:
        # Ctrl-C still interrupts.
        tty.setcbreak(terminal)
        yield lambda: _read_key(terminal, pressed)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, former)


def _read_line(stream: TextIO) -> str | None:
    line = stream.readline()
    answer = line.strip() if line else None
    if not stream.isatty():
        _echo(answer)
    return answer


def _read_key(terminal: int, pressed: deque[str]) -> str | None:
    while not pressed:
        chunk = os.read(terminal, 64)
        if not chunk:
            return None
        # The digits in what an arrow or a function key sends are no answers.
        if _ESCAPE in chunk:
            while select.select([terminal], [], [], _SEQUENCE_SECONDS)[0] and os.read(terminal, 64):
                pass
        pressed.extend(chunk.partition(_ESCAPE)[0].decode(errors="replace"))
    key = pressed.popleft()
    answer = None if key == _END_OF_INPUT else key
    _echo(answer)
    return answer


def _echo(answer: str | None) -> None:
    """Prints what the terminal itself does not show."""
    print("" if answer is None else "".join(filter(str.isprintable, answer)), flush=True)
