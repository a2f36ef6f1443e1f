"""Acts as IAM roles, asks what IAM allows, and lets requests over loopback count as encrypted."""

import hashlib
from contextvars import ContextVar
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_region
from ministack.services import sts

from local.patching import find_original, replace, wrap

SECRET_ACCESS_KEY = "test"  # noqa: S105 - what every local client uses; nothing real


def install() -> None:
    """Lets every request count as encrypted in transit, as none leaves this machine.

    The bucket policies of the CDK and of this project refuse anything but TLS (``aws:SecureTransport``). What
    the cloud does of its own accord, as when an alarm writes to a topic, belongs to no request, and is what
    AWS's services do among themselves, over TLS.
    """
    origin = ContextVar("origin", default=("127.0.0.1", True))
    replace(iam_evaluator, "_request_origin", origin)
    wrap(app, "pin_request_origin", lambda pin, source_ip, _secure_transport: pin(source_ip, True))


def assume_role(role_arn: str, session_name: str) -> tuple[str, str]:
    """Makes a session of a role known to MiniStack's STS; the same one for the same arguments.

    Returns:
        Its access key id and its session token.
    """
    account, role_name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    token = hashlib.sha256(f"{role_arn} {session_name}".encode()).hexdigest()
    key = f"ASIA{token[:16].upper()}"
    find_original(sts, "register_session")(
        key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role_name}/{session_name}",
            "UserId": f"{role_name}:{session_name}",
            "SecretAccessKey": SECRET_ACCESS_KEY,
            "SessionToken": token,
        },
    )
    return key, token


def find_denial(access_key: str, principal: str, action: str, resource: str, **context: Any) -> str | None:
    """Returns AWS's message where IAM denies an action; None where it allows it.

    Args:
        access_key: Access key id of whoever acts.
        principal: ARN of whoever acts, for the message where IAM does not say it.
        action: Action as IAM names it.
        resource: ARN of the resource that it is done to.
        context: Condition keys and their values.
    """
    service = action.partition(":")[0]
    denied = iam_evaluator.enforce(access_key, action, service, get_region(), resource, context)
    if denied is None:
        return None
    who = getattr(denied, "principal_arn", principal)
    return str(iam_actions.identity_denial_message(action, who, resource, False))
