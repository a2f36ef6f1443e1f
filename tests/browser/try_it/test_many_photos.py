"""Many photos at once: sent a few at a time, followed in one screen, and none lost whatever happens."""

import csv
import io
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from tests.browser.fixtures.accessibility import find_violations
from tests.browser.fixtures.other_deployments import draw_small_picture
from tests.browser.fixtures.screens import PHONE, WIDE
from tests.browser.fixtures.views import open_view

pytestmark = pytest.mark.end_to_end

# In place of what follows executions: each ends at once, as its name says, unless `held` holds it.
FOLLOWING = """
  export * from "/static/changes.js?real";
  const answer = (id, outcome) => ({
    id, outcome, states: [], started: 0, name: id, key: "incoming/1/" + id,
    predicted_class: outcome === "failed" ? null : "bicycle", threshold: 0.8, milliseconds: 120.5,
    confidence: {routed: 0.97, refused: 0.6}[outcome] ?? null,
    error: {refused: "ThresholdConfidenceNotMet", failed: "ImageNotFound"}[outcome] ?? null,
    cause: {refused: "Confidence 0.6 is below", failed: "There is no such object"}[outcome] ?? null,
  });
  window.findAnswer = (id) => answer(id, ["refused", "failed"].find((word) => id.includes(word)) ?? "routed");
  export async function followExecution(id, show) {
    show(answer(id, "running"));
    while (window.held?.(id)) await new Promise((resolve) => setTimeout(resolve, 20));
    const ended = window.findAnswer(id);
    show(ended);
    return ended;
  }
"""
DROP_MANY = """async (many) => {
  const canvas = new OffscreenCanvas(8, 8);
  canvas.getContext("2d");
  const picture = await canvas.convertToBlob();
  const dataTransfer = new DataTransfer();
  for (let n = 0; n < many; n += 1) {
    dataTransfer.items.add(new File([picture], `${n}.png`, {type: "image/png"}));
  }
  document.body.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
}"""
PASTE = """() => {
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File(["pixels"], "image.png", {type: "image/png"}));
  document.body.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true}));
}"""
DROP_FOLDER = """() => {
  const file = (path) => ({
    isDirectory: false, fullPath: path,
    file: (take, refuse) => path.includes("gone")
      ? refuse(new DOMException("", "NotFoundError"))
      : take(new File(["pixels"], path.split("/").at(-1), {type: path.endsWith("txt") ? "text/plain" : ""})),
  });
  const folder = (path, ...batches) => ({
    isDirectory: true, fullPath: path,
    createReader: () => ({readEntries: (take) => setTimeout(() => take(batches.shift() ?? []))}),
  });
  const inner = folder("/trip/day 2", [file("/trip/day 2/c.HEIC")], [file("/trip/day 2/d.webp")]);
  const dropped = folder("/trip", [file("/trip/b10.jpg"), file("/trip/b9.jpg"), file("/trip/notes.txt")],
    [inner, file("/trip/._b9.jpg"), file("/trip/gone.png")]);
  DataTransferItem.prototype.webkitGetAsEntry = () => dropped;
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([], "trip"));
  document.body.dispatchEvent(new DragEvent("drop", {dataTransfer, bubbles: true, cancelable: true}));
}"""


# In place of the server for uploads: keeps what was sent, and answers nothing while it is `away`. Routes of
# Playwright would take a minute for a thousand.
UPLOADING = """
  window.uploads = [];
  const fetchOthers = window.fetch;
  window.fetch = async (path, options) => {
    if (path !== "/api/photos") return fetchOthers(path, options);
    if (window.away) throw new TypeError("Failed to fetch");
    const name = decodeURIComponent(options.headers["X-File-Name"]);
    window.uploads.push({ name, body: new Blob([options.body]) });
    return Response.json({ id: name, name, key: `incoming/1/${name}` }, { status: 201 });
  };
"""
FOLLOWED = {"body": FOLLOWING, "content_type": "text/javascript"}


@pytest.fixture
def try_it(page: Page, address: str) -> Page:
    """The view, with the page's server replaced for uploads and executions."""
    page.add_init_script(UPLOADING)
    picture = draw_small_picture()
    page.route("**/static/changes.js", lambda route: route.fulfill(**FOLLOWED))
    page.route(
        "**/api/executions/*/photo", lambda route: route.fulfill(body=picture, content_type="image/png")
    )
    page.route(re.compile("/api/executions/[^/]+$"), _describe)
    open_view(page, address, "try")
    return page


