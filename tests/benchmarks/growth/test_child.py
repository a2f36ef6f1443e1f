"""What a process took is its own: not what the one that asks has in memory."""

import sys

import pytest

from benchmarks.growth.child import measure

HELD = b"x" * (192 * 2**20)


def test_memory_of_who_asks_is_not_counted() -> None:
    assert len(HELD) > 100 * 2**20
    taken = measure([sys.executable, "-c", "pass"])
    assert taken.megabytes < 100
    assert taken.processor_seconds > 0


def test_memory_that_a_process_gave_back_is_counted() -> None:
    taken = measure([sys.executable, "-c", "held = b'x' * (128 * 2**20); del held; print('done')"])
    assert taken.megabytes > 128


def test_a_command_that_fails_ends_the_measurement_with_what_it_said() -> None:
    with pytest.raises(SystemExit, match="no such photo"):
        measure([sys.executable, "-c", "import sys; sys.exit('no such photo')"])
