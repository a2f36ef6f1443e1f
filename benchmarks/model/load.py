"""Sends images to a model server on this machine, as fast as it answers, over connections that stay open."""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass


class RequestFailed(RuntimeError):
    """The server answered with something else than 200; the text has the answer."""


@dataclass(frozen=True)
class Load:
    """What some clients measured together: the seconds of each request, and of all of them side by side."""

    latencies: list[float]
    seconds: float

    @property
    def throughput(self) -> float:
        """Requests a second, of all clients together."""
        return len(self.latencies) / self.seconds

    def percentile(self, percent: float) -> float:
        """Returns the seconds within which that share of the requests was answered."""
        return sorted(self.latencies)[math.ceil(percent / 100 * len(self.latencies)) - 1]


def send(port: int, images: Sequence[bytes], clients: int, seconds: float) -> Load:
    """Lets each client send one image after the other until the time is up.

    Raises:
        RequestFailed: An answer is not 200.
    """
    return asyncio.run(_send(port, images, clients, seconds))


async def _send(port: int, images: Sequence[bytes], clients: int, seconds: float) -> Load:
    connections = [await asyncio.open_connection("127.0.0.1", port) for _ in range(clients)]
    requests = [_build_request(image) for image in images]
    started = time.perf_counter()
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(
                    _send_in_turn(*connection, requests[first:] + requests[:first], started + seconds)
                )
                for first, connection in enumerate(connections)
            ]
    except* RequestFailed as failed:
        raise failed.exceptions[0] from None
    finally:
        for _, writer in connections:
            writer.close()
    return Load([latency for task in tasks for latency in task.result()], time.perf_counter() - started)


def _build_request(image: bytes) -> bytes:
    head = (
        "POST /invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-image\r\n"
        f"Content-Length: {len(image)}\r\n\r\n"
    )
    return head.encode() + image


async def _send_in_turn(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: Sequence[bytes], end: float
) -> list[float]:
    latencies: list[float] = []
    while (before := time.perf_counter()) < end:
        writer.write(requests[len(latencies) % len(requests)])
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = next(line for line in head.splitlines() if line.lower().startswith("content-length:"))
        body = await reader.readexactly(int(length.partition(":")[2]))
        latencies.append(time.perf_counter() - before)
        if not head.startswith("HTTP/1.1 200 "):
            raise RequestFailed(f"{head.splitlines()[0]}: {body[:200]!r}")
    return latencies
