"""A command that is killed half way, or that runs twice at once, does no harm to what is staged."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from data_staging.dataset import DataSet
from tests.data_staging.deployment_on_moto import deploy, keys, staged_id

REPOSITORY = Path(__file__).resolve().parents[2]
FILES = 24 + 4


@pytest.fixture
def server() -> Iterator[str]:
    """AWS on a port of this machine, with a deployment."""
    moto = ThreadedMotoServer(port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    url = f"http://{host}:{port}"
    try:
        urllib.request.urlopen(f"{url}/moto-api/reset", b"").close()
        deploy(endpoint_url=url)
        yield url
    finally:
        moto.stop()


def allow_ctrl_c() -> None:
    """Undoes what a shell does to the commands that it runs in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def command(archive: Path, url: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, REPOSITORY / "data_staging" / "stage.py", "--archive", archive],
        env=os.environ | {"AWS_ENDPOINT_URL": url},
        preexec_fn=allow_ctrl_c,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_command_that_was_killed_goes_on_when_run_again(
    stop: signal.Signals, server: str, data_set: DataSet, drawn: Path
) -> None:
    killed = command(drawn, server)
    while len(keys(endpoint_url=server)) < 5:
        assert killed.poll() is None
        time.sleep(0.005)
    killed.send_signal(stop)
    _, errors = killed.communicate(timeout=30)
    assert staged_id(endpoint_url=server) == "not-staged"
    assert f"datasets/{data_set.id}/manifest.json" not in keys(endpoint_url=server)
    if stop == signal.SIGINT:
        assert killed.returncode == 130
        assert errors.splitlines()[-1] == "stage.py: interrupted; run it again to go on"
        assert "Traceback" not in errors
    again = command(drawn, server)
    again.communicate(timeout=60)
    assert again.returncode == 0
    assert staged_id(endpoint_url=server) == data_set.id
    assert len(keys(endpoint_url=server)) == FILES


def test_two_commands_at_once_do_no_harm(server: str, data_set: DataSet, drawn: Path) -> None:
    both = [command(drawn, server) for _ in range(2)]
    for each in both:
        output, errors = each.communicate(timeout=60)
        assert each.returncode == 0, errors
        assert data_set.id in output
    assert staged_id(endpoint_url=server) == data_set.id
    assert len(keys(endpoint_url=server)) == FILES
