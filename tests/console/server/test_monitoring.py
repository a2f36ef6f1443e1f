"""What the page is told of dashboard, drift and documents, and what it may not ask for."""

import re

import pytest

from tests.console.server.page_client import PageClient


def test_what_is_not_deployed_is_told(page: PageClient) -> None:
    assert "make deploy adds it" in page.get("/api/dashboard").json["missing"]
    assert page.get("/api/drift").json == {"reports": [], "more": False, "next": None}


def test_a_range_that_there_is_none_is_refused(page: PageClient) -> None:
    refused = page.get("/api/dashboard?range=year")
    assert (refused.status, refused.json["error"]) == (400, "range is expected to be one of 3h, day, week")


def test_the_runbook_is_there(page: PageClient) -> None:
    text = page.get("/api/documents/runbook").json["text"]
    assert "photos-failed" in re.findall(r"^## (.+)$", text, re.MULTILINE)


@pytest.mark.parametrize("name", ["nothing", "../pyproject", "..%2Fcdk", "runbook.md"])
def test_no_other_file_is_a_document(page: PageClient, name: str) -> None:
    assert page.get(f"/api/documents/{name}").status == 404