def _describe(route: Route) -> None:
    page, name = route.request.frame.page, unquote(route.request.url.rpartition("/")[2])
    route.fulfill(json=page.evaluate("(id) => window.findAnswer(id)", name))


def list_uploads(page: Page) -> list[str]:
    """Returns the names of what was sent."""
    names: list[str] = page.evaluate("window.uploads.map(({ name }) => name)")
    return names


def make_files(*names: str) -> list[FilePayload]:
    """Returns small pictures of these names."""
    picture = draw_small_picture()
    return [{"name": name, "mimeType": "image/png", "buffer": picture} for name in names]


def choose(page: Page, *files: FilePayload) -> None:
    """Chooses files."""
    page.get_by_label("Choose photos").set_input_files(list(files))


def hold(page: Page, condition: str = "true") -> None:
    """Lets executions go on whose id fulfils a condition."""
    page.evaluate(f"() => {{ window.held = (id) => {condition} }}")


def expect_progress(page: Page, words: str) -> Locator:
    """Waits until the summary says so; returns the batch."""
    batch = page.get_by_role("region", name="Your photos")
    expect(batch.get_by_role("heading", level=2)).to_have_text(words)
    return batch


def read_results(page: Page) -> list[dict[str, str]]:
    """Returns the downloaded CSV."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    return list(csv.DictReader(io.StringIO(Path(download.value.path()).read_bytes().decode())))


def find_photo(page: Page, name: str) -> Locator:
    """Returns a photo's row."""
    return page.get_by_role("article", name=f"Photo {name}", exact=True)


def test_a_batch_is_followed_in_one_screen_and_taken_home(try_it: Page) -> None:
    hold(try_it, "id === '1.png'")
    text: FilePayload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"Dear Scones"}
    names = [f"{n}.png" for n in range(2, 60)]
    choose(try_it, *make_files("1.png", "refused.png", "failed, twice.png", "=sum.png", *names), text)
    batch = expect_progress(try_it, "61 of 63: 59 routed, 1 refused, 1 failed; 1 not sent")
    rows = batch.get_by_role("article")
    expect(rows).to_have_count(50)
    assert batch.locator("details[open]").count() == 0
    # What runs stands first, whenever it was chosen; the others by their end, the newest first.
    expect(rows.first).to_contain_text("1.png")
    expect(rows.first).to_contain_text("running")
    try_it.get_by_role("button", name="Show 13 more").click()
    expect(rows).to_have_count(63)
    expect(find_photo(try_it, "notes.txt")).to_contain_text("not sent")
    expect(find_photo(try_it, "notes.txt")).to_contain_text("not an image")
    expect(find_photo(try_it, "refused.png")).to_contain_text("0.800 is needed")
    expect(find_photo(try_it, "failed, twice.png")).to_contain_text("ImageNotFound: There is no such object")
    assert try_it.evaluate("document.querySelectorAll('main *').length") < 1500
    hold(try_it, "false")
    expect_progress(try_it, "62 of 63: 60 routed, 1 refused, 1 failed; 1 not sent")
    try_it.get_by_role("button", name="Refused 1").click()
    expect(rows).to_have_count(1)
    rows.locator("summary").press("Enter")
    expect(rows).to_contain_text("Refused: the best guess, bicycle, has 0.600; 0.800 is needed.")
    expect(rows.get_by_role("link", name="Execution details")).to_have_attribute(
        "href", "#/executions/refused.png"
    )
    for screen in (WIDE, PHONE):
        try_it.set_viewport_size({"width": screen["width"], "height": screen["height"]})
        for theme in ("light", "dark"):
            try_it.emulate_media(color_scheme=theme)
            assert find_violations(try_it) == [], (screen, theme)
        assert try_it.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    found = {result["name"]: result for result in read_results(try_it)}
    assert len(found) == 63
    assert list(found["refused.png"].values()) == [
        *("refused.png", "refused", "bicycle", "0.6", "0.8", "ThresholdConfidenceNotMet"),
        *("Confidence 0.6 is below", "120.5", "refused.png", "incoming/1/refused.png", ""),
    ]
    assert found["notes.txt"]["outcome"] == "not sent"
    assert "not an image" in found["notes.txt"]["cause"]
    # A spreadsheet would run it.
    assert "'=sum.png" in found


def test_a_thousand_photos_take_seconds_and_no_more_room_than_fifty(try_it: Page) -> None:
    try_it.evaluate(DROP_MANY, 1000)
    batch = expect_progress(try_it, "1,000 of 1,000: 1,000 routed")
    assert try_it.evaluate("document.querySelectorAll('main *').length") < 1500
    expect(batch.get_by_role("article")).to_have_count(50)
    batch.get_by_role("button", name="Show 50 more").click()
    expect(batch.get_by_role("article")).to_have_count(100)
    assert len(set(list_uploads(try_it))) == 1000


