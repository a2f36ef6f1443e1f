"""Who gets an answer of the page's server, and with which headers."""

import pytest

from tests.console.server.page_client import TOKEN, PageClient

API = "/api/executions"


@pytest.mark.parametrize("path", ["/", API])
@pytest.mark.parametrize(
    "host", ["", "evil.example", "evil.example:8080", "127.0.0.1", "127.0.0.1:8081", "0:8080"]
)
def test_a_host_that_is_not_the_served_one_gets_nothing(page: PageClient, path: str, host: str) -> None:
    answer = page.get(path, {"host": host})
    assert answer.status == 403
    assert TOKEN.encode() not in answer.body


def test_localhost_is_the_served_host_too(page: PageClient) -> None:
    assert page.get(API, {"host": "localhost:8080"}).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "https://127.0.0.1:8080"},
        {"origin": "http://127.0.0.1:8081"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/", API])
def test_another_sites_page_gets_nothing(page: PageClient, path: str, headers: dict[str, str]) -> None:
    answer = page.get(path, headers)
    assert answer.status == 403
    assert TOKEN.encode() not in answer.body


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer é"]
)
@pytest.mark.parametrize("path", [API, "/api/overview", "/api/invocations/events", "/api/none", "/other"])
def test_without_the_token_only_page_and_static_files_are_had(
    page: PageClient, path: str, authorization: str
) -> None:
    answer = page.get(path, {"authorization": authorization})
    assert answer.status == 401
    assert "load the page anew" in answer.json["error"]


def test_a_photo_is_not_taken_without_the_token(page: PageClient) -> None:
    assert page.ask("POST", "/api/photos", {"authorization": ""}, b"photo").status == 401
    assert page.get(API).json["executions"] == []


def test_the_page_carries_the_token_and_may_not_be_framed_or_kept(page: PageClient) -> None:
    answer = page.get("/", {"authorization": "", "sec-fetch-site": "none"})
    assert answer.status == 200
    assert f'name="session-token" content="{TOKEN}"' in answer.body.decode()
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_refusals_and_errors_carry_the_security_headers_too(page: PageClient) -> None:
    for answer in (page.get(API, {"authorization": ""}), page.get("/api/none"), page.get(API, {"host": "x"})):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../server/guard.py",
        "/static/%2e%2e/server/guard.py",
        "/static/..%2fserver%2fguard.py",
        "/static/....//server/guard.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/..%5cserver%5cguard.py",
        "/static/%00",
        "/static/",
    ],
)
def test_static_files_are_those_of_the_page_alone(page: PageClient, path: str) -> None:
    answer = page.get(path)
    assert answer.status == 404
    assert b"import" not in answer.body


def test_scripts_are_served_as_scripts(page: PageClient) -> None:
    for path in ("/static/application.js", "/static/echarts.min.js"):
        answer = page.get(path, {"authorization": ""})
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/javascript")
