"""Measures how a part's time and memory grow: ``python -m benchmarks.growth PART [--rounds N] [--draw DIR]``.

Each size is run in a process of its own, in turns with the others, as often as there are rounds. Prints one
JSON object, and the table of medians and exponents, as docs/scale.md has it, to standard error.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.environment import describe_machine
from benchmarks.growth.curve import Curve, format_table
from benchmarks.growth.parts import PARTS, Figures, Part


def measure_part(part: Part, rounds: int) -> list[Curve]:
    """Returns the curve of each figure."""
    found: dict[int, list[Figures]] = {size: [] for size in part.sizes}
    with tempfile.TemporaryDirectory() as folder:
        for size in part.sizes:
            (Path(folder) / str(size)).mkdir()
            part.prepare(Path(folder) / str(size), size)
        for number in range(rounds):
            for size in list(part.sizes)[:: -1 if number % 2 else 1]:
                found[size].append(part.run(Path(folder) / str(size), size))
                print(f"round {number + 1}, {size:,}: {json.dumps(found[size][-1])}", file=sys.stderr)
    return [
        Curve(figure, part.sizes, [[each[figure] for each in found[size]] for size in part.sizes])
        for figure in found[part.sizes[0]][0]
    ]


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--rounds", type=int, default=3, help="of each size (default 3)")
    parser.add_argument("--draw", type=Path, metavar="DIR", help="also write DIR/PART.svg")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be 1 or more")
    if options.draw and not options.draw.is_dir():
        parser.error(f"{options.draw} is no folder")
    part = PARTS[options.part]
    machine = describe_machine()
    curves = measure_part(part, options.rounds)
    print(format_table(part.size, curves), file=sys.stderr)
    report = [{**vars(curve), "exponent": curve.exponent} for curve in curves]
    print(json.dumps({"machine": machine, "part": options.part, "size": part.size, "curves": report}))
    if options.draw:
        # It takes a second to import.
        from benchmarks.growth.drawing import draw

        draw(options.draw / f"{options.part}.svg", part.size, curves)
    return 0


if __name__ == "__main__":
    sys.exit(main())
