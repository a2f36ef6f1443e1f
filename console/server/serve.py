"""Serves the page on 127.0.0.1 until Ctrl-C or SIGTERM."""

import asyncio
import errno
import secrets
import signal
import socket
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette.applications import Starlette

from console.server.application import LIBRARIES, make_application
from evaluation.deployment import Deployment

ADDRESS = "127.0.0.1"
PORTS_TRIED = 20


def serve_page(deployment: Deployment, port: int) -> None:
    """Serves the page of a deployment and prints its address; returns at SIGTERM.

    Args:
        deployment: What the page shows.
        port: Where to listen; the next free one is taken if this one is in use.

    Raises:
        NotDeployed: There is no state machine.
        OSError: No port can be had, or ECharts is not installed.
        KeyboardInterrupt: Somebody pressed Ctrl-C.
    """
    for library in ("echarts", "lit-html"):
        if not (LIBRARIES / library).is_dir():
            raise OSError(f"{LIBRARIES / library} is not there: run make setup")
    with _listen(port) as listener:
        port = listener.getsockname()[1]
        hosts = [f"{ADDRESS}:{port}", f"localhost:{port}"]
        stop = asyncio.Event()
        application = make_application(deployment, secrets.token_urlsafe(32), hosts, stop)
        print(f"The page: http://{ADDRESS}:{port}/ (Ctrl-C stops it)", flush=True)
        ended_by = asyncio.run(_serve(application, listener, stop))
    if ended_by == signal.SIGINT:
        raise KeyboardInterrupt


def _listen(first: int) -> socket.socket:
    for port in range(first, min(first + PORTS_TRIED, 65536)):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((ADDRESS, port))
        except OSError as error:
            listener.close()
            if error.errno != errno.EADDRINUSE:
                raise OSError(f"port {port} cannot be had: {error.strerror}. Give another --port") from None
        else:
            listener.listen()
            return listener
    raise OSError(f"ports {first} to {first + PORTS_TRIED - 1} are all in use: give another --port")


async def _serve(application: Starlette, listener: socket.socket, stop: asyncio.Event) -> int:
    """Serves until a signal; returns the signal's number."""
    ended_by: list[int] = []

    def end(signal_number: int) -> None:
        ended_by.append(signal_number)
        stop.set()

    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, end, signal_number)

    def report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # Hypercorn cancels what is still open at the end, which asyncio holds to be a fault.
        if not isinstance(context.get("exception"), asyncio.CancelledError):
            loop.default_exception_handler(context)

    asyncio.get_running_loop().set_exception_handler(report)
    config = Config()
    # Hypercorn closes the socket when it ends.
    config.bind = [f"fd://{listener.detach()}"]
    config.loglevel = "WARNING"
    config.graceful_timeout = 1.5

    async def stopped() -> None:
        await stop.wait()

    await serve(application, config, shutdown_trigger=stopped)  # type: ignore[arg-type]
    return ended_by[0]
