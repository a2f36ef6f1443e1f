"""Keeps what embedded clouds have noted, and writes the table: ``python -m tests.stacks.privileges FILE``."""

import sys
from pathlib import Path

from tests.stacks.privileges.document import replace_table
from tests.stacks.privileges.uses import draw_table, keep, read_lines


def main() -> int:
    """Runs the command; returns the exit status."""
    with Path(sys.argv[1]).open() as lines:
        uses = read_lines(lines)
    keep(uses)
    replace_table(draw_table(uses))
    print(f"{sum(uses.values())} of {len(uses)} permissions were used")
    return 0


if __name__ == "__main__":
    sys.exit(main())
