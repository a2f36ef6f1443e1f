"""Reads the pickles of CIFAR-100 without trusting them: no code of the pickle's choosing ever runs.

``pickle.Unpickler`` with a ``find_class`` that allows NumPy's three names would not do: such a pickle calls
nothing else, but still ends the process. A memo index of 2^31, in six bytes, fills 32 GB of memory; NumPy's
``_reconstruct`` allocates whatever shape it is given; a deeply nested tuple that becomes a dictionary's key
overflows the C stack when it is hashed. So this reader knows only the instructions that Python 2 wrote into
CIFAR-100's files, and NumPy's names mean stand-ins that check.
"""

import io
import pickle
from collections.abc import Callable
from typing import IO, Any

import numpy as np
import numpy.typing as npt

# CIFAR-100's largest pickle has some 300,000.
MAX_INSTRUCTIONS = 3_000_000
# Its longest string holds 154 MB of pixels.
MAX_STRING_BYTES = 256 << 20
CHUNK = 1 << 16


class MalformedPickle(Exception):
    """The pickle is damaged, or holds what CIFAR-100's pickles do not; the message says what."""


class _Dtype:
    """Stands in for ``numpy.dtype``, and refuses all but unsigned bytes."""

    def __init__(self, code: Any, align: Any, copy: Any) -> None:
        if code != b"u1":
            raise MalformedPickle("it holds an array of something else than unsigned bytes")


class _Ndarray:
    """Stands in for ``numpy.ndarray``: checks the bytes that the pickle holds and takes them."""

    array: npt.NDArray[np.uint8]

    def set_state(self, version: Any, shape: Any, dtype: Any, fortran_order: Any, content: Any) -> None:
        if not isinstance(dtype, _Dtype) or not isinstance(content, bytes) or fortran_order is not False:
            raise MalformedPickle("it holds an array that is not plain rows of bytes")
        self.array = np.frombuffer(content, np.uint8).reshape(shape)


def _reconstruct(kind: Any, shape: Any, code: Any) -> _Ndarray:
    """Stands in for NumPy's function, which allocates whatever shape the pickle asks for."""
    if kind is not _Ndarray or shape != (0,):
        raise MalformedPickle("it makes an array in another way than NumPy does")
    return _Ndarray()


STAND_INS: dict[tuple[bytes, bytes], Callable[..., Any]] = {
    (b"numpy", b"ndarray"): _Ndarray,
    (b"numpy", b"dtype"): _Dtype,
    (b"numpy.core.multiarray", b"_reconstruct"): _reconstruct,
    (b"numpy._core.multiarray", b"_reconstruct"): _reconstruct,
}


def load(stream: IO[bytes]) -> dict[bytes, Any]:
    """Reads one pickled dictionary as Python 2 wrote it (protocol 2; opcodes as in ``pickletools``).

    Args:
        stream: The pickle; a read gives all that it asks for until the end, as one of a buffered file does.

    Returns:
        The dictionary: strings are ``bytes``, arrays are read-only views of uint8 in their pickled shape.

    Raises:
        MalformedPickle: It is damaged, or holds anything but what CIFAR-100's pickles hold.
    """
    try:
        content = _Reader(stream).run()
        if not isinstance(content, dict):
            raise MalformedPickle("it holds no dictionary")
        return {key: value.array if isinstance(value, _Ndarray) else value for key, value in content.items()}
    except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        # An instruction misses its operands, or they are of a kind that it does not work on.
        raise MalformedPickle(f"it is malformed ({type(error).__name__})") from None


