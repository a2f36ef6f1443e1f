"""Puts a server of this machine at a distance: all that it answers arrives later, as from a data centre.

To connect takes no longer, and what is on its way is not bounded.
"""

import asyncio
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

PIECE = 1 << 16


@contextmanager
def put_at_distance(port: int, seconds: float) -> Iterator[int]:
    """Gives a port of 127.0.0.1 that leads to another one, whose answers come so many seconds later."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    begun: queue.SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = queue.SimpleQueue()

    async def connect(asked: asyncio.StreamReader, answered: asyncio.StreamWriter) -> None:
        with closing(answered), suppress(ConnectionError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with closing(writer):
                await asyncio.gather(_hand_on(asked, writer, 0), _hand_on(reader, answered, seconds))

    async def serve() -> None:
        ended = asyncio.Event()
        begun.put((asyncio.get_running_loop(), ended))
        server = await asyncio.start_server(connect, sock=listening)
        await ended.wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    loop, ended = begun.get()
    try:
        yield listening.getsockname()[1]
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    # When each piece arrives: those that follow one another closely do so at the other end, too.
    on_its_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    async def read() -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(PIECE):
                on_its_way.put_nowait((loop.time() + seconds, piece))
        on_its_way.put_nowait((loop.time() + seconds, b""))

    async def deliver() -> None:
        with suppress(ConnectionError):
            while True:
                arrives, piece = await on_its_way.get()
                await asyncio.sleep(arrives - loop.time())
                if not piece:
                    writer.write_eof()
                    return
                writer.write(piece)
                await writer.drain()

    await asyncio.gather(read(), deliver())
