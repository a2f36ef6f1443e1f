"""A photo that is dropped on the page: what becomes of it, live, and why."""

import re

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.fixtures.accessibility import find_violations
from tests.browser.fixtures.routed_photos import read_staged_photos
from tests.end_to_end.embedded_cloud import App

pytestmark = pytest.mark.end_to_end

STEPS = ["Serialize the photo", "Classify the photo", "Filter by confidence"]
STATES = [*STEPS, "Keep the routing", "Tell the routing", "Photo is routed"]
MANY = 9
DROP = """([place, name]) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["no picture"], name));
  const options = {dataTransfer, bubbles: true, cancelable: true};
  // dispatchEvent answers whether the browser may go on and open the file.
  const send = (kind) => document.querySelector(place).dispatchEvent(new DragEvent(kind, options));
  return ["dragover", "drop"].map(send);
}"""
HOSTILE = '"><img src=x onerror=document.title=1>.png'


def choose(page: Page, address: str, name: str, content: bytes, kept_name: str = "") -> Locator:
    """Chooses a file under "Try it"; returns what the page shows of it, by the name that the server keeps."""
    page.goto(f"{address}/#/try")
    page.get_by_label("Choose photos").set_input_files(create_file(name, content))
    return page.get_by_role("article", name=f"Photo {kept_name or name}")


def create_file(name: str, content: bytes) -> FilePayload:
    """Returns a file as a browser's user chooses it."""
    return {"name": name, "mimeType": "image/png", "buffer": content}


def test_a_photo_passes_through_every_state_and_is_routed(
    page: Page, address: str, routed_photo: tuple[bytes, str]
) -> None:
    content, predicted = routed_photo
    shown = choose(page, address, "a photo.png", content)
    expect(shown).to_contain_text(f"Routed as {predicted}")
    table = shown.get_by_role("table")
    expect(table.get_by_role("rowheader")).to_have_text(STATES)
    expect(table.get_by_text("succeeded")).to_have_count(len(STATES))
    expect(shown.get_by_role("group", name="Probabilities")).to_contain_text("motorcycle")


def test_a_refused_photo_says_how_sure_the_model_was_and_what_the_threshold_is(
    page: Page, address: str, doubtful_photo: bytes
) -> None:
    shown = choose(page, address, "neither.png", doubtful_photo)
    said = shown.get_by_text("Refused: the best guess")
    expect(said).to_contain_text("0.800 is needed")
    expect(said).not_to_contain_text(re.compile(r"\d\.\d{4}"))
    # The workflow did its job: that is no failure.
    expect(shown.get_by_role("row", name=STEPS[-1])).to_contain_text("refused")
    expect(shown).not_to_contain_text("failed")


def test_a_file_that_is_no_photo_says_so_and_starts_nothing(
    page: Page, address: str, faults: list[str]
) -> None:
    shown = choose(page, address, "letter.png", b"Dear Scones,")
    expect(shown.get_by_role("alert")).to_contain_text("Not sent: not an image")
    expect(shown.get_by_role("button")).to_have_count(0)
    expect(shown.get_by_role("link")).to_have_count(0)
    expect(shown.get_by_role("table")).to_have_count(0)
    (said,) = faults
    assert "415" in said
    faults.clear()


def test_a_file_s_name_is_text_whatever_is_in_it(page: Page, address: str, app: App) -> None:
    # The sign turns the direction of reading round: what ends with "png" looks like an "exe" then.
    shown = choose(page, address, f"\N{RIGHT-TO-LEFT OVERRIDE}{HOSTILE}", read_staged_photos(app)[0], HOSTILE)
    expect(shown.locator("summary bdi").first).to_have_text(HOSTILE)
    shown.get_by_role("link", name="Execution details").click()
    expect(page.get_by_text(HOSTILE).first).to_be_visible()
    page.goto(f"{address}/#/executions")
    expect(page.get_by_text(HOSTILE).first).to_be_visible()
    assert page.locator("img[onerror]").count() == 0


def test_photos_go_on_while_another_view_is_looked_at(page: Page, address: str, app: App) -> None:
    content = read_staged_photos(app)[0]
    page.goto(f"{address}/#/try")
    page.get_by_label("Choose photos").set_input_files(
        [create_file(f"{n}.png", content) for n in range(MANY)]
    )
    page.get_by_role("link", name="Executions").click()
    expect(page.get_by_role("heading", level=1, name="Executions")).to_be_visible()
    page.get_by_role("link", name="Try it").click()
    # Each in its own way: what the model makes of the photo does not matter here.
    expect(page.get_by_role("heading", level=2, name=f"{MANY} of {MANY}: ")).to_be_visible()
    expect(page.get_by_role("article").filter(has_text=re.compile("routed|refused"))).to_have_count(MANY)


def test_who_has_no_photo_at_hand_tries_one_of_the_test_photos(page: Page, address: str) -> None:
    page.goto(f"{address}/#/try")
    zone = page.get_by_role("region", name="Photos to route")
    expect(zone).to_contain_text(
        "The model knows bicycle and motorcycle only: whatever else a picture shows, it is called one of "
        "them."
    )
    zone.get_by_role("button", name="Try one of the test photos").click()
    samples = zone.get_by_role("group", name="Test photos")
    expect(samples.get_by_role("button")).to_have_count(8)
    assert find_violations(page) == []
    samples.get_by_role("button").first.click()
    expect(page.get_by_role("heading", level=2, name="1 of 1: ")).to_be_visible()
    expect(page.get_by_role("article")).to_contain_text("True class: bicycle")
    expect(page.get_by_role("article").get_by_role("table")).to_be_visible()


@pytest.mark.parametrize("place", ["h1", ".banner", ".drop-zone"])
def test_a_file_that_is_dropped_anywhere_is_taken_once(
    page: Page, address: str, faults: list[str], place: str
) -> None:
    page.goto(f"{address}/#/try")
    page.get_by_role("region", name="Photos to route").wait_for()
    assert page.evaluate(DROP, [place, "dropped.png"]) == [False, False]
    expect(page.get_by_role("article").get_by_role("alert")).to_contain_text("not an image")
    expect(page.get_by_role("article", name="Photo dropped.png")).to_have_count(1)
    (said,) = faults
    assert "415" in said
    faults.clear()


def test_a_file_that_is_dropped_on_another_view_does_not_replace_the_page(page: Page, address: str) -> None:
    page.goto(f"{address}/#/try")
    page.get_by_role("region", name="Photos to route").wait_for()
    page.get_by_role("link", name="Executions").click()
    expect(page.get_by_role("heading", level=1, name="Executions")).to_be_visible()
    assert page.evaluate(DROP, ["h1", "dropped.png"]) == [False, False]
    page.get_by_role("link", name="Try it").click()
    expect(page.get_by_role("region", name="Photos to route")).to_be_visible()
    expect(page.get_by_role("article")).to_have_count(0)


def test_after_a_restart_of_the_server_the_button_loads_the_page_anew(
    page: Page, address: str, faults: list[str]
) -> None:
    page.goto(address)
    page.route("**/api/deployment", lambda route: route.fulfill(status=401, json={"error": "old token"}))
    page.get_by_role("link", name="Try it").click()
    anew = page.get_by_role("alert").get_by_role("button", name="Reload the page")
    anew.wait_for()
    page.unroute("**/api/deployment")
    anew.click()
    expect(page.get_by_role("region", name="Photos to route")).to_be_visible()
    assert faults
    assert all("401" in said for said in faults)
    faults.clear()
