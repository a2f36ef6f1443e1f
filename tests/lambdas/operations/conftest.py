"""The functions that run beside the workflow, imported as in Lambda, their environment set."""

from collections.abc import Iterator

import pytest

from tests.lambdas.conftest import ENVIRONMENT
from tests.lambdas.operations.upload_events import BUCKET, STATE_MACHINE

OWN = {
    "BUCKET": BUCKET,
    "STATE_MACHINE_ARN": STATE_MACHINE,
    "OUTCOMES_TABLE": "scones-outcomes",
    "OUTCOME_DAYS": "90",
    "EVENT_SOURCE": "scones.scones",
    "MODEL": "scones--0123456789ab",
    "MODEL_PARAMETER": "/scones/model",
}

with pytest.MonkeyPatch.context() as patch:
    for variable, value in {**ENVIRONMENT, **OWN}.items():
        patch.setenv(variable, value)
    from lambdas.operations import batch, batch_summary, drift, upload, watch  # noqa: F401

from tests.lambdas.operations.batch_cloud import BatchCloud, open_batch_cloud  # noqa: E402


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchCloud]:
    """A bucket that keeps versions, a table of outcomes, an endpoint and a bus; nothing ever pauses."""
    with open_batch_cloud(monkeypatch) as cloud:
        yield cloud
