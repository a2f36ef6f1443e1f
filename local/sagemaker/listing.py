"""Filters, sorts and pages the records that List operations return."""

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any

from local.sagemaker.errors import ValidationException

Record = dict[str, Any]

_PAGE = 10  # AWS's default for MaxResults


def take_page(
    records: Iterable[Record], request: dict[str, Any], *, resource: str, order: str
) -> tuple[list[Record], str | None]:
    """Returns one page of records and the token of the next one, None at the end.

    Args:
        records: All records of the caller's account and region.
        request: The List request: NameContains, StatusEquals, the four Creation/LastModified bounds, SortBy,
            SortOrder, MaxResults, NextToken.
        resource: Prefix of the record's members, such as ``TrainingJob`` in ``TrainingJobName``.
        order: SortOrder where the request has none.

    Raises:
        ApiError: NextToken is not one of ours.
    """
    name, status = f"{resource}Name", f"{resource}Status"
    kept = [record for record in records if _is_wanted(record, request, name, status)]
    sorters: dict[str, Callable[[Record], Any]] = {
        "Name": lambda record: record[name],
        "Status": lambda record: (record[status], record[name]),
        "CreationTime": lambda record: (record["CreationTime"], record[name]),
    }
    kept.sort(
        key=sorters[request.get("SortBy", "CreationTime")],
        reverse=request.get("SortOrder", order) == "Descending",
    )
    start = _decode_offset(request.get("NextToken"))
    end = start + request.get("MaxResults", _PAGE)
    return kept[start:end], _encode_offset(end) if end < len(kept) else None


def _is_wanted(record: Record, request: dict[str, Any], name: str, status: str) -> bool:
    if request.get("NameContains", "") not in record[name]:
        return False
    if request.get("StatusEquals", record.get(status)) != record.get(status):
        return False
    return all(
        record[moment] > request.get(f"{moment}After", float("-inf"))
        and record[moment] < request.get(f"{moment}Before", float("inf"))
        for moment in ("CreationTime", "LastModifiedTime")
        if moment in record
    )


def _encode_offset(offset: int) -> str:
    return base64.b64encode(f"offset={offset}".encode()).decode()


def _decode_offset(token: str | None) -> int:
    if token is None:
        return 0
    try:
        label, _, number = base64.b64decode(token, validate=True).decode().partition("=")
        if label == "offset" and number.isascii() and number.isdigit():
            return int(number)
    except (binascii.Error, UnicodeDecodeError):
        pass
    raise ValidationException("The pagination token is not valid. Start again without NextToken.")
