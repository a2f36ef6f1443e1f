"""What goes wrong is one line in a terminal, and says what to do."""

import pytest
from botocore.exceptions import NoRegionError

from evaluation.terminal import report_errors


def test_without_a_region_the_line_says_what_to_set(capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> int:
        raise NoRegionError

    assert report_errors("console", run, interrupted="") == 1
    error = capsys.readouterr().err
    assert error.startswith("console: You must specify a region: set AWS_PROFILE or AWS_DEFAULT_REGION")
    assert error.count("\n") == 1
