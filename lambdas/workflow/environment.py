"""The one reader of the functions' environment variables: each is checked once, when its function starts.

What is missing or wrong raises ``InvalidEnvironment``.
"""

import os


class InvalidEnvironment(Exception):
    """An environment variable of the function is missing or wrong."""


def classes() -> tuple[str, ...]:
    """Returns the class names in label order, from CLASSES: two or more different names, comma separated."""
    value = _read("CLASSES")
    names = tuple(name.strip() for name in value.split(","))
    if len(names) < 2 or "" in names or len(set(names)) < len(names):
        raise InvalidEnvironment(
            f"CLASSES is '{value}': two or more different class names, separated by commas, are expected"
        )
    return names


def other_class() -> str | None:
    """Returns the class of all that is none of the others, from OTHER_CLASS; None where it is not set."""
    name = os.environ.get("OTHER_CLASS", "").strip()
    if name and name not in classes():
        raise InvalidEnvironment(f"OTHER_CLASS is '{name}': one of CLASSES is expected")
    return name or None


def confidence_threshold() -> float:
    """Returns the least confidence that passes, from CONFIDENCE_THRESHOLD: a number from 0 to 1."""
    value = _read("CONFIDENCE_THRESHOLD")
    try:
        threshold = float(value)
    except ValueError:
        threshold = -1.0
    if not 0 <= threshold <= 1:
        raise InvalidEnvironment(f"CONFIDENCE_THRESHOLD is '{value}': a number from 0 to 1 is expected")
    return threshold


def threshold_source() -> str:
    """Returns where the threshold comes from, in a line, from THRESHOLD_SOURCE."""
    return _read("THRESHOLD_SOURCE")


def endpoint_name() -> str:
    """Returns the SageMaker endpoint's name, from ENDPOINT_NAME."""
    return _read("ENDPOINT_NAME")


def endpoint_switch() -> str:
    """Returns the parameter that tells whether the endpoint is switched off, from ENDPOINT_SWITCH."""
    return _read("ENDPOINT_SWITCH")


def _read(variable: str) -> str:
    value = os.environ.get(variable, "").strip()
    if not value:
        raise InvalidEnvironment(
            f"{variable} is not set: the workflow stack sets it, so deploy the function with cdk deploy"
        )
    return value