def test_the_first_photos_say_why_they_take_long(try_it: Page) -> None:
    hold(try_it)
    try_it.clock.install()
    choose(try_it, *make_files("1.png", "2.png"))
    expect(try_it.get_by_role("article").filter(has_text="running")).to_have_count(2)
    starting = try_it.get_by_text("The first photos take longer: functions and endpoint are starting.")
    try_it.clock.run_for(5_000)
    expect(starting).to_have_count(0)
    try_it.clock.run_for(6_000)
    expect(starting).to_be_visible()
    hold(try_it, "id === '2.png'")
    try_it.clock.run_for(1_000)
    expect(starting).to_have_count(0)


def test_while_the_server_is_away_photos_wait_and_go_on_by_themselves(
    try_it: Page, faults: list[str]
) -> None:
    try_it.evaluate("window.away = true")
    choose(try_it, *make_files(*(f"{n}.png" for n in range(6))))
    batch = try_it.get_by_role("region", name="Your photos")
    expect(try_it.get_by_role("alert")).to_contain_text("does not answer")
    expect(batch.get_by_role("article").filter(has_text="Queued")).to_have_count(6)
    expect(batch).to_contain_text("Queued (5 ahead)")
    try_it.evaluate("window.away = false")
    expect_progress(try_it, "6 of 6: 6 routed")
    expect(try_it.get_by_role("alert")).to_have_count(0)
    assert sorted(list_uploads(try_it)) == [f"{n}.png" for n in range(6)]
    faults.clear()


def test_a_file_that_is_gone_says_so_and_the_others_go_on(
    try_it: Page, tmp_path: Path, faults: list[str]
) -> None:
    hold(try_it)
    paths = [tmp_path / f"{n}.png" for n in range(20)]
    for path in paths:
        path.write_bytes(draw_small_picture())
    try_it.get_by_label("Choose photos").set_input_files(paths)
    expect(try_it.get_by_text("running").first).to_be_visible()
    paths[18].unlink()
    hold(try_it, "false")
    expect_progress(try_it, "19 of 20: 19 routed; 1 not sent")
    gone = find_photo(try_it, "18.png")
    expect(gone).to_contain_text("18.png can no longer be read: it was moved or changed. Choose it again.")
    # Whether the browser has come to draw its picture by then is its own affair.
    faults[:] = [fault for fault in faults if "ERR_FILE_NOT_FOUND" not in fault]


def test_a_folder_is_walked_and_what_is_no_image_is_named(try_it: Page, tmp_path: Path) -> None:
    try_it.evaluate(DROP_FOLDER)
    batch = expect_progress(try_it, "4 of 4: 4 routed")
    expect(batch).to_contain_text("2 files were no images: trip/._b9.jpg and trip/notes.txt.")
    expect(batch).to_contain_text("1 file of the folder could not be read.")
    assert list_uploads(try_it) == ["b9.jpg", "b10.jpg", "c.HEIC", "d.webp"]
    results = read_results(try_it)
    assert {result["name"] for result in results if result["outcome"] == "routed"} == {
        *("trip/b9.jpg", "trip/b10.jpg", "trip/day 2/c.HEIC", "trip/day 2/d.webp")
    }
    others = [result for result in results if result["outcome"] == "not sent"]
    assert [result["name"] for result in others] == ["trip/._b9.jpg", "trip/notes.txt"]
    assert all(result["cause"].startswith("not an image") for result in others)
    try_it.get_by_role("button", name="Clear the list").click()
    expect(batch).to_have_count(0)
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "bike.png").write_bytes(draw_small_picture())
    for number in range(7):
        (tmp_path / f"letter {number}.txt").write_text("Dear Scones")
    try_it.get_by_label("Choose a folder").set_input_files(tmp_path)
    batch = expect_progress(try_it, "1 of 1: 1 routed")
    folder = tmp_path.name
    expect(batch).to_contain_text(f"7 files were no images: {folder}/letter 0.txt, {folder}/letter 1.txt,")
    expect(batch).to_contain_text(f"{folder}/letter 4.txt, and 2 more.")


