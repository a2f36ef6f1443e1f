"""Keeps each change of a table's items at once, as a line of a journal beside the tables' state.

The state is written whole, which takes the longer the more items there are. So an answered write is in the
journal, and the state follows when the journal has grown long. Each line is an item as it then was: to read
lines again that the state has already does no harm, as long as all that came later are read too.
"""

import json
import logging
import threading
from pathlib import Path
from typing import Any

from ministack.services import dynamodb

from local.patching import find_original, replace

SERVICE = "dynamodb"
"""The file that holds the tables' state."""
WRITES = ("BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem")
"""The operations that change items alone."""
LONG_BYTES = 8 * 1024 * 1024

_logger = logging.getLogger("persistence")


class ItemJournal:
    """The journal: files that are numbered, of which the last one is written to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._file: Path | None = None
        self._first_uncopied = 0
        self._set = find_original(dynamodb, "_set_item")
        self._remove = find_original(dynamodb, "_remove_item")
        self._copy = find_original(dynamodb, "get_state")

    def install(self) -> None:
        """Has each change of an item noted, and each copy of the state begin a file of the journal."""
        replace(dynamodb, "_set_item", self._set_item)
        replace(dynamodb, "_remove_item", self._remove_item)
        replace(dynamodb, "get_state", self._copy_state)
        find_original(dynamodb, "_tables")

    def flush(self) -> bool:
        """Writes what has changed; returns whether the journal is long: the state should be written."""
        with self._lock:
            return self._flush()

    def drop_copied(self) -> None:
        """Removes the files whose changes are all in the state that was written last."""
        for file in self._list_files():
            if int(file.stem) < self._first_uncopied:
                file.unlink()

    def load(self) -> None:
        """Brings the tables to where the journal ends; a line that was cut short was never answered."""
        for file in self._list_files():
            for line in file.read_text().splitlines():
                try:
                    table_arn, partition, sort, item = json.loads(line)
                except ValueError:
                    _logger.warning("%s ends within a line, which is left out", file)
                    break
                self._restore(table_arn, partition, sort, item)

    def _list_files(self) -> list[Path]:
        return sorted(self._folder.glob("*.journal"), key=lambda file: int(file.stem))

    def _find_next(self) -> int:
        return max([self._first_uncopied, *(int(file.stem) + 1 for file in self._list_files())])

    def _flush(self) -> bool:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            # Never the last file of a former server, whose last line may be cut short.
            self._file = self._folder / f"{self._find_next()}.journal"
        lines, self._lines = self._lines, []
        with self._file.open("a") as opened:
            opened.writelines(lines)
            return opened.tell() > LONG_BYTES

    def _note(self, table: dict[str, Any], partition: str, sort: str, item: Any) -> None:
        line = json.dumps([table["TableArn"], partition, sort, item])
        with self._lock:
            self._lines.append(f"{line}\n")

    def _set_item(self, table: dict[str, Any], partition: str, sort: str, item: Any) -> Any:
        former = self._set(table, partition, sort, item)
        self._note(table, partition, sort, item)
        return former

    def _remove_item(self, table: dict[str, Any], partition: str, sort: str) -> Any:
        former = self._remove(table, partition, sort)
        self._note(table, partition, sort, None)
        return former

    def _copy_state(self) -> Any:
        # Before the copy: what changes meanwhile is in the files that stay.
        with self._lock:
            if self._lines:
                self._flush()
            self._first_uncopied = self._find_next()
            self._file = None
        return self._copy()

    def _restore(self, table_arn: str, partition: str, sort: str, item: Any) -> None:
        _, _, _, region, account, name = table_arn.split(":", 5)
        table = dynamodb._tables.get_scoped(account, region, name.removeprefix("table/"))
        if table is None:
            # It was deleted since.
            return
        if item is None:
            self._remove(table, partition, sort)
        else:
            self._set(table, partition, sort, item)
