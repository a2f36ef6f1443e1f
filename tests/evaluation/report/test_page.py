"""The page: all of it in one file, strangers' names as text, colours from the page."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from evaluation.answers import ask
from evaluation.measures.comparison import compare
from evaluation.measures.near_duplicates import NearDuplicate
from evaluation.report.page import render_page
from evaluation.report.report import Subject, Target, build_report
from evaluation.report.summary import summarize
from evaluation.staged_photos import DataSet
from tests.evaluation.staged_sample import CLASSES, brightness_model, staged

HOSTILE = ('<script src="https://evil.example/x.js">', "\"'&><img onerror=alert(1)>")
TARGET = Target(0.05, 0.9, 10_000)


def measured(data_set: DataSet, **changes: Any) -> dict[str, Any]:
    answers = ask(data_set, "test", brightness_model, "the model")
    facts = {
        "model": "m",
        "artifact": "m.tar.gz",
        "endpoint": None,
        "threshold_in_service": None,
        "when": 0.0,
    }
    subject = Subject(data_set.id, data_set.classes, "test", **{**facts, **changes})
    duplicates = [NearDuplicate(answers[0].file, f"train/{answers[0].file}", 0.9)]
    return build_report(subject, TARGET, answers, duplicates, compare("old", answers, "m", answers))


class Tags(HTMLParser):
    """Collects each tag with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Tags:
    plain = DataSet.in_folder(staged(tmp_path_factory.mktemp("staged")))
    data_set = DataSet(plain.id, HOSTILE, plain.files, plain.read)
    found = measured(data_set, model=HOSTILE[0], artifact=HOSTILE[1])
    for each in found["wrong"]:
        each["file"] = HOSTILE[0]
    return Tags(render_page(found, lambda path: plain.read("test/bicycle/1.png")))


def test_names_of_strangers_are_text(hostile_page: Tags) -> None:
    assert not {"script", "iframe", "object", "link"} & {tag for tag, _ in hostile_page.found}
    assert not [name for _, attributes in hostile_page.found for name in attributes if name.startswith("on")]
    assert all(name in hostile_page.text for name in HOSTILE)


def test_the_page_needs_nothing_beside_it(hostile_page: Tags) -> None:
    addresses = [
        attributes[name]
        for _, attributes in hostile_page.found
        for name in ("src", "href", "xlink:href")
        if name in attributes
    ]
    assert addresses
    assert all(re.match("data:image/png;base64,|#", address or "") for address in addresses)


def test_names_within_the_page_are_unique(hostile_page: Tags) -> None:
    names = [attributes["id"] for _, attributes in hostile_page.found if "id" in attributes]
    assert len(names) == len(set(names))


def test_every_photo_and_figure_has_a_name_for_those_who_do_not_see_it(hostile_page: Tags) -> None:
    pictures = [attributes for tag, attributes in hostile_page.found if tag == "img"]
    figures = [attributes for tag, attributes in hostile_page.found if tag == "svg"]
    # One wrong photo, and a pair of near-duplicates.
    assert len(pictures) == 3
    assert len(figures) == 2
    assert all(attributes.get("alt") for attributes in pictures)
    assert all(attributes.get("aria-label") and attributes["role"] == "img" for attributes in figures)


def test_figures_have_no_colour_of_their_own(tmp_path: Path) -> None:
    data_set = DataSet.in_folder(staged(tmp_path))
    text = render_page(
        measured(data_set, threshold_in_service={"value": 0.8, "source": "a number"}), data_set.read
    )
    figures = text[text.index("<svg") : text.rindex("</svg>")]
    assert set(re.findall(r"#[0-9a-f]{6}\b", figures)) == set()
    assert {"var(--ink)", "var(--first)", "var(--second)"} <= set(re.findall(r"var\(--\w+\)", figures))


def test_the_same_report_makes_the_same_page(tmp_path: Path) -> None:
    data_set = DataSet.in_folder(staged(tmp_path))
    found = measured(data_set)
    assert render_page(found, data_set.read) == render_page(found, data_set.read)


def test_a_wrong_photo_says_whether_the_threshold_in_service_refuses_it(tmp_path: Path) -> None:
    data_set = DataSet.in_folder(staged(tmp_path))
    for value, fate in ((0.5, "<br>routed<br>"), (0.99, "<br>refused<br>")):
        text = render_page(
            measured(data_set, threshold_in_service={"value": value, "source": "a number"}), data_set.read
        )
        assert f"motorcycle, taken for bicycle{fate}" in text


def test_the_summary_says_what_more_photos_it_takes(tmp_path: Path) -> None:
    lines = list(summarize(measured(DataSet.in_folder(staged(tmp_path)))))
    assert "12 test photos of data set 0123456789abcdef" in lines
    assert any(re.search(r"^Accuracy: 91\.7% \(64\.6% to 98\.5%\)", line) for line in lines)
    assert any(
        re.search(r"^No threshold can be recommended .* about \d+ more labelled photos are needed", line)
        for line in lines
    )
    assert any(line.startswith("m is no better than old") for line in lines)


def test_the_summary_marks_the_thresholds_in_service_and_recommended(tmp_path: Path) -> None:
    data_set = DataSet.in_folder(staged(tmp_path))
    found = measured(data_set, threshold_in_service={"value": 0.8123, "source": "a number"})
    found["recommendation"] |= {"threshold": 0.9, "routed": 5, "wrong": 0, "bound": 0.04, "more_photos": None}
    lines = list(summarize(found))
    assert [line.split()[0] for line in lines if line.endswith("in service")] == ["0.8123"]
    assert [line.split()[0] for line in lines if line.endswith("recommended")] == ["0.900"]
    assert (
        "Recommended threshold: 0.900, for at most 5% of the routed photos wrong, with 90% confidence"
        in "".join(lines)
    )


def test_classes_are_named_in_label_order(tmp_path: Path) -> None:
    found = measured(DataSet.in_folder(staged(tmp_path)))
    assert [each["name"] for each in found["per_class"]] == list(CLASSES)
    assert found["confusion"] == [[6, 0], [1, 5]]
    (wrong,) = found["wrong"]
    assert (wrong["file"], wrong["true"], wrong["predicted"]) == ("motorcycle/0.png", "motorcycle", "bicycle")
