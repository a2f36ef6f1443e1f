"""Photos that wait for a person: judged with a key each, by two at once, on a phone, without a network."""

import os
import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from lambdas.workflow.places import review_key
from tests.browser.fixtures.accessibility import find_violations
from tests.browser.fixtures.screens import PHONE, WIDE
from tests.browser.fixtures.served_page import serve_page
from tests.browser.fixtures.views import open_view
from tests.browser.fixtures.waiting_photos import ReviewedDeployment
from tests.end_to_end.embedded_cloud import App, free_port

pytestmark = pytest.mark.end_to_end

CLASSES = ["bicycle", "motorcycle"]
MANY_CLASSES = [*CLASSES, *(f"class_{number}" for number in range(3, 12)), "motorcycle" * 6]
NAMES = ["first.png", "second photo.png", "the third photo.png", "and the fourth photo.png"]
AHEAD = 3
LARGE_ENOUGH = 44
PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def reviewed(app: App) -> ReviewedDeployment:
    """A deployment whose waiting photos each test chooses."""
    deployment = ReviewedDeployment(app, f"scones-review-{os.getpid()}")
    deployment.create()
    return deployment


@pytest.fixture(scope="module")
def review_address(app: App, reviewed: ReviewedDeployment) -> Iterator[str]:
    """Where the page of that deployment is served."""
    with serve_page(app.cloud.environment, reviewed.name, free_port()) as server:
        yield server.address


@pytest.fixture
def photos(reviewed: ReviewedDeployment) -> list[str]:
    """The ids of the photos that wait, oldest first."""
    return reviewed.fill(CLASSES, NAMES)


def expect_faults(faults: list[str], status: str) -> None:
    """Takes out that the server answered with a status, to whatever was on its way."""
    assert faults
    assert all(status in fault for fault in faults), faults
    faults.clear()


def expect_photo(page: Page, name: str) -> None:
    """Waits until a photo is the one to judge."""
    expect(page.get_by_role("heading", level=2)).to_have_text(name)


def expect_said(page: Page, sentence: str) -> None:
    """Waits until a screen reader was told a sentence."""
    expect(page.get_by_role("status")).to_have_text(sentence)


def wait_for_outcome(reviewed: ReviewedDeployment, photo: str, outcome: str) -> None:
    """Waits until the table has the outcome: the page goes on before it has."""
    end = time.monotonic() + PATIENCE_SECONDS
    while reviewed.read(photo)["outcome"] != outcome:
        assert time.monotonic() < end, reviewed.read(photo)
        time.sleep(0.02)


def wait_until_released(reviewed: ReviewedDeployment, photos: list[str]) -> None:
    """Waits until nobody has claimed any of the photos."""
    end = time.monotonic() + PATIENCE_SECONDS
    while any("claimed_by" in reviewed.read(photo) for photo in photos):
        assert time.monotonic() < end
        time.sleep(0.02)


def find_picture(page: Page) -> Locator:
    """Returns the picture that is shown."""
    return page.get_by_role("region", name="Photo to judge").get_by_role("img")


def test_each_key_judges_a_photo_and_says_what_comes_next(
    page: Page, review_address: str, reviewed: ReviewedDeployment, photos: list[str]
) -> None:
    open_view(page, review_address, "review")
    expect_said(page, "Next: first.png. 4 left.")
    expect(find_picture(page)).to_have_accessible_name("Photo first.png")
    expect(page.get_by_text("takes it for bicycle, with a confidence of only 0.610")).to_be_visible()
    expect(page.get_by_role("link", name="See its execution")).to_have_attribute(
        "href", f"#/executions/{photos[0]}"
    )
    page.keyboard.press("2")
    expect_said(page, "Routed as motorcycle. Next: second photo.png. 3 left.")
    page.keyboard.press("n")
    expect_said(page, "Discarded. Next: the third photo.png. 2 left.")
    page.keyboard.press("1")
    expect_said(page, "Routed as bicycle. Next: and the fourth photo.png. 1 left.")
    expect(page.get_by_text("1 left, 3 judged by you")).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link", name="Review")).to_have_text("Review1 waiting")
    page.keyboard.press("0")
    expect_said(page, "Discarded. Nothing waits for you. 0 left.")
    expect(page.get_by_role("link", name="Try a photo")).to_be_visible()
    for photo, outcome in zip(
        photos, ["routed by review", "discarded", "routed by review", "discarded"], strict=True
    ):
        wait_for_outcome(reviewed, photo, outcome)
    assert [reviewed.read(photo).get("label") for photo in photos] == ["motorcycle", None, "bicycle", None]
    assert reviewed.read(photos[0])["reviewed_by"].startswith("arn:aws:")


