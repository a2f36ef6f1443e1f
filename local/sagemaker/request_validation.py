"""Checks requests against botocore's models, that of SageMaker above all, and shapes replies to them.

The texts are those of AWS's own front end: "N validation error(s) detected: Value V at 'path' failed to
satisfy constraint: ...".
"""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from local.sagemaker.errors import ApiError, ValidationException

#: Names of JSON values in a SerializationException, and the types that a shape takes.
_JSON_NAMES = {str: "STRING_VALUE", bool: "TRUE_VALUE", int: "NUMBER_VALUE", float: "DECIMAL_VALUE"}
_ACCEPTED: dict[str, tuple[tuple[type, ...], str]] = {
    "string": ((str,), "String"),
    "integer": ((int,), "Integer"),
    "long": ((int,), "Long"),
    "float": ((int, float), "Float"),
    "double": ((int, float), "Double"),
    "boolean": ((bool,), "Boolean"),
    "timestamp": ((int, float), "Timestamp"),
    "blob": ((str,), "Blob"),
    "structure": ((dict,), "Structure"),
    "map": ((dict,), "Map"),
    "list": ((list,), "List"),
}
#: Java's character classes and Python's; all but the last stand inside brackets.
_JAVA_CLASSES = {
    r"\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}": r" -~\xa0-\U0010ffff",
    r"\p{L}\p{M}\p{Z}\p{N}\p{P}": r" -~\xa0-\U0010ffff",
    r"\p{L}\p{Z}\p{N}": r"\w\s",
    r"\p{Alnum}": "a-zA-Z0-9",
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010FFFF",
    r"\p{Print}": "[ -~]",
}
#: Some patterns end in a repeated end of the text, which says nothing and which Python refuses.
_REPEATED_END = re.compile(r"\$\{\d+,\d+\}$")


@lru_cache(maxsize=1)
def load_service_model() -> ServiceModel:
    """Returns botocore's model of SageMaker's control plane."""
    return botocore.session.Session().get_service_model("sagemaker")


@lru_cache(maxsize=1)
def get_largest_body() -> int:
    """Returns the most bytes that the body of an InvokeEndpoint may have."""
    runtime = botocore.session.Session().get_service_model("sagemaker-runtime")
    request = runtime.operation_model("InvokeEndpoint").input_shape
    assert request is not None
    return int(request.members["Body"].metadata["max"])


def get_request_shape(operation: str) -> StructureShape:
    """Returns the shape of an operation's request."""
    shape = load_service_model().operation_model(operation).input_shape
    assert shape is not None, f"{operation} takes nothing"
    return shape


def parse_request(operation: str, body: bytes) -> dict[str, Any]:
    """Returns the checked members of a request for an operation; raises as ``parse_body`` does."""
    return parse_body(body, get_request_shape(operation))


def parse_body(body: bytes, shape: Shape) -> dict[str, Any]:
    """Returns the checked members of a request of a shape, without those that are null, as on AWS.

    Raises:
        ApiError: SerializationException for a body that is not JSON and for a wrong type, ValidationException
            for a member that is missing, unknown or outside the model's constraints.
    """
    try:
        request = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise ApiError("SerializationException", "Unable to parse the request as JSON") from None
    check(request, shape)
    return dict(_without_nulls(request))


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def check(request: Any, shape: Shape) -> None:
    """Raises the error that AWS gives for a request that does not fit its shape."""
    found = list(_find_violations(request, shape, ""))
    if found:
        noun = "error" if len(found) == 1 else "errors"
        raise ValidationException(f"{len(found)} validation {noun} detected: {'; '.join(found)}")


def select_members(value: Any, shape: Shape) -> Any:
    """Returns the part of a record that a reply's shape has room for."""
    if isinstance(shape, StructureShape):
        return {
            name: select_members(value[name], member)
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if isinstance(shape, ListShape):
        return [select_members(item, shape.member) for item in value]
    if isinstance(shape, MapShape):
        return {key: select_members(item, shape.value) for key, item in value.items()}
    return value


def _find_violations(value: Any, shape: Shape, path: str) -> Iterator[str]:
    _check_type(value, shape)
    if isinstance(shape, StructureShape):
        yield from _find_structure_violations(value, shape, path)
        return
    for constraint in _find_broken(value, shape):
        yield f"Value {_quote(value)} at '{path}' failed to satisfy constraint: {constraint}"
    if isinstance(shape, ListShape):
        for index, item in enumerate(value, 1):
            yield from _find_violations(item, shape.member, f"{path}.{index}.member")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            for part, its_shape, what in ((key, shape.key, "keys"), (item, shape.value, "value")):
                for broken in _find_map_violations(part, its_shape):
                    yield (
                        f"Value {_quote(value)} at '{path}' failed to satisfy constraint: "
                        f"Map {what} must satisfy constraint: [{broken}]"
                    )


def _check_type(value: Any, shape: Shape) -> None:
    accepted, name = _ACCEPTED[shape.type_name]
    if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted):
        came = _JSON_NAMES.get(type(value), "START_OBJECT" if isinstance(value, dict) else "START_ARRAY")
        raise ApiError("SerializationException", f"{came} can not be converted to a {name}")


def _find_map_violations(value: Any, shape: Shape) -> list[str]:
    list(_find_violations(value, shape, ""))  # raises for a wrong type
    return list(_find_broken(value, shape))


def _find_structure_violations(value: dict[str, Any], shape: StructureShape, path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield (
                f"Value null at '{_join(path, name)}' failed to satisfy constraint: Member must not be null"
            )
    for name, item in value.items():
        if name not in shape.members:
            yield (
                f"Value {_quote(item)} at '{_join(path, name)}' failed to satisfy constraint: "
                "Member is not known to this operation"
            )
        elif item is not None:
            yield from _find_violations(item, shape.members[name], _join(path, name))


def _find_broken(value: Any, shape: Shape) -> Iterator[str]:
    """Yields each constraint of the shape that the value breaks, in AWS's words."""
    limits = shape.metadata
    if enum := limits.get("enum"):
        if value not in enum:
            yield f"Member must satisfy enum value set: [{', '.join(enum)}]"
        return
    size, what = (len(value), "length") if isinstance(value, str | list | dict) else (value, "value")
    if "max" in limits and size > limits["max"]:
        yield f"Member must have {what} less than or equal to {limits['max']}"
    if "min" in limits and size < limits["min"]:
        yield f"Member must have {what} greater than or equal to {limits['min']}"
    pattern = limits.get("pattern")
    if pattern and isinstance(value, str) and not compile_pattern(pattern).fullmatch(value):
        yield f"Member must satisfy regular expression pattern: {pattern}"


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> re.Pattern[str]:
    """Returns a pattern of AWS's models, which are Java's, in Python's syntax."""
    pattern = _REPEATED_END.sub("", pattern)
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


def _join(path: str, name: str) -> str:
    member = name[:1].lower() + name[1:]
    return f"{path}.{member}" if path else member


def _quote(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"'{json.dumps(value)}'"
    return f"'{value}'"
