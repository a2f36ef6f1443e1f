"""No message is lost, or had twice, where many put messages into a queue and take them out at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.delivery.queues import change

MESSAGES = 40


def test_a_message_that_comes_while_others_are_taken_away_stays() -> None:
    queue: dict[str, list[int]] = {"messages": [-1]}
    gate = threading.Barrier(MESSAGES + 1)

    def put(number: int) -> None:
        queue["messages"].append(number)

    def take_away() -> None:
        kept = [number for number in queue["messages"] if number >= 0]
        # Long enough for all others to put their messages into the former list.
        time.sleep(0.02)
        queue["messages"] = kept

    def work(operation: Any, *arguments: int) -> None:
        gate.wait()
        change(operation, *arguments)

    with ThreadPoolExecutor(MESSAGES + 1) as pool:
        done = [pool.submit(work, put, number) for number in range(MESSAGES)]
        done.append(pool.submit(work, take_away))
    assert all(each.exception() is None for each in done)
    assert sorted(queue["messages"]) == list(range(MESSAGES))
