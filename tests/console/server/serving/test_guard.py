"""Who gets an answer of the page's server, and with which headers."""

import gzip

import pytest

from tests.console.conftest import DATASET
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
@pytest.mark.parametrize("path", [API, "/api/overview", "/api/changes", "/api/none"])
def test_without_the_token_nothing_of_the_api_is_had(page: PageClient, path: str, authorization: str) -> None:
    answer = page.get(path, {"authorization": authorization})
    assert answer.status == 401
    assert "reload the page" in answer.json["error"]


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


SCRIPTS = ["/static/application.js", "/static/echarts.min.js", "/static/lit-html/lit-html.js"]


@pytest.mark.parametrize("path", SCRIPTS)
def test_a_script_is_kept_by_the_browser_until_it_changes(page: PageClient, path: str) -> None:
    answer = page.get(path, {"authorization": ""})
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cache-control"] == "no-cache"
    again = page.get(path, {"if-none-match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


def test_text_is_compressed_for_whoever_takes_it_and_pictures_are_not(page: PageClient) -> None:
    takes = {"accept-encoding": "gzip, br"}
    whole, small = page.get("/static/application.js"), page.get("/static/application.js", takes)
    assert small.headers["content-encoding"] == "gzip"
    assert gzip.decompress(small.body) == whole.body
    assert len(small.body) < len(whole.body) / 2
    photo = page.get(f"/api/datasets/{DATASET}/test/bicycle/bicycle_1.png", takes)
    assert "content-encoding" not in photo.headers


@pytest.mark.parametrize("path", ["/executions", "/executions/one-two", "/confidence", "/new-execution"])
def test_a_view_that_is_typed_as_a_path_is_shown(page: PageClient, path: str) -> None:
    answer = page.get(path, {"authorization": "", "sec-fetch-site": "none"})
    assert answer.status == 302
    assert answer.headers["location"] == f"/#{path}"


@pytest.mark.parametrize("path", ["/favicon.ico", "/other", "//evil.example", "/apis"])
def test_any_other_path_is_not_found_in_plain_words(page: PageClient, path: str) -> None:
    answer = page.get(path, {"authorization": "", "sec-fetch-site": "none"})
    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/plain")


def test_what_was_asked_is_not_repeated_at_length(page: PageClient) -> None:
    for path in (
        f"/api/datasets/{'x' * 2000}",
        f"/api/datasets/{'x%20' * 1000}",
        f"/api/executions/{'x' * 2000}",
    ):
        answer = page.get(path)
        assert answer.status == 404
        assert len(answer.json["error"]) < 250
