"""A boto3 session for many threads."""

import threading
from typing import Any

import boto3
from botocore.config import Config

CONFIG = Config(max_pool_connections=16, retries={"mode": "standard", "total_max_attempts": 6})


class SharedSession(boto3.Session):
    """Makes one client a service: threads may share a client, but not make one at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()

    def client(self, service_name: str) -> Any:  # type: ignore[override]
        """Returns the one client of a service."""
        with self._making:
            if service_name not in self._clients:
                self._clients[service_name] = super().client(  # type: ignore[call-overload]
                    service_name, config=CONFIG
                )
            return self._clients[service_name]
