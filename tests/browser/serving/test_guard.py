"""Other pages in the same browser, and who has no token, get nothing out of the server and start nothing."""

import base64
import hashlib
import http.client
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Page

from lambdas.workflow.places import INCOMING
from tests.browser.fixtures.other_deployments import draw_small_picture
from tests.end_to_end.embedded_cloud import App

pytestmark = pytest.mark.end_to_end

# The same picture for each question, as a body that the server would take.
ASK = """async ([address, token, encoded]) => {
  const body = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
  const ask = (path, options) =>
    fetch(address + path, options).then((answer) => answer.text(), () => "nothing");
  const headers = { Authorization: `Bearer ${token}` };
  return [
    await ask("/", {}),
    await ask("/api/overview", { headers }),
    await ask("/api/overview", { mode: "no-cors" }),
    await ask("/api/photos", { method: "POST", headers, body }),
    await ask("/api/photos", { method: "POST", mode: "no-cors", body }),
  ];
}"""


class _Empty(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Says nothing."""


@pytest.fixture
def foreign_site() -> Iterator[str]:
    """The address of somebody else's page, which happens to be on this machine too."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Empty)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def request_status(address: str, method: str, path: str, **headers: str) -> int:
    """Returns the status of a request that no browser would make."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc)
    connection.request(method, path, headers={key.replace("_", "-"): value for key, value in headers.items()})
    status = connection.getresponse().status
    connection.close()
    return status


def read_token(address: str) -> str:
    """Returns the session's token, as it stands in the page."""
    with urlopen(address) as answer:
        (token,) = re.findall(r'name="session-token" content="(.+?)"', answer.read().decode())
    return str(token)


def is_uploaded(app: App, picture: bytes) -> bool:
    """Returns whether somebody had the picture routed."""
    listed = app.cloud.client("s3").list_objects_v2(Bucket=app.parameter("bucket"), Prefix=INCOMING)
    digest = hashlib.md5(picture, usedforsecurity=False).hexdigest()
    return digest in {found["ETag"].strip('"') for found in listed.get("Contents", [])}


def test_another_site_s_page_reads_nothing_even_if_it_knew_the_token(
    page: Page, address: str, foreign_site: str, app: App, faults: list[str], called: set[str]
) -> None:
    page.goto(address)
    token = page.locator('meta[name="session-token"]').get_attribute("content")
    picture = draw_small_picture("purple")
    asked = [address, token, base64.b64encode(picture).decode()]
    page.goto(foreign_site)
    assert page.evaluate(ASK, asked) == ["nothing"] * 5
    assert not is_uploaded(app, picture)
    page.goto(address)
    page.evaluate(ASK, asked)
    assert is_uploaded(app, picture)
    faults.clear()
    called.clear()


def test_another_site_cannot_frame_the_page(
    page: Page, address: str, foreign_site: str, faults: list[str], called: set[str]
) -> None:
    page.goto(foreign_site)
    framing = "address => { document.body.innerHTML = `<iframe src='${address}'></iframe>` }"
    with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        page.evaluate(framing, address)
    assert page.frames[-1].get_by_role("heading").count() == 0
    faults.clear()
    called.clear()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/overview"),
        ("GET", "/api/executions"),
        ("GET", "/api/evaluation"),
        ("POST", "/api/invocations"),
        ("POST", "/api/executions"),
    ],
)
def test_without_the_session_s_token_nothing_is_told(address: str, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}):
        assert request_status(address, method, path, **headers) == 401
    # With it the request is one that the server takes.
    authorization = f"Bearer {read_token(address)}"
    assert request_status(address, method, path, Authorization=authorization) not in (401, 403, 404, 405)


def test_a_name_that_was_made_to_point_here_is_not_answered(address: str) -> None:
    assert request_status(address, "GET", "/", Host="rebound.example:80") == 403
