"""Before there is anything to see, each view says what to do."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fixtures.other_deployments import create_empty_deployment
from tests.browser.fixtures.served_page import serve_page
from tests.end_to_end.embedded_cloud import App, free_port

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def empty(app: App) -> Iterator[str]:
    """The address of the page of a deployment without data, model and endpoint."""
    with serve_page(app.cloud.environment, create_empty_deployment(app), free_port()) as server:
        yield server.address


def test_without_a_table_of_outcomes_executions_are_listed_with_a_line_that_says_what_to_do(
    page: Page, empty: str
) -> None:
    page.goto(f"{empty}/#/executions?outcome=routed")
    expect(
        page.get_by_text("This deployment has no table of outcomes yet: make deploy adds it")
    ).to_be_visible()
    expect(page.get_by_role("caption")).to_contain_text(
        "from Step Functions' executions: one line an execution"
    )
    page.goto(f"{empty}/#/executions?outcome=discarded")
    expect(page.get_by_role("table")).to_have_count(0)
    expect(page.get_by_text("make deploy adds it")).to_be_visible()
    page.goto(f"{empty}/#/overview")
    expect(page.get_by_text("a photo counts as often as it was sent")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize(
    ("view", "advice"),
    [
        ("overview", "make deploy"),
        ("review", "make deploy"),
        ("batches", "make deploy"),
        ("dashboard", "make deploy"),
        ("confidence", "python data_staging/stage.py"),
        ("model", "make demo"),
    ],
)
def test_a_view_with_nothing_to_show_says_what_to_do(page: Page, empty: str, view: str, advice: str) -> None:
    page.goto(f"{empty}/#/{view}")
    expect(page.get_by_text(advice).first).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
