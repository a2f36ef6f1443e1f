"""Finds in a state machine's definition its distributed Map states, and what their executions run.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import json
import re
import uuid
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

Document = dict[str, Any]
EXPRESS_SECONDS = 300
"""How long an Express execution runs at most;
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html."""
LABEL_CHARACTERS = 40
FORBIDDEN = re.compile(r"""[\s?*<>{}\[\]:;,\\|^~$#%&`"\x00-\x1f\x7f-\x9f]""")
"""What no label holds."""
EITHER = ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage")
BATCH_LIMITS = {
    f"{field}{end}" for field in ("MaxItemsPerBatch", "MaxInputBytesPerBatch") for end in ("", "Path")
}
TYPES = ("STANDARD", "EXPRESS")
NAMES = uuid.UUID("a4f1cb28-6f0e-4d3b-8a45-7d6d5f0c2b19")


def is_distributed(state: Document) -> bool:
    """Returns whether the items of a Map state run in executions of their own."""
    return bool((find_processor(state).get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED")


def find_processor(state: Document) -> Document:
    """Returns what a Map state runs for each item."""
    processor: Document = state.get("ItemProcessor") or state.get("Iterator") or {}
    return processor


def find_fault(definition: str) -> str | None:
    """Returns what AWS refuses of a definition's distributed Map states; None where it takes them."""
    labels = set()
    for name, state in _walk(json.loads(definition).get("States", {})):
        if state.get("Type") != "Map" or not is_distributed(state):
            continue
        label = name_label(name, state)
        batcher = state.get("ItemBatcher", {"MaxItemsPerBatch": 1})
        fault = None
        if find_type(state) not in TYPES:
            fault = f"ExecutionType must be one of {', '.join(TYPES)}"
        elif len(label) > LABEL_CHARACTERS or FORBIDDEN.search(label):
            fault = (
                f"Label '{label}' is longer than {LABEL_CHARACTERS} characters or has one that no label has"
            )
        elif label in labels:
            fault = f"Label '{label}' must be unique"
        elif not batcher.keys() & BATCH_LIMITS:
            fault = "ItemBatcher needs MaxItemsPerBatch or MaxInputBytesPerBatch"
        elif both := [field for field in EITHER if {field, f"{field}Path"} <= state.keys()]:
            fault = f"{both[0]} and {both[0]}Path exclude each other"
        if fault:
            return f"SCHEMA_VALIDATION_FAILED: {fault} at the state '{name}'"
        labels.add(label)
    return None


def find_type(state: Document) -> str:
    """Returns the type of the executions of a distributed Map state: STANDARD or EXPRESS."""
    return str(find_processor(state)["ProcessorConfig"].get("ExecutionType", ""))


def name_label(name: str, state: Document) -> str:
    """Returns the label of a Map state, by which its executions are named; the same one each time."""
    return str(state.get("Label") or uuid.uuid5(NAMES, name))


@lru_cache(maxsize=64)
def narrow(definition: str, label: str) -> str:
    """Returns the definition of the executions of one Map state, as a state machine of its own.

    Args:
        definition: The state machine's definition.
        label: The Map state's label.

    Raises:
        LookupError: It has no such state.
    """
    whole = json.loads(definition)
    for name, state in _walk(whole["States"]):
        if state.get("Type") == "Map" and is_distributed(state) and name_label(name, state) == label:
            processor = dict(find_processor(state))
            limited = processor.pop("ProcessorConfig").get("ExecutionType") == "EXPRESS"
            timeout = {"TimeoutSeconds": EXPRESS_SECONDS} if limited else {}
            language = {"QueryLanguage": whole["QueryLanguage"]} if "QueryLanguage" in whole else {}
            return json.dumps({**language, **timeout, **processor})
    raise LookupError(label)


def _walk(states: Document) -> Iterator[tuple[str, Document]]:
    for name, state in states.items():
        yield name, state
        for part in (*state.get("Branches", []), find_processor(state)):
            yield from _walk(part.get("States", {}))