def test_a_key_that_is_held_down_or_meant_for_the_browser_judges_one_photo_or_none(
    page: Page, review_address: str, photos: list[str]
) -> None:
    open_view(page, review_address, "review")
    page.keyboard.press("Control+1")
    page.keyboard.press("x")
    expect_photo(page, NAMES[0])
    page.keyboard.down("1")
    page.keyboard.down("1")
    page.keyboard.up("1")
    expect_photo(page, NAMES[1])
    page.get_by_role("navigation").get_by_role("link", name="Review").focus()
    page.keyboard.press("1")
    expect_photo(page, NAMES[1])


def test_with_tab_and_enter_alone_the_focus_stays_on_the_button(
    page: Page, review_address: str, photos: list[str]
) -> None:
    open_view(page, review_address, "review")
    expect_photo(page, NAMES[0])
    page.keyboard.press("Tab")
    motorcycle = page.get_by_role("button", name="motorcycle")
    page.keyboard.press("Tab")
    for name in NAMES[1:]:
        expect(motorcycle).to_be_focused()
        page.keyboard.press("Enter")
        expect_photo(page, name)
    page.keyboard.press("Enter")
    end = page.get_by_role("region", name="Nothing waits for you.")
    expect(end).to_be_focused()


def test_the_next_picture_is_there_before_its_turn(
    page: Page, review_address: str, photos: list[str], faults: list[str]
) -> None:
    loaded: list[str] = []
    page.on("response", lambda response: response.url.endswith("/picture") and loaded.append(response.url))
    open_view(page, review_address, "review")
    while len(loaded) < AHEAD:
        page.wait_for_event("response")
    page.evaluate("() => new Promise((resolve) => setTimeout(resolve))")
    page.route("**/api/**", lambda route: route.abort())
    page.keyboard.press("1")
    expect(find_picture(page)).to_have_accessible_name("Photo second photo.png")
    expect(find_picture(page)).not_to_have_js_property("naturalWidth", 0)
    expect(page.get_by_role("alert")).to_be_visible()
    page.unroute_all(behavior="wait")
    faults.clear()


def test_undo_brings_the_photo_back_until_others_were_told(
    page: Page, review_address: str, reviewed: ReviewedDeployment, photos: list[str], faults: list[str]
) -> None:
    open_view(page, review_address, "review")
    expect(page.get_by_role("button", name="Undo")).to_be_disabled()
    page.keyboard.press("1")
    page.keyboard.press("n")
    expect_photo(page, NAMES[2])
    page.keyboard.press("u")
    expect_said(page, "Taken back. Next: second photo.png. 3 left.")
    page.get_by_role("button", name="Undo").click()
    expect_said(page, "Taken back. Next: first.png. 4 left.")
    wait_for_outcome(reviewed, photos[0], "refused")
    page.keyboard.press("2")
    wait_for_outcome(reviewed, photos[0], "routed by review")
    reviewed.forget(photos[0], "untold")
    page.keyboard.press("u")
    expect(page.get_by_role("alert")).to_contain_text("other systems were told of it already")
    expect_photo(page, NAMES[1])
    assert reviewed.read(photos[0])["label"] == "motorcycle"
    expect_faults(faults, "409")


