"""A Map Run in which its server was killed has failed at the next start, and is redriven from there."""

from tests.local.cloud_process import Cloud, eventually
from tests.local.saving.test_killed_server import is_saved, kill_and_start, own
from tests.local.step_functions.distributed_map.maps import (
    await_end,
    await_run,
    find_run,
    make_bucket,
    map_state,
    may_write,
    output_of,
    process,
    read_json,
    select,
    start,
    write_to,
)
from tests.local.step_functions.test_redrive import ALLOWED, a_name, read, redrive, write

__all__ = ["own"]


def test_it_goes_on_where_it_was(own: Cloud) -> None:
    there, missing = a_name(), a_name()
    write(own, there)
    # Waits for as long as there is no parameter.
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60}]
    bucket = make_bucket(own)
    state = map_state(
        process("Read", Read=read("{% $states.input %}", Retry=retry)),
        MaxConcurrency=2,
        ResultWriter=write_to(bucket),
    )
    arn = start(own, state, [there, missing, missing, there], ALLOWED, may_write(bucket))
    described = await_run(own, arn, succeeded=1, running=2, pending=1)
    eventually(lambda: is_saved(own, "stepfunctions", described["mapRunArn"]))

    kill_and_start(own)
    assert await_end(own, arn)["status"] == "FAILED"
    described = find_run(own, arn)
    assert (described["status"], described["executionCounts"]["total"]) == ("FAILED", 4)
    assert select(described["executionCounts"])["failed"] == 2

    write(own, missing)
    redrive(own, arn)
    key = output_of(await_end(own, arn))["ResultWriterDetails"]["Key"]
    counts = {"succeeded": 4, "total": 4, "resultsWritten": 4}
    assert select(find_run(own, arn)["executionCounts"]) == counts
    # The result of the first one had not been written when the server was killed.
    files = read_json(own, bucket, key)["ResultFiles"]["SUCCEEDED"]
    assert sum(len(read_json(own, bucket, file["Key"])) for file in files) == 4
