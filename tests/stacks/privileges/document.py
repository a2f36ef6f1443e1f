"""The generated table in docs/permissions.md, between two marks."""

from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "permissions.md"
BEGIN, END = "<!-- make test-privileges writes this table -->\n", "<!-- end of the table -->"


def read_table() -> str:
    """Returns the table that the document has."""
    return DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0].strip()


def replace_table(table: str) -> None:
    """Puts a table in the place of the one that the document has."""
    before, begin, rest = DOCUMENT.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{begin}\n{table}\n\n{end}{after}")
