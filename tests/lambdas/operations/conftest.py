"""The functions that run beside the workflow, imported as in Lambda, their environment set."""

import pytest

from tests.lambdas.conftest import ENVIRONMENT
from tests.lambdas.operations.upload_events import BUCKET, STATE_MACHINE

with pytest.MonkeyPatch.context() as patch:
    for variable, value in {**ENVIRONMENT, "BUCKET": BUCKET, "STATE_MACHINE_ARN": STATE_MACHINE}.items():
        patch.setenv(variable, value)
    from lambdas.operations import upload  # noqa: F401
