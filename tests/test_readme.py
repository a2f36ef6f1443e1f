"""README keeps pace with what it describes."""

import re
from pathlib import Path

from console.__main__ import parser as console_parser
from stacks.configuration.__main__ import format_table

REPOSITORY = Path(__file__).resolve().parents[1]
README = (REPOSITORY / "README.md").read_text()


def test_its_table_of_the_settings_is_the_one_that_their_fields_make() -> None:
    table = format_table()
    header = table.splitlines()[0]
    found = README[README.index(header) :].split("\n\n")[0]
    assert found == table, "python -m stacks.configuration prints the table for README.md"


def test_every_make_target_that_it_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^make ([a-z-]+)", README, re.MULTILINE))
    assert named
    assert named <= targets


def test_every_file_that_it_names_exists() -> None:
    named = re.findall(
        r"`((?:stacks|lambdas|data_staging|console|local|training|tests|benchmarks)/[\w/.]+)`", README
    )
    assert named
    assert [path for path in named if not (REPOSITORY / path).exists()] == []


def test_every_console_command_that_it_names_exists() -> None:
    help_text = console_parser().format_help()
    named = set(re.findall(r"python -m console ([a-z-]+)", README))
    assert named
    assert [command for command in named if command not in help_text] == []
