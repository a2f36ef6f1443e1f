"""The server process of the embedded cloud; ``python -m local up`` starts it."""

import asyncio
import fcntl
import json
import os
import signal
import sys
import time
from pathlib import Path


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
        record = home / "server.json.new"
        record.write_text(json.dumps({"pid": os.getpid(), "port": port}))
        record.replace(home / "server.json")
        asyncio.run(_serve(home, port, listener))


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


async def _serve(home: Path, port: int, listener: int) -> None:
    import ministack.app
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.core import lambda_runtime

    from local import sagemaker
    from local.install import install

    install(home)
    place = sagemaker.Place(port, home)
    sagemaker.install(place)

    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)

    async def wait_for_stop() -> None:
        await stop.wait()
        await asyncio.to_thread(sagemaker.shutdown, place)

    config = Config()
    config.bind = [f"fd://{listener}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 2
    config.shutdown_timeout = 10

    await serve(ministack.app.app, config, shutdown_trigger=wait_for_stop)
    lambda_runtime.reset()
    # A thread may wait for a function that never answers; the state is saved, so none is waited for.
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
