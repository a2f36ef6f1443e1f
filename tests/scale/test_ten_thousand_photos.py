"""Ten thousand photos as one batch on an embedded cloud: ``make test-batch``, some minutes."""

import io
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from data_staging.sample import write_sample
from lambdas.workflow import places
from local.lifecycle import find_server
from tests.end_to_end.batches.runs import read_file, route_batch
from tests.end_to_end.embedded_cloud import App, EmbeddedCloud, succeeded
from tests.end_to_end.quick_training import QUICK_TRAINING
from tests.end_to_end.uploaded_photos import read_outcomes

PHOTOS = 10_000
BATCH, PREFIX = "many-01234567", "elsewhere/many/"
MOST_SECONDS = 1_800
MOST_MEGABYTES = 512
"""By so much the server's process may grow: photos, results and 200 child executions with their histories."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A deployment on a freshly started embedded cloud, which is stopped at the end whatever happened."""
    cloud = EmbeddedCloud(tmp_path_factory.mktemp("cloud") / "home")
    cloud.up()
    try:
        cdk = "node_modules/.bin/cdk"
        succeeded(cloud.run(cdk, "bootstrap", "--app", "", "aws://000000000000/us-east-1"))
        hyperparameters = {**QUICK_TRAINING, "epochs": "2"}
        settings = {"hyperparameters": hyperparameters, "accuracy_gate": 0.0, "confidence_threshold": 0.6}
        app = App(cloud, "scones-scale", settings, tmp_path_factory.mktemp("assembly"))
        archive = tmp_path_factory.mktemp("archive") / "drawn.tar.gz"
        write_sample(archive, train_per_class=60, test_per_class=4)
        succeeded(app.deploy("storage"))
        succeeded(app.stage(archive))
        succeeded(app.deploy())
        yield app
    finally:
        cloud.local("down")


def draw(number: int) -> bytes:
    """Returns a small photo of its own."""
    shades = random.Random(number)
    written = io.BytesIO()
    Image.frombytes("RGB", (12, 12), shades.randbytes(432)).save(written, "PNG")
    return written.getvalue()


def measure_megabytes(app: App, what: str) -> float:
    """Returns what memory the server's process has (VmRSS), or had at most (VmHWM)."""
    server = find_server(app.cloud.home)
    assert server is not None
    status = Path(f"/proc/{server.pid}/status").read_text()
    (kilobytes,) = re.findall(rf"^{what}:\s+(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) / 1024


def test_each_of_ten_thousand_photos_has_one_outcome_in_bounded_memory(app: App) -> None:
    keys = [f"{PREFIX}{number // 100}/{number}.png" for number in range(PHOTOS)]
    bucket, s3 = app.parameter("bucket"), app.cloud.client("s3")

    def put(number: int) -> str:
        answer = s3.put_object(Bucket=bucket, Key=keys[number], Body=draw(number))
        return places.identify_photo(bucket, keys[number], answer["VersionId"])

    with ThreadPoolExecutor(8) as pool:
        expected = set(pool.map(put, range(PHOTOS)))
    before = measure_megabytes(app, "VmRSS")
    summary = route_batch(app, BATCH, PREFIX, "one", MOST_SECONDS)
    grown = measure_megabytes(app, "VmHWM") - before
    print(json.dumps({**summary, "megabytes_before": before, "megabytes_grown": grown}))
    rows = Counter(json.loads(line)["photo"] for line in read_file(app, BATCH, "routes.jsonl").splitlines())
    assert rows == dict.fromkeys(expected, 1)
    outcomes = read_outcomes(app)
    assert outcomes.keys() == expected
    assert {outcome["outcome"] for outcome in outcomes.values()} <= {"routed", "refused"}
    assert (summary["photos"], summary["asked"], summary["failed"]) == (PHOTOS, PHOTOS, {})
    assert sum(summary["routed"].values()) + summary["refused"] == PHOTOS
    assert grown < MOST_MEGABYTES
