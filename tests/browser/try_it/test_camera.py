"""A photo with the camera: taken in a dialog, with the keyboard alone, and the camera goes out again."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.end_to_end

# Keeps every track that the page is given, to see whether it still films.
WATCHED = """
  window.tracks = [];
  const given = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await given(wanted);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
"""
FILMS = "tracks.some((track) => track.readyState === 'live')"


def open_dialog(page: Page, address: str, script: str = WATCHED) -> Locator:
    """Opens the dialog with the keyboard, in a page where a script runs first."""
    page.add_init_script(script)
    page.goto(f"{address}/#/try")
    page.get_by_role("button", name="Take a photo").press("Enter")
    return page.get_by_role("dialog", name="Take a photo")


def expect_no_filming(page: Page) -> None:
    """Waits until nothing films: the dialog goes out of sight before its close event comes."""
    page.wait_for_function(f"!({FILMS})")


def test_a_photo_is_taken_and_routed(page: Page, address: str) -> None:
    dialog = open_dialog(page, address)
    expect(dialog.get_by_role("button", name="Take")).to_be_focused()
    assert page.evaluate(FILMS)
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect_no_filming(page)
    card = page.get_by_role("article", name=re.compile("Photo camera .*jpg"))
    expect(card.get_by_role("img", name="Your photo")).not_to_have_js_property("naturalWidth", 0)
    expect(card.get_by_role("table").get_by_text("Classify the photo")).to_be_visible()


@pytest.mark.parametrize("key", ["Escape", "Tab"])
def test_who_takes_none_is_filmed_no_longer(page: Page, address: str, key: str) -> None:
    dialog = open_dialog(page, address)
    expect(dialog.get_by_role("button", name="Take")).to_be_focused()
    page.keyboard.press(key)
    if key == "Tab":
        page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect_no_filming(page)
    expect(page.get_by_role("button", name="Take a photo")).to_be_focused()
    expect(page.get_by_role("article")).to_have_count(0)


def test_the_camera_goes_out_when_the_view_is_left(page: Page, address: str) -> None:
    dialog = open_dialog(page, address)
    expect(dialog.get_by_role("button", name="Take")).to_be_enabled()
    page.evaluate("location.hash = '#/executions'")
    expect(page.get_by_role("heading", level=1, name="Executions")).to_be_visible()
    expect(dialog).to_have_count(0)
    expect_no_filming(page)


@pytest.mark.parametrize(
    ("reason", "said"),
    [("NotAllowedError", "allow it"), ("NotFoundError", "no camera"), ("NotReadableError", "does not start")],
)
def test_without_a_camera_the_dialog_says_why(page: Page, address: str, reason: str, said: str) -> None:
    refusing = f"() => Promise.reject(new DOMException('', '{reason}'))"
    dialog = open_dialog(page, address, f"navigator.mediaDevices.getUserMedia = {refusing};")
    expect(dialog.get_by_role("status")).to_contain_text(said)
    expect(dialog.get_by_role("button", name="Take")).to_be_disabled()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_browser_that_gives_no_camera_offers_none(page: Page, address: str) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined });")
    page.goto(f"{address}/#/try")
    expect(page.get_by_role("region", name="Photos to route")).to_be_visible()
    expect(page.get_by_role("button", name="Take a photo")).to_have_count(0)
