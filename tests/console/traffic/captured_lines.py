"""Lines of data capture, and the columns that the page makes of invocations."""

import base64
import json
import struct
from typing import Any

import numpy as np

from tests.console.server.page_client import Answer, PageClient


def line(inferences: Any, second: int = 0, picture: bytes | None = None, **metadata: str) -> dict[str, Any]:
    """Returns a captured invocation; it has no request without a picture."""
    captured: dict[str, Any] = {
        "endpointOutput": {"mode": "OUTPUT", "encoding": "JSON", "data": json.dumps(inferences)}
    }
    if picture is not None:
        data = base64.b64encode(picture).decode()
        captured["endpointInput"] = {"mode": "INPUT", "encoding": "BASE64", "data": data}
    moment = {"eventId": "1", "inferenceTime": f"2026-01-02T03:04:{second:02}Z"}
    return {"captureData": captured, "eventMetadata": moment | metadata, "eventVersion": "0"}


def encoded(*lines: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in lines)


def read_all(page: PageClient) -> dict[str, Any]:
    """Has the server read what is new, as the page does; returns what it says at the end."""
    progress: dict[str, Any] = page.ask("POST", "/api/invocations", None, b"").json
    while not progress["done"]:
        progress |= page.get(f"/api/invocations/{progress['source']}/progress").json
    return progress


def ask_columns(page: PageClient, source: str = "captured", **query: int) -> tuple[dict[str, Any], Any]:
    """Asks for the invocations of a source."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return columns(page.get(f"/api/invocations/{source}/columns?{asked}"))


def columns(answer: Answer) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Reads what the page reads, by the contract alone."""
    (length,) = struct.unpack_from("<I", answer.body)
    header = json.loads(answer.body[4 : 4 + length])
    place = (4 + length + 7) // 8 * 8
    found = {}
    for column in header["columns"]:
        dtype = np.dtype(column["dtype"][0] + str(int(column["dtype"][1:]) // 8)).newbyteorder("<")
        found[column["name"]] = np.frombuffer(answer.body, dtype, header["count"], place)
        place += (found[column["name"]].nbytes + 7) // 8 * 8
    assert place == len(answer.body)
    return header, found
