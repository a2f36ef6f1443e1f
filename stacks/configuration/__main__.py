"""Prints README's table of the settings: ``python -m stacks.configuration``."""

import json

from stacks.configuration.settings import Settings


def format_table() -> str:
    """Returns the settings, their defaults and descriptions as a table in Markdown."""
    rows = ["| setting | default | what it is |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `{name}` | `{json.dumps(field.default)}` | {field.description} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(format_table())
