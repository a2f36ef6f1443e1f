"""What a request brings along is read within bounds of size and time."""

import asyncio
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from console.server import responses
from console.server.responses import read_json


def read(*chunks: bytes, ends: bool = True) -> dict[str, Any]:
    """Returns the object in a body that arrives in chunks, of which the last may never come."""
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if ends:
        messages[-1]["more_body"] = False

    async def receive() -> Any:
        return messages.pop(0) if messages else await asyncio.get_running_loop().create_future()

    return asyncio.run(read_json(Request({"type": "http"}, receive), 20))


def test_an_object_is_read() -> None:
    assert read(b'{"a": ', b"1}") == {"a": 1}


@pytest.mark.parametrize(
    ("body", "status"), [(b"{" * 21, 413), (b"[]", 400), (b"{", 400), (b"", 400), (b"\xff", 400)]
)
def test_anything_else_is_refused(body: bytes, status: int) -> None:
    with pytest.raises(HTTPException) as refused:
        read(body)
    assert refused.value.status_code == status


def test_a_body_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "BODY_SECONDS", 0.01)
    with pytest.raises(HTTPException) as refused:
        read(b'{"a": ', ends=False)
    assert refused.value.status_code == 408
