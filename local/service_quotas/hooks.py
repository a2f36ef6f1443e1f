"""Puts this Service Quotas into MiniStack, through names that it does not promise to keep."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import ministack.app
from ministack.core import iam_actions, router

from local.patching import find_original, wrap
from local.service_quotas import api, quotas
from local.service_quotas.api import SERVICE


def install(home: Path) -> None:
    """Lets MiniStack serve Service Quotas.

    Args:
        home: Folder of the embedded cloud, whose ``quotas.json`` says what is allowed.

    Raises:
        SystemExit: MiniStack is not the pinned version: one of the names used here is not there.
    """
    quotas.install(home)
    module = ModuleType(f"ministack.services.{SERVICE}")
    sys.modules[module.__name__] = module
    find_original(ministack.app, "_loaded_modules")[SERVICE] = module
    find_original(ministack.app, "SERVICE_REGISTRY")[SERVICE] = {"module": SERVICE}
    find_original(ministack.app, "SERVICE_HANDLERS")[SERVICE] = api.handle_request
    find_original(router, "SERVICE_PATTERNS")[SERVICE] = {
        "host_patterns": [r"servicequotas\."],
        "target_prefixes": ["ServiceQuotasV20190624."],
        "credential_scope": SERVICE,
    }
    find_original(iam_actions, "SERVICE_TO_IAM_NAMESPACE")[SERVICE] = SERVICE
    wrap(iam_actions, "extract_resource_arn", _extract_resource_arn)


def _extract_resource_arn(extract: Any, service: str, *request: Any) -> str:
    # Reading knows no resources: policies that allow it name all of them.
    return "*" if service == SERVICE else str(extract(service, *request))