def test_a_skipped_photo_comes_again_when_it_is_asked_for(
    page: Page, review_address: str, photos: list[str]
) -> None:
    open_view(page, review_address, "review")
    for name in NAMES:
        expect_photo(page, name)
        page.keyboard.press("s")
    expect_said(page, "Skipped. 4 photos are skipped here or being judged by somebody else. 4 left.")
    page.get_by_role("button", name="Look again").click()
    expect_photo(page, NAMES[0])
    page.keyboard.press("1")
    expect_said(page, "Routed as bicycle. Next: second photo.png. 3 left.")


def test_two_people_are_never_shown_the_same_photo(
    page: Page, review_address: str, reviewed: ReviewedDeployment, photos: list[str]
) -> None:
    open_view(page, review_address, "review")
    expect_photo(page, NAMES[0])
    other = page.context.new_page()
    open_view(other, review_address, "review")
    expect_photo(other, NAMES[AHEAD])
    other.keyboard.press("2")
    expect_said(
        other,
        "Routed as motorcycle. 3 photos are skipped here or being judged by somebody else. 3 left.",
    )
    other.close(run_before_unload=True)
    for name in NAMES[:AHEAD]:
        expect_photo(page, name)
        page.keyboard.press("1")
    expect_said(page, "Routed as bicycle. Nothing waits for you. 0 left.")
    for photo in photos:
        wait_for_outcome(reviewed, photo, "routed by review")
    labels = [reviewed.read(photo)["label"] for photo in photos]
    assert labels == ["bicycle", "bicycle", "bicycle", "motorcycle"]


def test_a_photo_that_somebody_else_has_judged_is_said_in_a_line_and_the_next_one_comes(
    page: Page, review_address: str, reviewed: ReviewedDeployment, photos: list[str], faults: list[str]
) -> None:
    open_view(page, review_address, "review")
    expect_photo(page, NAMES[0])
    reviewed.change(photos[0], outcome="routed by review", label="motorcycle", reviewed_by="arn:aws:iam::1:x")
    page.keyboard.press("1")
    expect(page.get_by_role("alert")).to_contain_text("first.png as bicycle: What x said")
    expect_photo(page, NAMES[1])
    expect(page.get_by_text("3 left, 0 judged by you")).to_be_visible()
    expect_said(page, "Next: second photo.png. 3 left.")
    assert reviewed.read(photos[0])["label"] == "motorcycle"
    expect_faults(faults, "409")


def test_photos_are_free_again_when_the_view_or_the_tab_is_left(
    page: Page, review_address: str, reviewed: ReviewedDeployment, photos: list[str]
) -> None:
    open_view(page, review_address, "review")
    expect_photo(page, NAMES[0])
    assert "claimed_by" in reviewed.read(photos[0])
    page.get_by_role("navigation").get_by_role("link", name="Executions").click()
    wait_until_released(reviewed, photos)
    other = page.context.new_page()
    open_view(other, review_address, "review")
    expect_photo(other, NAMES[0])
    other.close(run_before_unload=True)
    wait_until_released(reviewed, photos)


def test_a_judgement_that_the_network_has_lost_is_kept_and_sent_again_by_itself(
    page: Page, review_address: str, reviewed: ReviewedDeployment, photos: list[str], faults: list[str]
) -> None:
    open_view(page, review_address, "review")
    expect_photo(page, NAMES[0])
    page.route("**/judgement", lambda route: route.abort())
    page.keyboard.press("2")
    expect_photo(page, NAMES[1])
    lost = page.get_by_role("alert")
    expect(lost).to_contain_text("The page's server does not answer")
    expect_said(
        page, "1 judgement not saved yet, sent again once that is over. Next: second photo.png. 4 left."
    )
    expect(page.get_by_text("4 left, 0 judged by you")).to_be_visible()
    page.unroute_all(behavior="wait")
    wait_for_outcome(reviewed, photos[0], "routed by review")
    assert reviewed.read(photos[0])["label"] == "motorcycle"
    expect(page.get_by_role("alert")).to_have_count(0)
    expect_said(page, "Routed as motorcycle. Next: second photo.png. 3 left.")
    expect(page.get_by_text("3 left, 1 judged by you")).to_be_visible()
    faults.clear()


