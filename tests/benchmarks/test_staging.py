"""How staging is measured, and what it is measured beside."""

import socket
import struct
import threading
import time
from pathlib import Path

from PIL import Image

from benchmarks.growth.child import Taken
from benchmarks.rivals.notebook_staging import stage
from benchmarks.staging.__main__ import compare, make_rows
from benchmarks.staging.distance import put_at_distance
from data_staging.sample import write_sample


def test_each_round_has_both_ways_in_turns_in_a_new_place() -> None:
    called = []

    def note(who: str, figure: int) -> Taken:
        called.append(who)
        return Taken(figure, figure, figure)

    places = []

    def ours(folder: Path, name: str) -> Taken:
        assert not list(folder.iterdir())
        places.append(name)
        return note("ours", 1)

    def theirs(folder: Path, name: str) -> Taken:
        places.append(name)
        return note("theirs", 20)

    found = compare(ours, theirs, 2)
    assert called == ["ours", "theirs", "theirs", "ours"]
    assert len(set(places)) == 4
    seconds, memory = make_rows("to a folder", found)
    assert seconds.ratios == [20, 20]
    assert memory.ratios == [0.05, 0.05]


def test_the_notebook_way_saves_every_bicycle_and_motorcycle(tmp_path: Path) -> None:
    write_sample(tmp_path / "drawn.tar.gz", train_per_class=3, test_per_class=1)
    out = tmp_path / "out"
    out.mkdir()
    stage(tmp_path / "drawn.tar.gz", out, None)
    saved = {half: list((out / half).iterdir()) for half in ("train", "test")}
    assert {half: len(files) for half, files in saved.items()} == {"train": 6, "test": 2}
    with Image.open(saved["test"][0]) as picture:
        assert picture.size == (32, 32)


def test_a_server_at_a_distance_answers_the_same_and_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def echo() -> None:
            connection, _ = listening.accept()
            with connection:
                while piece := connection.recv(1 << 16):
                    connection.sendall(piece)

        thread = threading.Thread(target=echo)
        thread.start()
        with (
            put_at_distance(listening.getsockname()[1], 0.2) as port,
            socket.create_connection(("127.0.0.1", port), 60) as client,
        ):
            for question in (b"first", b"x" * 300_000):
                begin, answer = time.monotonic(), b""
                client.sendall(question)
                while len(answer) < len(question):
                    answer += client.recv(1 << 16)
                assert answer == question
                assert time.monotonic() - begin >= 0.2
            client.sendall(b"last")
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1 << 16) == b"last"
            assert client.recv(1 << 16) == b""
        thread.join(60)
    assert not thread.is_alive()


def test_a_client_at_a_distance_that_goes_away_leaves_no_connection_behind() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        put_at_distance(listening.getsockname()[1], 0.01) as port,
    ):
        with socket.create_connection(("127.0.0.1", port)) as client:
            # Closing at once resets it.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            server, _ = listening.accept()
        with server:
            server.settimeout(60)
            assert server.recv(1) == b""
