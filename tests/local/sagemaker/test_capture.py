"""Captured traffic is what AWS writes: the same keys in the same order, encodings and paths."""

import base64
import json
import re
from typing import Any

import pytest

from local.sagemaker.containers.outbox import Outbox
from tests.local.sagemaker.server import BUCKET, Server, wait_for

CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": f"s3://{BUCKET}/captured/",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"], "CsvContentTypes": ["text/csv"]},
}


def captured(server: Server, endpoint: str) -> dict[str, list[str]]:
    """Returns the captured lines by key."""
    s3 = server.client("s3")
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"captured/{endpoint}/")
    return {
        item["Key"]: s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read().decode().splitlines()
        for item in listed.get("Contents", [])
    }


def capture(server: Server, name: str, kind: str, body: bytes, **changes: Any) -> dict[str, Any]:
    """Captures one invocation of an endpoint with the capture settings changed and returns its line."""
    server.put_in_service(name, 0.5, DataCaptureConfig={**CAPTURE, **changes})
    server.client("sagemaker-runtime").invoke_endpoint(EndpointName=name, ContentType=kind, Body=body)
    [[line]] = wait_for(lambda: captured(server, name)).values()
    return dict(json.loads(line))


def test_a_line_and_its_path_are_awss_to_the_byte(server: Server) -> None:
    server.put_in_service("exact", 0.5, DataCaptureConfig=CAPTURE)
    server.ask("exact", b"picture")
    [(key, [line])] = wait_for(lambda: captured(server, "exact")).items()
    identifier = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    path = rf"captured/exact/AllTraffic/\d{{4}}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{{3}}-{identifier}\.jsonl"
    assert re.fullmatch(path, key)
    shape = (
        r'\{"captureData":\{"endpointInput":\{"observedContentType":"image/png","mode":"INPUT","data":"'
        + re.escape(base64.b64encode(b"picture").decode())
        + r'","encoding":"BASE64"\},"endpointOutput":\{"observedContentType":"application/json",'
        r'"mode":"OUTPUT","data":"\[0\.5, 0\.5\]","encoding":"JSON"\}\},"eventMetadata":\{"eventId":"'
        + identifier
        + r'","inferenceTime":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"\},"eventVersion":"0"\}'
    )
    assert re.fullmatch(shape, line)
    inferred = json.loads(line)["eventMetadata"]["inferenceTime"]
    assert key.split("/")[3:7] == [inferred[:4], inferred[5:7], inferred[8:10], inferred[11:13]]
    assert key.split("/")[7][:5] == inferred[14:19].replace(":", "-")


def test_several_invocations_are_all_captured(server: Server) -> None:
    server.put_in_service("shared", 0.5, DataCaptureConfig=CAPTURE)
    for _ in range(5):
        server.ask("shared")
    wait_for(lambda: sum(len(lines) for lines in captured(server, "shared").values()) == 5)


def test_items_that_come_together_go_out_together() -> None:
    batches: list[list[int]] = []
    outbox: Outbox[int] = Outbox("test", batches.extend, seconds=60, largest=3)
    for item in range(5):
        outbox.put(item)
    outbox.close()
    assert batches == [[0, 1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("kind", "encoding", "data"),
    [
        ("application/json; charset=utf-8", "JSON", "[1]"),
        ("text/csv", "CSV", "[1]"),
        ("image/png", "BASE64", "WzFd"),
    ],
)
def test_the_content_type_decides_the_encoding(server: Server, kind: str, encoding: str, data: str) -> None:
    line = capture(server, f"as-{encoding}", kind, b"[1]")
    part = line["captureData"]["endpointInput"]
    assert (part["observedContentType"], part["encoding"], part["data"]) == (kind, encoding, data)


def test_without_content_types_all_is_base64(server: Server) -> None:
    types = {"CsvContentTypes": ["text/x"]}
    line = capture(server, "plain", "image/png", b"x", CaptureContentTypeHeader=types)
    assert line["captureData"]["endpointOutput"]["encoding"] == "BASE64"


def test_only_what_is_asked_for_is_captured(server: Server) -> None:
    line = capture(server, "output", "image/png", b"x", CaptureOptions=[{"CaptureMode": "Output"}])
    assert list(line["captureData"]) == ["endpointOutput"]


def test_nothing_is_captured_where_it_is_off_or_chance_is_against_it(server: Server) -> None:
    server.put_in_service("off", 0.5, DataCaptureConfig={**CAPTURE, "EnableCapture": False})
    server.put_in_service("never", 0.5, DataCaptureConfig={**CAPTURE, "InitialSamplingPercentage": 0})
    server.put_in_service("always", 0.5, DataCaptureConfig=CAPTURE)
    for name in ("off", "never", "always"):
        server.ask(name)
    wait_for(lambda: captured(server, "always"))
    assert captured(server, "off") == captured(server, "never") == {}


def test_errors_of_the_model_are_not_captured(server: Server) -> None:
    server.put_in_service("erring", 0.5, DataCaptureConfig=CAPTURE)
    with pytest.raises(server.client("sagemaker-runtime").exceptions.ClientError):
        server.ask("erring", b"error 400 bad")
    server.ask("erring")
    lines = wait_for(lambda: captured(server, "erring"))
    assert sum(len(its_lines) for its_lines in lines.values()) == 1


def test_what_is_buffered_is_written_when_the_endpoint_goes(server: Server) -> None:
    server.put_in_service("going", 0.5, DataCaptureConfig=CAPTURE)
    server.ask("going")
    sagemaker = server.client("sagemaker")
    sagemaker.delete_endpoint(EndpointName="going")
    wait_for(lambda: not sagemaker.list_endpoints(NameContains="going")["Endpoints"])
    assert captured(server, "going")
