"""The archive is downloaded once, goes on where it stopped, and is checked."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from data_staging.cifar100 import download as downloading
from data_staging.cifar100.download import download
from data_staging.errors import StagingError

CONTENT = bytes(range(256)) * 8192
MD5 = hashlib.md5(CONTENT).hexdigest()

Answer = Callable[[BaseHTTPRequestHandler, int], None]


class Server(ThreadingHTTPServer):
    """Answers each request by the next of its answers, and then well; keeps the Range headers it got."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/cifar-100-python.tar.gz"
        self.answers: list[Answer] = []
        self.ranges: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.server.ranges.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        answer = self.server.answers.pop(0) if self.server.answers else whole
        answer(self, start)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def whole(handler: BaseHTTPRequestHandler, start: int, content: bytes = CONTENT) -> None:
    if start >= len(content):
        status(416)(handler, start)
        return
    handler.send_response(206 if start else 200)
    handler.send_header("Content-Length", str(len(content) - start))
    handler.end_headers()
    handler.wfile.write(content[start:])


def cut(length: int) -> Answer:
    """An answer that ends early, as when a cable is pulled."""

    def answer(handler: BaseHTTPRequestHandler, start: int) -> None:
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(CONTENT) - start))
        handler.end_headers()
        handler.wfile.write(CONTENT[start : start + length])
        handler.close_connection = True

    return answer


def status(code: int) -> Answer:
    def answer(handler: BaseHTTPRequestHandler, start: int) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def from_the_start(handler: BaseHTTPRequestHandler, start: int) -> None:
    whole(handler, 0)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server of this machine; pauses between attempts are short."""
    monkeypatch.setattr(downloading, "PAUSES_S", (0.01, 0.01))
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_it_is_downloaded_once(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "cache"
    for _ in range(2):
        path = download(folder, server.url, MD5)
        assert path == folder / "cifar-100-python.tar.gz"
        assert path.read_bytes() == CONTENT
    assert server.ranges == [None]
    assert not path.with_name(f"{path.name}.part").exists()


def test_a_broken_connection_is_taken_up_where_it_ended(server: Server, tmp_path: Path) -> None:
    server.answers = [cut(1_000_000), cut(500_000)]
    assert download(tmp_path, server.url, MD5).read_bytes() == CONTENT
    assert server.ranges == [None, "bytes=1000000-", "bytes=1500000-"]


def test_a_run_that_was_killed_is_taken_up_where_it_ended(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cifar-100-python.tar.gz.part").write_bytes(CONTENT[:700_000])
    assert download(tmp_path, server.url, MD5).read_bytes() == CONTENT
    assert server.ranges == ["bytes=700000-"]


def test_a_run_that_was_killed_before_the_check_downloads_no_more(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cifar-100-python.tar.gz.part").write_bytes(CONTENT)
    assert download(tmp_path, server.url, MD5).read_bytes() == CONTENT


def test_a_server_that_cannot_resume_sends_all_of_it_again(server: Server, tmp_path: Path) -> None:
    server.answers = [cut(1_000_000), from_the_start]
    assert download(tmp_path, server.url, MD5).read_bytes() == CONTENT


def test_a_server_that_is_busy_is_asked_again(server: Server, tmp_path: Path) -> None:
    server.answers = [status(503), status(429)]
    assert download(tmp_path, server.url, MD5).read_bytes() == CONTENT


def test_a_server_that_stays_busy_is_given_up(server: Server, tmp_path: Path) -> None:
    server.answers = [status(503)] * 10
    with pytest.raises(StagingError, match=r"503.*--archive PATH"):
        download(tmp_path, server.url, MD5)
    assert len(server.ranges) == 3


def test_progress_makes_patience_new(server: Server, tmp_path: Path) -> None:
    server.answers = [cut(300_000), status(503)] * 3
    assert download(tmp_path, server.url, MD5).read_bytes() == CONTENT


def test_an_archive_that_moved_away_is_not_asked_for_again(server: Server, tmp_path: Path) -> None:
    server.answers = [status(404)]
    with pytest.raises(StagingError, match=r"404.*--archive PATH"):
        download(tmp_path, server.url, MD5)
    assert len(server.ranges) == 1


def test_a_wrong_checksum_deletes_the_download_and_says_so(server: Server, tmp_path: Path) -> None:
    with pytest.raises(StagingError, match=f"has the MD5 {MD5}, not 0000.*deleted"):
        download(tmp_path, server.url, "0000")
    assert not list(tmp_path.glob("cifar-100-python.tar.gz"))
    assert not list(tmp_path.glob("*.part"))


def test_no_network_is_one_line_within_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "PAUSES_S", (0.01, 0.01))
    with pytest.raises(StagingError, match=r"cannot be downloaded .*check the network"):
        download(tmp_path, "http://127.0.0.1:9/cifar-100-python.tar.gz", MD5)


def test_two_runs_at_once_download_it_once(server: Server, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        paths = list(pool.map(lambda _: download(tmp_path, server.url, MD5), range(2)))
    assert [path.read_bytes() == CONTENT for path in paths] == [True, True]
    assert server.ranges == [None]


def test_a_cache_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StagingError, match=r"cannot be kept in .*file"):
        download(tmp_path / "file", "http://127.0.0.1:9/x.tar.gz", MD5)
