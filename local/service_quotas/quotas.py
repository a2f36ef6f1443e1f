"""SageMaker's quotas: their names, what every new account has, and what this embedded cloud allows.

What is not set is allowed as on an account that was granted what it asked for. ``quotas.json`` in the folder
of the embedded cloud sets values by name, for all of its accounts and regions; it is read at each request, so
that a limit can come and go while the server runs::

    {"ml.t2.medium for endpoint usage": 0}
"""

import hashlib
import json
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import botocore.session

GRANTED = 100
SERVERLESS_MEMORY = "Memory size in MB per serverless endpoint"
SERVERLESS_CONCURRENCY = "Maximum total concurrency that can be allocated across all serverless endpoints"
INSTANCES_PER_TRAINING_JOB = "Maximum number of instances per training job"
FILE = "quotas.json"

# What new accounts were seen with; of every other type none.
_DEFAULTS = {
    "ml.t2.medium for endpoint usage": 2,
    "ml.m6g.large for endpoint usage": 2,
    "ml.m6g.xlarge for endpoint usage": 1,
    SERVERLESS_CONCURRENCY: 10,
    SERVERLESS_MEMORY: 3072,
    INSTANCES_PER_TRAINING_JOB: 20,
}
# AWS's own codes, as far as they are known.
_CODES = {
    "ml.g4dn.xlarge for training job usage": "L-3F53BF0F",
    "ml.g5.2xlarge for training job usage": "L-2D6DEB3C",
    "ml.g5.2xlarge for spot training job usage": "L-CAEE7DB7",
    "ml.g4dn.xlarge for transform job usage": "L-4C5C5CA8",
    "ml.m5.large for transform job usage": "L-236AE59F",
    "ml.m5.large for endpoint usage": "L-614B09FD",
    "ml.t2.medium for endpoint usage": "L-29C181D7",
    SERVERLESS_CONCURRENCY: "L-96300102",
    INSTANCES_PER_TRAINING_JOB: "L-622CFD70",
}
# Enumeration of SageMaker's API to the uses that its types have quotas for.
_USES = {
    "TrainingInstanceType": ("training job", "spot training job"),
    "TransformInstanceType": ("transform job",),
    "ProductionVariantInstanceType": ("endpoint",),
}
# SageMaker keeps to it, and Service Quotas does not list it.
_UNLISTED = {SERVERLESS_MEMORY: 6144}

_writing = threading.Lock()
_home: Path


@dataclass(frozen=True)
class Quota:
    """A quota of SageMaker.

    Attributes:
        name: Its name, such as ``ml.m5.large for endpoint usage``.
        code: Its code, such as ``L-614B09FD``; one of our own where AWS's is not known.
        default: What a new account may use.
    """

    name: str
    code: str
    default: int

    @property
    def is_adjustable(self) -> bool:
        """Whether more can be had: the embedded cloud trains on the one machine that it has."""
        return self.name != INSTANCES_PER_TRAINING_JOB


def install(home: Path) -> None:
    """Takes the values from a folder."""
    global _home
    _home = home


@lru_cache(maxsize=1)
def list_quotas() -> tuple[Quota, ...]:
    """Returns the quotas that Service Quotas lists, as on AWS without that of the memory, by name."""
    model = botocore.session.Session().get_service_model("sagemaker")
    names = [
        f"{instance_type} for {use} usage"
        for enumeration, uses in _USES.items()
        for instance_type in model.shape_for(enumeration).metadata["enum"]
        for use in uses
    ]
    return tuple(
        Quota(name, _CODES.get(name) or _make_code(name), _DEFAULTS.get(name, 0))
        for name in sorted([*names, SERVERLESS_CONCURRENCY, INSTANCES_PER_TRAINING_JOB])
    )


def find_value(name: str) -> int:
    """Returns how much this embedded cloud allows of a quota."""
    if name == INSTANCES_PER_TRAINING_JOB:
        return 1
    return int(_read_values().get(name, _UNLISTED.get(name, GRANTED)))


def set_value(name: str, value: float) -> None:
    """Allows so much of a quota from now on."""
    with _writing:
        written = _home / f"{FILE}.new"
        written.write_text(json.dumps({**_read_values(), name: value}))
        written.replace(_home / FILE)


def _read_values() -> dict[str, float]:
    try:
        values: dict[str, float] = json.loads((_home / FILE).read_text())
    except FileNotFoundError:
        return {}
    return values


def _make_code(name: str) -> str:
    return f"L-{hashlib.sha256(name.encode()).hexdigest()[:8].upper()}"
