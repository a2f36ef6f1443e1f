"""How a custom resource answers CloudFormation: a PUT of JSON to the address that came with the request.

Protocol: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
"""

import json
from collections.abc import Mapping
from typing import Any

import urllib3

# CloudFormation takes 4,096 bytes in all.
LONGEST_REASON = 1500
_HTTP = urllib3.PoolManager(
    timeout=10, retries=urllib3.Retry(total=4, backoff_factor=0.5, status_forcelist=[500, 502, 503, 504])
)


class AnswerNotTaken(Exception):
    """CloudFormation's address refused the answer."""


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
        AnswerNotTaken: The address answered with an error.
    """
    line = " ".join(reason.split())
    body = {
        "Status": status,
        "Reason": line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 3] + "...",
        "PhysicalResourceId": resource_id,
        "StackId": request["StackId"],
        "RequestId": request["RequestId"],
        "LogicalResourceId": request["LogicalResourceId"],
        "Data": dict(data or {}),
    }
    # The address is signed for a request without a content type.
    response = _HTTP.request(
        "PUT", request["ResponseURL"], body=json.dumps(body), headers={"Content-Type": ""}
    )
    if response.status >= 300:
        raise AnswerNotTaken(f"CloudFormation's address answered {response.status} to a {status} answer")
