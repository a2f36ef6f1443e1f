"""The server process of the embedded cloud; ``python -m local up`` starts it."""

import asyncio
import fcntl
import json
import os
import re
import socket
import sys
import time
from pathlib import Path

import uvloop


def main(home: Path, port: int, listener: int) -> None:
    """Serves until SIGTERM or SIGINT, then saves the state and ends everything that was started.

    Args:
        home: Folder of the state.
        port: The listener's port on 127.0.0.1.
        listener: File descriptor of a listening socket.
    """
    with (home / "server.lock").open("a") as lock:
        _take_lock(lock.fileno())
        _check_state(home)
        _follow_port(home, port)
        record = home / "server.json.new"
        record.write_text(json.dumps({"pid": os.getpid(), "port": port}))
        record.replace(home / "server.json")
        uvloop.run(_serve(home, port, listener))


def _take_lock(lock: int) -> None:
    # Whoever looks whether a server is up holds the lock for an instant.
    for _ in range(40):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(0.05)
    sys.exit("another server holds this home")


def _check_state(home: Path) -> None:
    # MiniStack would begin without a file that it cannot read, and overwrite it when it stops.
    for path in (home / "state").glob("*.json"):
        try:
            json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            sys.exit(
                f"{path} cannot be read ({error}); put a good copy there, or delete {home} to begin anew"
            )


def _follow_port(home: Path, port: int) -> None:
    """Brings the state to the port that the server now has.

    Addresses of queues have the former one in them, and under that nobody would take what is uploaded.
    """
    after = f"http://127.0.0.1:{port}/".encode()
    queues = home / "state" / "sqs.json"
    kept = queues.read_bytes() if queues.exists() else b""
    known = set(re.findall(rb'"url": "(http://127\.0\.0\.1:\d+/)', kept))
    # The queues come last: whoever is interrupted finds the former address again.
    for path in sorted((home / "state").glob("*.json"), key=lambda path: path == queues):
        before = state = path.read_bytes()
        for address in known:
            state = state.replace(address, after)
        if state != before:
            moved = path.with_suffix(".moved")
            moved.write_bytes(state)
            moved.replace(path)


async def _serve(home: Path, port: int, listener: int) -> None:
    import ministack.app
    import uvicorn
    from ministack.core import lambda_runtime

    from local import sagemaker
    from local.install import install

    install(home)
    place = sagemaker.Place(port, home)
    sagemaker.install(place)

    config = uvicorn.Config(
        ministack.app.app,
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        log_level="warning",
        access_log=False,
        # MiniStack's answers have a Date of their own.
        date_header=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=2,
        # Whose request it is lies in context variables, which another on the same connection must not see.
        reset_contextvars=True,
    )

    class Server(uvicorn.Server):
        """Ends what SageMaker started, which asks this server still, before it takes no more requests."""

        def handle_exit(self, sig: int, frame: object) -> None:
            asyncio.get_running_loop().call_soon_threadsafe(stop.set)

    server, stop = Server(config), asyncio.Event()

    async def wait_for_stop() -> None:
        await stop.wait()
        await asyncio.to_thread(sagemaker.shutdown, place)
        server.should_exit = True

    stopping = asyncio.create_task(wait_for_stop())
    await server.serve([socket.socket(fileno=listener)])
    stopping.cancel()
    lambda_runtime.reset()
    # A thread may wait for a function that never answers; the state is saved, so none is waited for.
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
