"""Asks the page's application as a browser would, without a socket."""

import asyncio
import io
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from PIL import Image
from starlette.types import ASGIApp, Message

TOKEN = "the-token-of-this-test"
HOST = "127.0.0.1:8080"


def png(shade: int) -> bytes:
    """Returns a small picture of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (shade, 90, 30)).save(buffer, "PNG")
    return buffer.getvalue()


@dataclass(frozen=True)
class Answer:
    """What the application answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class PageClient:
    """One browser with the page open."""

    application: ASGIApp
    runner: asyncio.Runner

    def get(self, path: str, headers: dict[str, str] | None = None) -> Answer:
        """Asks with the page's own headers, except for those given; an empty one is left out."""
        return self.ask("GET", path, headers, b"")

    def ask(self, method: str, path: str, headers: dict[str, str] | None, body: bytes) -> Answer:
        """Asks and waits until the answer has ended."""
        sent = {"host": HOST, "authorization": f"Bearer {TOKEN}", "sec-fetch-site": "same-origin"}
        sent |= headers or {}
        sent = {name: value for name, value in sent.items() if value}
        return self.runner.run(self._ask(method, path, sent, body))

    async def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        raw_path, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.1"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(raw_path),
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "server": ("127.0.0.1", 8080),
            "client": ("127.0.0.1", 50000),
        }
        parts = [body[start : start + 65536] for start in range(0, len(body), 65536)] or [b""]
        requests: list[Message] = [
            {"type": "http.request", "body": part, "more_body": number < len(parts)}
            for number, part in enumerate(parts, 1)
        ]
        answers: list[Message] = []

        async def receive() -> Message:
            if requests:
                return requests.pop(0)
            # A browser that goes on listening.
            return await asyncio.get_running_loop().create_future()

        async def send(message: Message) -> None:
            answers.append(message)

        await self.application(scope, receive, send)
        return Answer(
            answers[0]["status"],
            {name.decode(): value.decode() for name, value in answers[0]["headers"]},
            b"".join(answer.get("body", b"") for answer in answers[1:]),
        )
