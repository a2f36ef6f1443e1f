"""Runs a notebook where it lies, by the Python of .cache/notebook: ``execute.py NOTEBOOK OUTPUT SETTINGS``.

SETTINGS is code that is run after the first cell; OUTPUT is written whether or not all cells succeed.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient


def main(notebook: Path, output: Path, settings: str) -> None:
    """Runs it from the first cell to the last."""
    cells = nbformat.read(notebook, as_version=4)
    first = next(cell for cell in cells.cells if cell.cell_type == "code")
    first.source += f"\n\n{settings}"
    client = NotebookClient(cells, timeout=900, resources={"metadata": {"path": str(notebook.parent)}})
    try:
        client.execute()
    finally:
        nbformat.write(cells, output)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
