"""The REPORT line of an invocation says how much memory that function took."""

import re

from tests.local.cloud_process import Cloud, eventually

FILLING = """
import time
def handler(event, context):
    taken = bytearray(event[0] << 20)
    time.sleep(event[1])
"""


def reported(cloud: Cloud, function: str) -> list[int]:
    """Returns the megabytes of each REPORT line of a function."""
    logs, group = cloud.client("logs"), f"/aws/lambda/{function.rsplit(':', 1)[-1]}"
    events = logs.filter_log_events(logGroupName=group, filterPattern="REPORT")["events"]
    return [int(re.findall(r"Max Memory Used: (\d+) MB", event["message"])[0]) for event in events]


def test_each_functions_report_is_its_own(cloud: Cloud) -> None:
    large, small = cloud.function(FILLING, MemorySize=512), cloud.function(FILLING, MemorySize=512)
    cloud.invoke(large, [150, 0])
    cloud.invoke(small, [1, 0])
    (most,) = eventually(lambda: reported(cloud, large))
    (least,) = eventually(lambda: reported(cloud, small))
    assert 150 <= most < 300
    assert 1 <= least < 100


def test_a_function_that_is_stopped_is_reported_as_well(cloud: Cloud) -> None:
    function = cloud.function(FILLING, Timeout=1)
    cloud.invoke(function, [120, 30])
    (megabytes,) = eventually(lambda: reported(cloud, function))
    assert 120 <= megabytes < 250
