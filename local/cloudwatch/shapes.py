"""Reads requests and templates as AWS's model of CloudWatch's API describes them."""

from functools import lru_cache
from typing import Any

import botocore.session

SCALARS = {"integer": int, "long": int, "double": float, "float": float, "string": str}


@lru_cache
def find_input(operation: str) -> Any:
    """Returns the shape of what an operation takes."""
    return (
        botocore.session.get_session().get_service_model("cloudwatch").operation_model(operation).input_shape
    )


def convert(shape: Any, given: Any) -> Any:
    """Returns what is given in the types of a shape; a template may have texts where the API has numbers.

    Raises:
        ValueError: It has no such form; the message says where.
    """
    kind = shape.type_name
    if kind == "structure" and isinstance(given, dict):
        members = shape.members
        return {
            name: convert(members[name], value)
            for name, value in given.items()
            if name in members and value is not None
        }
    if kind == "list" and isinstance(given, list):
        return [convert(shape.member, item) for item in given]
    if kind == "boolean" and str(given).lower() in ("true", "false"):
        return str(given).lower() == "true"
    if kind in SCALARS and not isinstance(given, dict | list):
        try:
            return SCALARS[kind](given)
        except ValueError:
            pass
    raise ValueError(f"{shape.name} is {given!r}, which is no {kind}")


def read_query(shape: Any, parameters: dict[str, Any], prefix: str = "") -> Any:
    """Returns what a request of the Query protocol gives for a shape; None where it gives nothing.

    Args:
        shape: What is read.
        parameters: Lists of texts, or texts, by names such as ``Dimensions.member.1.Name``.
        prefix: The beginning of the names that belong to the shape, without a dot at its end.
    """
    if shape.type_name == "structure":
        read = {
            name: read_query(member, parameters, f"{prefix}.{name}" if prefix else name)
            for name, member in shape.members.items()
        }
        found = {name: value for name, value in read.items() if value is not None}
        return found or None
    if shape.type_name == "list":
        items: list[Any] = []
        while (item := read_query(shape.member, parameters, f"{prefix}.member.{len(items) + 1}")) is not None:
            items.append(item)
        return items or None
    value = parameters.get(prefix)
    return value[0] if isinstance(value, list) else value