class _Reader:
    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self) -> Any:
        for _ in range(MAX_INSTRUCTIONS):
            opcode = self._read(1)
            if opcode == pickle.STOP:
                return self.stack.pop()
            self._execute(opcode)
        raise MalformedPickle(f"it has more than {MAX_INSTRUCTIONS} instructions")

    def _execute(self, opcode: bytes) -> None:
        stack = self.stack
        match opcode:
            case pickle.BINPUT | pickle.LONG_BINPUT:
                self.memo[self._read_number(1 if opcode == pickle.BINPUT else 4)] = stack[-1]
            case pickle.BINGET | pickle.LONG_BINGET:
                stack.append(self.memo[self._read_number(1 if opcode == pickle.BINGET else 4)])
            case pickle.BININT1:
                stack.append(self._read_number(1))
            case pickle.BININT2:
                stack.append(self._read_number(2))
            case pickle.BININT:
                stack.append(self._read_number(4, signed=True))
            case pickle.SHORT_BINSTRING:
                stack.append(self._read(self._read_number(1)))
            case pickle.BINSTRING:
                stack.append(self._read(self._read_number(4)))
            case pickle.NONE:
                stack.append(None)
            case pickle.NEWTRUE | pickle.NEWFALSE:
                stack.append(opcode == pickle.NEWTRUE)
            case pickle.EMPTY_DICT:
                stack.append({})
            case pickle.EMPTY_LIST:
                stack.append([])
            case pickle.MARK:
                self.marks.append(len(stack))
            case pickle.TUPLE:
                stack.append(tuple(self._pop_to_mark()))
            case pickle.TUPLE1 | pickle.TUPLE2 | pickle.TUPLE3:
                stack.append(tuple(self._pop(ord(opcode) - ord(pickle.TUPLE1) + 1)))
            case pickle.APPENDS:
                items = self._pop_to_mark()
                stack[-1].extend(items)
            case pickle.SETITEMS:
                self._set_items(self._pop_to_mark())
            case pickle.GLOBAL:
                stack.append(self._find_stand_in())
            case pickle.REDUCE:
                function, arguments = self._pop(2)
                if function not in STAND_INS.values():
                    raise MalformedPickle("it calls something that is no function")
                stack.append(function(*arguments))
            case pickle.BUILD:
                self._build(*self._pop(2))
            case pickle.PROTO:
                self._read(1)
            case _:
                raise MalformedPickle(f"it uses the instruction {opcode!r}, unknown to CIFAR-100's pickles")

    def _read(self, length: int) -> bytes:
        # Nearly all is a byte or a name, and there are half a million of them.
        if length <= CHUNK:
            content = self.stream.read(length)
            if len(content) < length:
                raise MalformedPickle("it ends too early")
            return content
        if length > MAX_STRING_BYTES:
            raise MalformedPickle("it ends too early")
        # In pieces, because a stream may hold several copies of what is read at once, as ``tarfile``'s does.
        taken = io.BytesIO()
        while missing := length - taken.tell():
            if not (piece := self.stream.read(min(missing, CHUNK))):
                raise MalformedPickle("it ends too early")
            taken.write(piece)
        return taken.getvalue()

    def _read_number(self, length: int, *, signed: bool = False) -> int:
        return int.from_bytes(self._read(length), "little", signed=signed)

    def _pop(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise IndexError
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def _pop_to_mark(self) -> list[Any]:
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def _set_items(self, items: list[Any]) -> None:
        # Nothing else is hashed: a deeply nested tuple would overflow the C stack.
        keys, values = items[::2], items[1::2]
        if not all(isinstance(key, bytes) for key in keys):
            raise MalformedPickle("it holds a dictionary whose keys are not strings")
        self.stack[-1].update(zip(keys, values, strict=True))

    def _find_stand_in(self) -> Callable[..., Any]:
        module, name = (self.stream.readline(100).rstrip(b"\n") for _ in range(2))
        try:
            return STAND_INS[module, name]
        except KeyError:
            called = f"{module.decode('ascii', 'replace')}.{name.decode('ascii', 'replace')}"
            raise MalformedPickle(
                f"it calls {ascii(called)[:100]}, which has no business in a data set"
            ) from None

    def _build(self, target: Any, state: Any) -> None:
        if isinstance(target, _Ndarray):
            target.set_state(*state)
        elif not isinstance(target, _Dtype):
            raise MalformedPickle("it gives a state to something that is no array")
        self.stack.append(target)
