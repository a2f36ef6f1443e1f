"""Measures the page with much traffic: ``python -m benchmarks.console_page [--invocations N] [--rounds N]``.

Deploys on an embedded cloud of its own and writes captured traffic of staged photos beside it. In every
round the server starts anew, and so does the browser: how long until the first points are seen, until all are
counted, how long the threshold takes to move, and how much memory the server has had. The rival reads the
same objects one after the other and parses each line whole. Prints median, least and most of the rounds.
"""

import argparse
import json
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Playwright, expect, sync_playwright

from benchmarks.environment import describe_machine
from lambdas.workflow.places import CAPTURED
from tests.browser.fixtures.chromium import launch_browser
from tests.browser.fixtures.other_deployments import create_busy_deployment
from tests.browser.fixtures.routed_photos import read_staged_photos
from tests.browser.fixtures.served_page import serve_page
from tests.browser.fixtures.shared_deployment import share_deployment
from tests.end_to_end.embedded_cloud import App, free_port

READING_MILLISECONDS = 600_000
MOVES = 50


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
        print(json.dumps(describe_machine()))
        rounds = [
            {
                **_measure_round(playwright, app, name, options.invocations),
                "rival: read and parse, s": _measure_rival(app, name),
            }
            for _ in range(options.rounds)
        ]
    for figure in rounds[0]:
        values = sorted(found[figure] for found in rounds)
        spread = f"({values[0]:.3f} to {values[-1]:.3f}, n {len(values)})"
        print(f"{figure:32} {statistics.median(values):8.3f}   {spread}")
    return 0


def _measure_round(playwright: Playwright, app: App, name: str, invocations: int) -> Mapping[str, float]:
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
        return {
            "first points, s": first,
            "all points, s": whole,
            "all points once read, s": again,
            "a move of the threshold, ms": moved * 1000,
            "server's memory at most, MiB": _read_peak_memory(server.process.pid),
        }


def _read_peak_memory(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def _measure_rival(app: App, name: str) -> float:
    s3, bucket = app.cloud.client("s3"), f"{name}-bucket"
    started = time.monotonic()
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket, Prefix=CAPTURED)["Contents"]]
    for key in keys:
        for line in s3.get_object(Bucket=bucket, Key=key)["Body"].iter_lines():
            json.loads(json.loads(line)["captureData"]["endpointOutput"]["data"])
    return time.monotonic() - started


if __name__ == "__main__":
    sys.exit(main())
