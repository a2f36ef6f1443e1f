"""Whoever asks a service that the embedded cloud does not have is told so in words."""

import pytest
from botocore.exceptions import ClientError

from tests.local.cloud_process import Cloud


def test_x_ray_takes_traces(cloud: Cloud) -> None:
    xray = cloud.client("xray")
    assert xray.put_trace_segments(TraceSegmentDocuments=["{}"])["UnprocessedTraceSegments"] == []
    xray.put_telemetry_records(TelemetryRecords=[])


def test_an_operation_that_nobody_answers_is_named(cloud: Cloud) -> None:
    for refused, service in (
        (lambda: cloud.client("xray").get_trace_summaries(StartTime=0, EndTime=1), "xray"),
        (lambda: cloud.client("comprehend").detect_sentiment(Text="a", LanguageCode="en"), "comprehend"),
        (lambda: cloud.client("polly").list_lexicons(), "polly"),
    ):
        with pytest.raises(ClientError) as caught:
            refused()
        error = caught.value.response["Error"]
        assert error["Code"] == "UnknownOperationException"
        assert error["Message"].startswith(f"The embedded cloud has no {service} service: ")
