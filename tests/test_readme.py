"""README and docs/ keep pace with what they describe."""

import argparse
import re
from pathlib import Path

from console.__main__ import parser as console_parser
from stacks.configuration.__main__ import format_table

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text()
PAGES = "\n".join(
    path.read_text() for path in [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")]
)


def test_its_table_of_the_settings_is_the_one_that_their_fields_make() -> None:
    table = format_table()
    header = table.splitlines()[0]
    found = README[README.index(header) :].split("\n\n")[0]
    assert found == table, "python -m stacks.configuration prints the table for README.md"


def test_every_make_target_is_told_and_what_is_told_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    told = set(re.findall(r"\bmake ((?:[a-z]+-)*[a-z]+)\b", PAGES))
    assert targets
    assert targets <= told
    assert set(re.findall(r"^make ([a-z-]+)", PAGES, re.MULTILINE)) <= targets


def test_every_file_that_is_named_exists() -> None:
    rooms = "stacks|lambdas|data_staging|console|local|training|evaluation|tests|benchmarks|docs"
    named = set(re.findall(rf"`((?:{rooms})/[\w/.-]+)`", PAGES))
    assert named
    assert {path for path in named if not (REPOSITORY / path).exists()} == set()


def test_every_link_within_the_project_leads_somewhere() -> None:
    pages = [REPOSITORY / "README.md", *(REPOSITORY / "docs").glob("*.md")]
    broken = []
    for page in pages:
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)", page.read_text()):
            linked = page.parent / target if target else page
            headings = (
                re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE) if linked.suffix == ".md" else []
            )
            anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            if not linked.exists() or (anchor and anchor not in anchors):
                broken.append(f"{page.name}: {target}#{anchor}")
    assert broken == []


def test_every_command_of_the_console_is_told_and_what_is_told_exists() -> None:
    (commands,) = (
        action.choices
        for action in console_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    assert set(re.findall(r"python -m console ([a-z-]+)", PAGES)) == set(commands)
