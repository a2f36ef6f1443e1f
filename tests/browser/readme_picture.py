"""Draws the picture of the page in README, docs/page.png: ``python tests/browser/readme_picture.py``.

It takes what ``make test`` takes: the test tools, and two minutes for a deployment on an embedded cloud.
"""

import io
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1] / "end_to_end"))
sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from chromium import launched
from embedded_cloud import REPOSITORY, free_port
from other_deployments import deployment_with_much_traffic, small_picture
from PIL import Image
from playwright.sync_api import sync_playwright
from served_page import served
from shared_deployment import shared_deployment

INVOCATIONS = 3000
SIZE = {"width": 1200, "height": 1345}
COLOURS = 96


def main(picture: Path) -> None:
    """Writes the picture: the confidence of drawn traffic over four weeks, with the threshold."""
    with tempfile.TemporaryDirectory() as folder, shared_deployment(Path(folder) / "page") as app:
        name = deployment_with_much_traffic(app, [small_picture()], INVOCATIONS)
        with served(app.cloud.environment, name, free_port()) as server, sync_playwright() as playwright:
            browser = launched(playwright)
            page = browser.new_page(viewport=SIZE, locale="en-GB")
            page.goto(f"{server.address}/#/confidence")
            page.get_by_text(f"{INVOCATIONS:,} invocations").first.wait_for()
            page.wait_for_load_state("networkidle")
            shot = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            browser.close()
    # An interface has few colours: a palette of them makes the file a third of the size.
    shot.quantize(COLOURS).save(picture, optimize=True)
    print(f"{picture}: {picture.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(REPOSITORY / "docs" / "page.png")
