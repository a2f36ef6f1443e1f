"""Adds AWS's managed policies that MiniStack lacks, and refuses to attach a policy that is not there.

``managed_policies.json`` holds, by path and name, those that notebooks and workflows attach to their roles,
as the AWS Managed Policy Reference has them and moto 5.2.5 ships them:
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/about-managed-policy-reference.html
"""

import json
from pathlib import Path
from typing import Any

from ministack.services import iam

from local.patching import find_original, wrap

DOCUMENTS = Path(__file__).with_name("managed_policies.json")


def install() -> None:
    """Adds the policies, for the API and for CloudFormation alike."""
    for used in ("_aws_managed_policies", "_make_aws_managed_record", "_policy_exists", "_error", "_p"):
        find_original(iam, used)
    wrap(iam, "_seed_aws_managed_policies", _seed)
    _add_policies()
    handlers = find_original(iam, "_IAM_HANDLERS")
    for kind in ("role", "user", "group"):
        name = f"_attach_{kind}_policy"
        wrap(iam, name, _attach)
        handlers[f"Attach{kind.title()}Policy"] = getattr(iam, name)
    wrap(iam, "attach_managed_policy", _attach_by_template)


def _seed(seed: Any) -> None:
    seed()
    _add_policies()


def _add_policies() -> None:
    for name, policy in json.loads(DOCUMENTS.read_text()).items():
        record = iam._make_aws_managed_record(name, json.dumps(policy["document"]))
        version = {**record["Versions"]["v1"], "VersionId": policy["version"]}
        record.update(DefaultVersionId=policy["version"], Versions={policy["version"]: version})
        iam._aws_managed_policies[record["Arn"]] = record


def find_fault(arn: str) -> tuple[int, str, str] | None:
    """Returns the status, the code and the message with which AWS refuses to attach a policy."""
    if not arn.startswith("arn:"):
        return 400, "InvalidInput", f"ARN {arn} is not valid."
    if not iam._policy_exists(arn):
        return 404, "NoSuchEntity", f"Policy {arn} does not exist or is not attachable."
    return None


def _attach(attach: Any, request: dict[str, Any]) -> Any:
    if fault := find_fault(iam._p(request, "PolicyArn")):
        return iam._error(*fault)
    return attach(request)


def _attach_by_template(attach: Any, entity: dict[str, Any], arn: str) -> None:
    if not arn:
        # MiniStack makes one empty name of an empty list, and takes the condition that would leave it out for
        # true, so in the bootstrap template of the CDK.
        return
    if fault := find_fault(arn):
        status, code, message = fault
        raise ValueError(
            f"{message} (Service: AmazonIdentityManagement; Status Code: {status}; Error Code: {code})"
        )
    attach(entity, arn)
