"""Says why the cloud does not answer, and what helps; looks whether an embedded one is there."""

import asyncio
import os
import shlex
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
from botocore import exceptions

from console.server.responses import shorten
from evaluation.deployment import Deployment, is_on_this_machine

PATIENCE_SECONDS = 1.0
DEFAULT_HOME = Path(__file__).resolve().parents[2] / ".local-cloud"
_NOT_REACHED = (exceptions.ConnectionError, exceptions.HTTPClientError)
_NO_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.NoAuthTokenError,
    exceptions.SSOError,
)
_REFUSED_CREDENTIALS = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "RequestExpired",
    "UnrecognizedClientException",
)
_THROTTLED = (
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
)


class Reachability:
    """What stands between the page's server and the cloud.

    A fault is what the API answers: ``error``, one line; ``command``, what to run, where that helps;
    ``passing``, true where the page may wait until it is over.

    Attributes:
        cloud: What the page calls the cloud.
    """

    def __init__(self, deployment: Deployment) -> None:
        address = deployment.locate_cloud()
        self._region = deployment.client("stepfunctions").meta.region_name
        self._host = address.hostname or ""
        self._is_local = is_on_this_machine(self._host)
        self._port = address.port or (443 if address.scheme == "https" else 80)
        self.cloud = f"the cloud at {self._host}:{self._port}" if self._is_local else "AWS"

    async def find_fault(self) -> dict[str, Any] | None:
        """Connects to a cloud on this machine; returns why that fails, None if it is there or elsewhere."""
        if not self._is_local:
            return None
        try:
            with anyio.fail_after(PATIENCE_SECONDS):
                _, writer = await asyncio.open_connection(self._host, self._port)
        except TimeoutError:
            return self._explain_silence()
        except OSError:
            return self._explain_absence()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return None

    def explain(self, error: Exception) -> dict[str, Any]:
        """Returns the fault that an error of AWS's clients is."""
        line = shorten(str(error))
        if isinstance(error, exceptions.EndpointConnectionError) and self._is_local:
            return self._explain_absence()
        if isinstance(error, _NOT_REACHED):
            return self._explain_silence()
        if isinstance(error, _NO_CREDENTIALS):
            return _make_fault(f"There are no credentials for AWS: set AWS_PROFILE, or sign in. {line}")
        if not isinstance(error, exceptions.ClientError):
            return _make_fault(line)
        code = error.response.get("Error", {}).get("Code", "")
        if code in _REFUSED_CREDENTIALS:
            return _make_fault(f"AWS refuses the credentials: sign in again. {line}")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return _make_fault(line, passing=status >= 500 or code in _THROTTLED)

    def _explain_absence(self) -> dict[str, Any]:
        command = f"python -m local up --port {self._port}{name_home()}"
        line = f"The embedded cloud at {self._host}:{self._port} is not running. Start it:"
        return _make_fault(line, command=command)

    def _explain_silence(self) -> dict[str, Any]:
        if self._is_local:
            return _make_fault(f"The embedded cloud at {self._host}:{self._port} does not answer.")
        return _make_fault(
            f"AWS cannot be reached at {self._host}: check the network, and the region ({self._region})."
        )


def name_home() -> str:
    """Returns the option by which a command finds this shell's embedded cloud; empty for the usual one."""
    home = os.environ.get("SCONES_LOCAL_HOME", str(DEFAULT_HOME))
    return "" if home == str(DEFAULT_HOME) else f" --home {shlex.quote(home)}"


def _make_fault(line: str, *, command: str | None = None, passing: bool = True) -> dict[str, Any]:
    fault: dict[str, Any] = {"error": line}
    if command:
        fault["command"] = command
    if passing:
        fault["passing"] = True
    return fault
