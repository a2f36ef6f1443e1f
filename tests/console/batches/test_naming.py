"""The names of batches and of their runs."""

import re
from datetime import UTC, datetime

from hypothesis import example, given
from hypothesis import strategies as st

from console.batches.naming import is_batch, name_batch, name_run, read_batch, read_batch_of_arn

NOW = datetime(2026, 1, 31, 12, 5, 7, tzinfo=UTC)
ARN = "arn:aws:states:us-east-1:123456789012:execution:"


def test_the_same_source_is_the_same_batch_and_another_one_is_another() -> None:
    assert name_batch("Photos 2026", "/home/a/Photos 2026") == name_batch(
        "Photos 2026", "/home/a/Photos 2026"
    )
    assert name_batch("photos", "/home/a/photos") != name_batch("photos", "/home/b/photos")
    assert re.fullmatch("photos-2026-[0-9a-f]{8}", name_batch("Photos 2026", "/home/a/Photos 2026"))


@given(title=st.text(), source=st.text())
@example(title="фото", source="/фото")
@example(title="\udcff", source="/\udcff")
@example(title="a" * 39 + "-b", source="")
def test_whatever_a_source_is_called_its_batch_and_runs_have_names_that_step_functions_takes(
    title: str, source: str
) -> None:
    batch = name_batch(title, source)
    run = name_run(batch, NOW)
    assert is_batch(batch)
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*-[0-9a-f]{8}-20260131T120507Z", run)
    assert len(run) <= 80
    assert read_batch(run) == batch
    assert read_batch_of_arn(f"{ARN}scones-batch:{run}") == batch


def test_an_execution_that_is_no_run_of_a_batch_names_none() -> None:
    run = name_run("photos-0a1b2c3d", NOW)
    assert read_batch("0" * 32) is None
    assert read_batch("photos-20260131T120507Z") is None
    # A deployment's own state machine, whatever somebody calls an execution, and a child of a batch's run.
    assert read_batch_of_arn(f"{ARN}scones:{run}") is None
    assert read_batch_of_arn(f"{ARN}scones-batch:{'0' * 32}") is None
    assert read_batch_of_arn(f"{ARN}scones-batch/Photos:{run}") is None
