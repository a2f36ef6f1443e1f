"""One deployment on an embedded cloud for all files of this folder, whichever worker of pytest runs them."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from embedded_cloud import App, EmbeddedCloud, succeeded
from quick_training import QUICK_TRAINING

from data_staging.sample import write_sample

SETTINGS = {"hyperparameters": QUICK_TRAINING, "accuracy_gate": 0.6, "confidence_threshold": 0.8}
CLASSES = ("bicycle", "motorcycle")
TEST_PER_CLASS = 8


@contextmanager
def shared_deployment(folder: Path) -> Iterator[App]:
    """Yields the app, deployed and with its staged test photos routed and its model evaluated.

    Args:
        folder: A folder that all workers of one run of pytest know. The first to come deploys, the last to
            leave stops the cloud.
    """
    folder.mkdir(exist_ok=True)
    record = folder / "cloud.json"
    with (folder / "changing.lock").open("a") as changing, (folder / "in_use.lock").open("a") as in_use:
        fcntl.flock(changing, fcntl.LOCK_EX)
        fcntl.flock(in_use, fcntl.LOCK_SH)
        try:
            if not record.exists():
                _deploy(folder, record)
            known = json.loads(record.read_text())
            cloud = EmbeddedCloud(folder / "home", known["port"], known["environment"])
            fcntl.flock(changing, fcntl.LOCK_UN)
            yield _app(cloud, folder)
        finally:
            fcntl.flock(changing, fcntl.LOCK_EX)
            fcntl.flock(in_use, fcntl.LOCK_UN)
            if _is_free(in_use):
                record.unlink(missing_ok=True)
                EmbeddedCloud(folder / "home").local("down")


def _app(cloud: EmbeddedCloud, folder: Path) -> App:
    return App(cloud, "scones-page", SETTINGS, folder / "assembly")


def _deploy(folder: Path, record: Path) -> None:
    cloud = EmbeddedCloud(folder / "home")
    cloud.up()
    succeeded(cloud.run("node_modules/.bin/cdk", "bootstrap", "--app", "", "aws://000000000000/us-east-1"))
    app = _app(cloud, folder)
    archive = folder / "drawn.tar.gz"
    write_sample(archive, train_per_class=60, test_per_class=TEST_PER_CLASS, classes=CLASSES)
    succeeded(app.deploy("storage"))
    succeeded(app.stage(archive))
    succeeded(app.deploy())
    succeeded(app.console("demo"))
    succeeded(app.evaluation())
    record.write_text(json.dumps({"port": cloud.port, "environment": cloud.environment}))


def _is_free(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
