"""The page's server in the background: one at a time, ended by its lock and by no other process's number."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.background import PageError, main, start, stop

# Answers as the page does, and ends at SIGTERM.
SERVER = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", 0), Page)
print(f"The page: http://127.0.0.1:{server.server_port}/ (Ctrl-C stops it)", flush=True)
server.serve_forever()
"""


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Path]:
    """Where the server's record lies; the server is ended afterwards."""
    yield tmp_path / "cache"
    stop(tmp_path / "cache")


def run(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def start_by_command(cache: Path, server: str = SERVER) -> tuple[str, int]:
    """Starts a server as a command does, which ends then; returns its address and its number."""
    code = f"from console.background import *; print(start(Path({str(cache)!r}), {run(server)!r}))"
    started = subprocess.run(run(code), check=True, timeout=60, capture_output=True, text=True)
    return started.stdout.strip(), int((cache / "page.lock").read_text())


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address):
            return True
    except OSError:
        return False


def test_it_answers_after_the_command_that_started_it_and_until_it_is_stopped(cache: Path) -> None:
    address, _ = start_by_command(cache)
    assert answers(address)
    stop(cache)
    assert not answers(address)


def test_a_page_is_ended_before_another_starts(cache: Path) -> None:
    first, _ = start_by_command(cache)
    second, _ = start_by_command(cache)
    assert answers(second)
    assert not answers(first)


def test_a_page_that_ignores_a_friendly_end_is_killed(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.background.STOP_SECONDS", 0.2)
    ignoring = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SERVER}"
    address, _ = start_by_command(cache, ignoring)
    stop(cache)
    assert not answers(address)


def test_a_page_that_does_not_start_fails_with_what_it_said(cache: Path) -> None:
    with pytest.raises(PageError, match=r"^console: nothing is deployed here$"):
        start(cache, run("import sys; sys.exit('console: nothing is deployed here')"))


def test_a_page_that_never_answers_is_ended(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("console.background.START_SECONDS", 0.3)
    with pytest.raises(PageError, match="says nothing"):
        start(cache, run("import time; time.sleep(60)"))
    stop(cache)


def test_the_record_of_a_killed_server_ends_no_other_process(cache: Path) -> None:
    address, number = start_by_command(cache)
    os.kill(number, signal.SIGKILL)
    stranger = subprocess.Popen(run("import time; time.sleep(60)"))
    try:
        eventually_gone(address)
        (cache / "page.lock").write_text(str(stranger.pid))
        stop(cache)
        start_by_command(cache)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def eventually_gone(address: str) -> None:
    deadline = time.monotonic() + 20
    while answers(address):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_nothing_is_ended_where_nothing_was_started(tmp_path: Path) -> None:
    stop(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [[], ["restart"], ["start", "now"]])
def test_another_command_is_refused_with_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr().err == "usage: python -m console.background start|stop\n"
