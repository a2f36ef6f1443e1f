"""Each change of an item is kept at once, however many items there are, and the journal undoes none."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.core.responses import AccountRegionScopedDict
from ministack.services import dynamodb

from local.saving.items import ItemJournal

ARN = "arn:aws:dynamodb:us-east-1:000000000000:table/outcomes"


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[AccountRegionScopedDict]:
    """MiniStack's tables, none at first."""
    found = AccountRegionScopedDict()
    monkeypatch.setattr(dynamodb, "_tables", found)
    for name in ("_set_item", "_remove_item", "get_state"):
        # As it was, after a journal has been installed.
        monkeypatch.setattr(dynamodb, name, getattr(dynamodb, name))
    yield found


def add_table(tables: AccountRegionScopedDict, **items: Any) -> dict[str, Any]:
    table = {"TableArn": ARN, "items": {key: {"-": value} for key, value in items.items()}}
    tables.set_scoped("000000000000", "us-east-1", "outcomes", table)
    return table


def read(table: dict[str, Any]) -> dict[str, Any]:
    return {key: item for key, items in table["items"].items() for item in items.values()}


def test_what_was_written_is_there_though_the_state_was_not(
    tables: AccountRegionScopedDict, tmp_path: Path
) -> None:
    table = add_table(tables, first={"n": 1}, second={"n": 2})
    journal = ItemJournal(tmp_path)
    journal.install()
    dynamodb._set_item(table, "first", "-", {"n": 3})
    dynamodb._set_item(table, "third\n", "-", {"n": 4})
    dynamodb._remove_item(table, "second", "-")
    journal.flush()
    former = add_table(tables, first={"n": 1}, second={"n": 2})
    ItemJournal(tmp_path).load()
    assert read(former) == {"first": {"n": 3}, "third\n": {"n": 4}}


def test_a_line_that_was_cut_short_and_a_table_that_is_gone_are_passed_over(
    tables: AccountRegionScopedDict, tmp_path: Path
) -> None:
    table = add_table(tables)
    gone = {"TableArn": f"{ARN}-gone", "items": {}}
    journal = ItemJournal(tmp_path)
    journal.install()
    dynamodb._set_item(gone, "first", "-", {"n": 1})
    dynamodb._set_item(table, "first", "-", {"n": 1})
    journal.flush()
    (file,) = tmp_path.iterdir()
    with file.open("a") as opened:
        opened.write('["arn:aws')
    restored = add_table(tables)
    again = ItemJournal(tmp_path)
    again.load()
    assert read(restored) == {"first": {"n": 1}}


def test_the_journal_says_when_it_is_long(
    tables: AccountRegionScopedDict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.saving.items.LONG_BYTES", 200)
    table = add_table(tables)
    journal = ItemJournal(tmp_path)
    journal.install()
    dynamodb._set_item(table, "first", "-", {"n": 1})
    assert journal.flush() is False
    dynamodb._set_item(table, "second", "-", {"n": "2" * 100})
    assert journal.flush() is True
    dynamodb.get_state()
    journal.drop_copied()
    assert list(tmp_path.iterdir()) == []


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("set"), st.sampled_from("abc"), st.integers()),
            st.tuples(st.just("remove"), st.sampled_from("abc"), st.none()),
            st.tuples(st.sampled_from(["flush", "copy", "write", "restart"]), st.none(), st.none()),
        )
    )
)
def test_whenever_the_state_is_written_and_the_server_ends_every_answered_change_is_kept(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, Any, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    with pytest.MonkeyPatch.context() as patch:
        tables = AccountRegionScopedDict()
        patch.setattr(dynamodb, "_tables", tables)
        for name in ("_set_item", "_remove_item", "get_state"):
            patch.setattr(dynamodb, name, getattr(dynamodb, name))
        originals = {name: getattr(dynamodb, name) for name in ("_set_item", "_remove_item", "get_state")}
        table, saved, copied = add_table(tables), {}, None
        journal = ItemJournal(folder)
        journal.install()
        expected: dict[str, Any] = {}
        for step, key, value in steps:
            if step == "set":
                dynamodb._set_item(table, key, "-", {"n": value})
                journal.flush()
                expected[key] = {"n": value}
            elif step == "remove":
                dynamodb._remove_item(table, key, "-")
                journal.flush()
                expected.pop(key, None)
            elif step == "flush":
                journal.flush()
            elif step == "copy":
                dynamodb.get_state()
                copied = read(table)
            elif step == "write" and copied is not None:
                saved, copied = copied, None
                journal.drop_copied()
            elif step == "restart":
                copied = None
                for name, original in originals.items():
                    patch.setattr(dynamodb, name, original)
                table = add_table(tables, **saved)
                journal = ItemJournal(folder)
                journal.load()
                journal.install()
                assert read(table) == expected
