"""The embedded cloud's server speaks HTTP/1.1 as AWS's clients and endpoints do."""

import http.client
import os
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.local.cloud_process import Cloud, eventually


@pytest.fixture
def bucket(cloud: Cloud) -> Iterator[str]:
    name = f"served-{uuid4().hex[:12]}"
    cloud.client("s3").create_bucket(Bucket=name)
    yield name


def presign(cloud: Cloud, bucket: str, key: str) -> str:
    """Returns the path and query under which an object may be put."""
    url = urlsplit(
        cloud.client("s3").generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key})
    )
    return f"{url.path}?{url.query}"


def read(cloud: Cloud, bucket: str, key: str) -> bytes | None:
    try:
        body: Any = cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"]
    except ClientError:
        return None
    return bytes(body.read())


@pytest.mark.parametrize(
    "key", ["a b", "a%20b", "a+b", "a%2Fb", "a//b", "a?b#c", "ä/雪.png", "a;b=c&d", "~a!'()*"]
)
def test_a_key_keeps_each_of_its_characters(cloud: Cloud, bucket: str, key: str) -> None:
    cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=key.encode())
    listed = cloud.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [found["Key"] for found in listed] == [key]
    assert read(cloud, bucket, key) == key.encode()


def test_a_large_object_arrives_and_returns_whole(cloud: Cloud, bucket: str) -> None:
    content = os.urandom(20_000_000)
    cloud.client("s3").put_object(Bucket=bucket, Key="large", Body=content)
    assert read(cloud, bucket, "large") == content


def test_a_head_tells_the_length_without_a_body_and_the_connection_goes_on(cloud: Cloud, bucket: str) -> None:
    cloud.client("s3").put_object(Bucket=bucket, Key="known", Body=b"12345")
    url = urlsplit(
        cloud.client("s3").generate_presigned_url("head_object", Params={"Bucket": bucket, "Key": "known"})
    )
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=30)
    for _ in range(2):
        connection.request("HEAD", f"{url.path}?{url.query}")
        answer = connection.getresponse()
        assert (answer.status, answer.reason, answer.getheader("Content-Length")) == (200, "OK", "5")
        assert answer.read() == b""
        assert len(answer.headers.get_all("Date", [])) == 1
    connection.close()


def test_a_body_that_waits_to_be_asked_for_is_asked_for(cloud: Cloud, bucket: str) -> None:
    request = (
        f"PUT {presign(cloud, bucket, 'asked')} HTTP/1.1\r\nHost: 127.0.0.1:{cloud.port}\r\n"
        "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", cloud.port), timeout=30) as connection:
        connection.sendall(request.encode())
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hello")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
    assert read(cloud, bucket, "asked") == b"hello"


def test_a_body_in_chunks_is_put_together(cloud: Cloud, bucket: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=30)
    connection.request(
        "PUT", presign(cloud, bucket, "chunks"), body=iter([b"one ", b"two"]), encode_chunked=True
    )
    assert connection.getresponse().status == 200
    connection.close()
    assert read(cloud, bucket, "chunks") == b"one two"


def test_an_upload_that_is_broken_off_leaves_no_object(cloud: Cloud, bucket: str) -> None:
    request = (
        f"PUT {presign(cloud, bucket, 'broken')} HTTP/1.1\r\nHost: 127.0.0.1:{cloud.port}\r\n"
        "Content-Length: 500000\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", cloud.port), timeout=30) as connection:
        connection.sendall(request.encode() + bytes(300_000))
    cloud.client("s3").put_object(Bucket=bucket, Key="after", Body=b"")
    assert eventually(lambda: read(cloud, bucket, "after") == b"")
    assert read(cloud, bucket, "broken") is None


def test_what_is_no_http_is_refused_and_others_are_served_on(cloud: Cloud, bucket: str) -> None:
    with socket.create_connection(("127.0.0.1", cloud.port), timeout=30) as connection:
        connection.sendall(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")
    cloud.client("s3").head_bucket(Bucket=bucket)


def test_callers_on_one_connection_are_told_apart(cloud: Cloud, bucket: str) -> None:
    """A request without a signature is not let through by that of the one before it."""
    cloud.client("s3").put_object(Bucket=bucket, Key="own", Body=b"own")
    url = urlsplit(
        cloud.client("s3").generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "own"})
    )
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=30)
    statuses = []
    for address in (f"{url.path}?{url.query}", url.path):
        connection.request("GET", address)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    assert statuses == [200, 403]
