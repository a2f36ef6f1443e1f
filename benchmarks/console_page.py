"""Measures the page with much traffic beside pandas: ``python -m benchmarks.console_page [--invocations N]``.

Deploys on an embedded cloud of its own and writes captured traffic of staged photos beside it. In every
round the page's server starts anew, and so do the browser and, in turns before or after, a process in which
pandas reads the same objects. The page's first view stands when the browser has drawn the newest points, from
when it was told to go there; then come all points, and all once more after a reload. How long a move of the
threshold takes and how much memory each process has had is told as well.
"""

import argparse
import json
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Playwright, expect, sync_playwright

from benchmarks.rows import Row, print_report
from tests.browser.fixtures.chromium import launch_browser
from tests.browser.fixtures.other_deployments import create_busy_deployment
from tests.browser.fixtures.routed_photos import read_staged_photos
from tests.browser.fixtures.served_page import serve_page
from tests.browser.fixtures.shared_deployment import share_deployment
from tests.end_to_end.embedded_cloud import App, free_port, succeeded

READING_MILLISECONDS = 600_000
MOVES = 50
Figures = dict[str, float]


def main() -> int:
    """Runs the benchmark; returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--invocations", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        share_deployment(Path(folder)) as app,
        sync_playwright() as playwright,
    ):
        name = create_busy_deployment(app, read_staged_photos(app), options.invocations)
        pages, rivals = [], []
        for number in range(options.rounds):
            if number % 2:
                rivals.append(measure_rival(app, name, options.invocations))
            pages.append(measure_page(playwright, app, name, options.invocations))
            if not number % 2:
                rivals.append(measure_rival(app, name, options.invocations))
    print_report(make_rows(pages, rivals), invocations=options.invocations, pages=pages, pandas=rivals)
    return 0


def make_rows(pages: Sequence[Figures], rivals: Sequence[Figures]) -> list[Row]:
    """Returns the rows of the rounds' figures."""

    def compare(what: str, unit: str, here: str, rival: str, at_most: float) -> Row:
        ours, theirs = [each[here] for each in pages], [each[rival] for each in rivals]
        return Row(what, unit, ours, theirs, at_most=at_most)

    return [
        compare("first view of the page", "s", "first", "first", 0.5),
        compare("all points of the page", "s", "all", "first", 1),
        compare("all points of the page once more", "s", "again", "again", 0.5),
        compare("memory of the page's server", "MiB", "memory", "memory", 0.5),
        Row("a move of the threshold", "ms", [each["move"] for each in pages], at_most=100),
    ]


def measure_page(playwright: Playwright, app: App, name: str, invocations: int) -> Figures:
    """Returns what a browser and a server that have just started take."""
    with serve_page(app.cloud.environment, name, free_port()) as server:
        browser = launch_browser(playwright)
        page = browser.new_page()
        slider = page.get_by_role("slider", name="Threshold")
        started = time.monotonic()
        page.goto(f"{server.address}/#/confidence")
        slider.wait_for()
        first = time.monotonic() - started
        expect(page.get_by_text(f"{invocations:,} invocations").first).to_be_visible(
            timeout=READING_MILLISECONDS
        )
        expect(page.get_by_role("progressbar")).to_have_count(0)
        whole = time.monotonic() - started
        started = time.monotonic()
        for _ in range(MOVES):
            slider.press("ArrowDown")
        moved = (time.monotonic() - started) / MOVES
        started = time.monotonic()
        page.reload()
        expect(page.get_by_text(f"{invocations:,} invocations").first).to_be_visible()
        again = time.monotonic() - started
        browser.close()
        memory = _read_peak_memory(server.process.pid)
        return {"first": first, "all": whole, "again": again, "move": moved * 1000, "memory": memory}


def _read_peak_memory(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def measure_rival(app: App, name: str, invocations: int) -> Figures:
    """Returns what pandas takes in a process of its own."""
    rival = (sys.executable, "-m", "benchmarks.rivals.pandas_traffic", f"{name}-bucket")
    figures: Figures = json.loads(succeeded(app.cloud.run(*rival)).stdout)
    if figures["rows"] != invocations:
        sys.exit(f"pandas has read {figures['rows']} of {invocations} invocations")
    return figures


if __name__ == "__main__":
    sys.exit(main())
