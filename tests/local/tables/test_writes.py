"""Of writes at once that exclude one another, one is done, whatever thread each comes on."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from local.tables.writes import write_alone

WRITERS = 20


def test_a_condition_that_one_write_makes_false_holds_for_one_write_alone() -> None:
    gate = threading.Barrier(WRITERS)
    items: dict[str, int] = {}

    def put(number: int) -> bool:
        if "photo" in items:
            return False
        # Long enough for all others to have looked as well.
        time.sleep(0.02)
        items["photo"] = number
        return True

    def ask(number: int) -> bool:
        gate.wait()
        return bool(write_alone(put, number))

    with ThreadPoolExecutor(WRITERS) as pool:
        written = list(pool.map(ask, range(WRITERS)))
    assert written.count(True) == 1
    assert written[items["photo"]]