def test_a_photo_that_is_gone_says_so_and_can_be_discarded(
    page: Page, review_address: str, reviewed: ReviewedDeployment, photos: list[str], faults: list[str]
) -> None:
    copy = review_key(photos[0], NAMES[0])
    reviewed.app.cloud.client("s3").delete_object(Bucket=reviewed.bucket, Key=copy)
    open_view(page, review_address, "review")
    expect(page.get_by_text("The picture cannot be shown.")).to_be_visible()
    page.keyboard.press("n")
    expect(find_picture(page)).to_have_accessible_name("Photo second photo.png")
    wait_for_outcome(reviewed, photos[0], "discarded")
    expect_faults(faults, "404")


def test_a_class_that_is_none_any_more_leaves_the_photo_and_offers_the_present_ones(
    page: Page, review_address: str, reviewed: ReviewedDeployment, photos: list[str], faults: list[str]
) -> None:
    open_view(page, review_address, "review")
    expect_photo(page, NAMES[0])
    reviewed.set_classes(["tram", "ferry"])
    page.keyboard.press("2")
    expect(page.get_by_role("alert")).to_contain_text("'motorcycle' is no class of")
    expect(page.get_by_text("takes it for bicycle, a class that there is no longer")).to_be_visible()
    expect_photo(page, NAMES[0])
    page.get_by_role("button", name="ferry").click()
    wait_for_outcome(reviewed, photos[0], "routed by review")
    assert reviewed.read(photos[0])["label"] == "ferry"
    expect_faults(faults, "400")


def test_of_many_classes_the_others_are_found_by_typing(
    page: Page, review_address: str, reviewed: ReviewedDeployment
) -> None:
    (photo, _) = reviewed.fill(MANY_CLASSES, NAMES[:2])
    open_view(page, review_address, "review")
    field = page.get_by_label("Another class")
    field.fill("no such one")
    page.keyboard.press("Enter")
    assert "no class" in field.evaluate("field => field.validationMessage")
    field.fill("")
    field.press_sequentially("Class_11")
    expect_photo(page, NAMES[0])
    page.keyboard.press("Enter")
    expect_said(page, "Routed as class_11. Next: second photo.png. 1 left.")
    wait_for_outcome(reviewed, photo, "routed by review")
    assert reviewed.read(photo)["label"] == "class_11"


@pytest.mark.parametrize("viewport", [PHONE], ids=["phone"])
def test_on_a_phone_the_picture_and_the_large_buttons_fit(
    page: Page, review_address: str, photos: list[str]
) -> None:
    open_view(page, review_address, "review")
    expect_photo(page, NAMES[0])
    expect(find_picture(page)).to_be_in_viewport(ratio=1)
    for name in ("bicycle", "motorcycle", "None of these", "Skip"):
        button = page.get_by_role("button", name=name)
        expect(button).to_be_in_viewport(ratio=1)
        box = button.bounding_box()
        assert box
        assert min(box["width"], box["height"]) >= LARGE_ENOUGH


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_photo_and_the_end_are_accessible(
    page: Page, review_address: str, reviewed: ReviewedDeployment
) -> None:
    reviewed.fill(MANY_CLASSES, [f"{'a long name ' * 10}.png"])
    open_view(page, review_address, "review")
    expect(find_picture(page)).to_be_visible()
    assert find_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.keyboard.press("1")
    expect(page.get_by_role("heading", name=re.compile("Nothing waits"))).to_be_visible()
    assert find_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