def test_a_reload_asks_first_and_keeps_the_list(try_it: Page) -> None:
    hold(try_it, "!id.includes('done')")
    choose(try_it, *make_files("done.png", "done refused.png"))
    expect_progress(try_it, "2 of 2: 1 routed, 1 refused")
    choose(try_it, *make_files(*(f"{n}.png" for n in range(30))))
    expect(try_it.get_by_role("article").filter(has_text="running")).to_have_count(8)
    asked = []

    def answer(dialog: Any) -> None:
        asked.append(dialog.type)
        dialog.accept()

    try_it.once("dialog", answer)
    try_it.reload()
    assert asked == ["beforeunload"]
    expect_progress(try_it, "10 of 32: 9 routed, 1 refused; 22 not sent")
    expect(find_photo(try_it, "29.png")).to_contain_text("choose it again")
    expect(find_photo(try_it, "done refused.png")).to_contain_text("0.600")
    # Nothing waits any more: the user is not asked again, and nothing is sent twice.
    try_it.reload()
    expect_progress(try_it, "10 of 32: 9 routed, 1 refused; 22 not sent")
    assert list_uploads(try_it) == []
    # Chosen again, all of them: only what was not sent goes on its way.
    choose(try_it, *make_files("done.png", "done refused.png", *(f"{n}.png" for n in range(30))))
    expect_progress(try_it, "32 of 32: 31 routed, 1 refused")
    expect(try_it.get_by_text("10 photos of before the reload: not sent a second time.")).to_be_visible()
    assert len(list_uploads(try_it)) == 22


def test_stopped_photos_are_sent_when_the_user_says_so_and_another_view_loses_no_place(
    try_it: Page, address: str
) -> None:
    hold(try_it)
    choose(try_it, *make_files(*(f"{n}.png" for n in range(40))))
    expect(try_it.get_by_text("running").first).to_be_visible()
    try_it.get_by_role("button", name="Stop").click()
    hold(try_it, "false")
    expect(try_it.get_by_role("article").filter(has_text="running")).to_have_count(0)
    sent = len(list_uploads(try_it))
    assert 0 < sent < 20
    expect_progress(try_it, f"{sent} of 40: {sent} routed; {40 - sent} not sent")
    try_it.get_by_role("button", name=f"Send {40 - sent}", exact=True).click()
    expect_progress(try_it, "40 of 40: 40 routed")
    row = find_photo(try_it, "7.png")
    row.locator("summary").click()
    expect(row).to_contain_text("Routed as bicycle")
    # Where the user rests is kept.
    try_it.wait_for_timeout(300)
    before = try_it.evaluate("window.scrollY")
    assert before > 0
    # A link in the banner would have to be scrolled to.
    try_it.evaluate("location.hash = '#/model'")
    expect(try_it.get_by_role("heading", level=1, name="Model")).to_be_visible()
    try_it.go_back()
    expect(row).to_contain_text("Routed as bicycle")
    expect(row).to_be_in_viewport()
    assert abs(try_it.evaluate("window.scrollY") - before) < 3


def test_what_is_too_large_is_scaled_down_or_refused_with_its_size(try_it: Page, tmp_path: Path) -> None:
    large, broken = tmp_path / "large.bmp", tmp_path / "broken.jpg"
    Image.new("RGB", (2400, 1800), "teal").save(large)
    broken.write_bytes(bytes(27_021_063))
    try_it.get_by_label("Choose photos").set_input_files([large, broken])
    expect_progress(try_it, "1 of 2: 1 routed; 1 not sent")
    row = find_photo(try_it, "large.bmp").locator("summary")
    expect(row).to_contain_text("Scaled down from 13 MB to 1,600 pixels. Sent as large.jpg.")
    result = {name: read_results(try_it)[0][name] for name in ("name", "sent as")}
    assert result == {"name": "large.bmp", "sent as": "large.jpg"}
    expect(find_photo(try_it, "broken.jpg").get_by_role("alert")).to_have_text(
        "Not sent: 27 MB is too large: the limit is 10 MB."
    )
    assert list_uploads(try_it) == ["large.jpg"]
    measure = "createImageBitmap(uploads[0].body).then(({ width, height }) => [width, height])"
    assert try_it.evaluate(measure) == [1600, 1200]


def test_a_pasted_picture_and_one_that_the_browser_cannot_show(try_it: Page) -> None:
    try_it.evaluate(PASTE)
    expect_progress(try_it, "1 of 1: 1 routed")
    written = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(written, "TIFF")
    choose(try_it, {"name": "scan.tif", "mimeType": "image/tiff", "buffer": written.getvalue()})
    expect_progress(try_it, "2 of 2: 2 routed")
    shown = find_photo(try_it, "scan.tif").get_by_role("img", name="Your photo scan.tif")
    expect(shown).not_to_have_js_property("naturalWidth", 0)
    expect(shown).to_have_js_property("naturalWidth", 8)
