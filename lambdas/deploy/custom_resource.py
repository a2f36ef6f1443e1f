"""How a custom resource answers CloudFormation: a PUT of JSON to the address that came with the request.

Protocol: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

import json
import re
import time
import urllib.request
from collections.abc import Mapping
from typing import Any

# In bytes, of which JSON may make twice as many. CloudFormation takes 4,096 in all.
LONGEST_REASON = 1500
ATTEMPTS = 4
ANSWER_SECONDS = 10


def answer(
    request: Mapping[str, Any],
    *,
    status: str,
    resource_id: str,
    reason: str = "",
    data: Mapping[str, str] | None = None,
) -> None:
    """Answers a request of CloudFormation.

    Args:
        request: The request as it came.
        status: ``SUCCESS`` or ``FAILED``.
        resource_id: Physical id of the resource.
        reason: What failed, for the person who deploys; made one line.
        data: Attributes of the resource.

    Raises:
        OSError: The address does not take the answer.
    """
    body = {
        "Status": status,
        "Reason": _short_line(reason),
        "PhysicalResourceId": resource_id,
        "StackId": request["StackId"],
        "RequestId": request["RequestId"],
        "LogicalResourceId": request["LogicalResourceId"],
        "Data": dict(data or {}),
    }
    put = urllib.request.Request(  # noqa: S310, CloudFormation gave the address
        request["ResponseURL"],
        data=json.dumps(body, ensure_ascii=False).encode(),
        method="PUT",
        # The address is signed for a request without a content type.
        headers={"Content-Type": ""},
    )
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(put, timeout=ANSWER_SECONDS):  # noqa: S310, as above
                return
        except OSError:
            if attempt == ATTEMPTS:
                raise
            time.sleep(attempt)


def _short_line(text: str) -> str:
    line = " ".join(re.sub(r"[\x00-\x1f]", " ", text).split()).encode(errors="replace")
    if len(line) <= LONGEST_REASON:
        return line.decode()
    return line[: LONGEST_REASON - 3].decode(errors="ignore") + "..."
