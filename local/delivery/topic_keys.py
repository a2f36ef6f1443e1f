"""Lets a service write to an encrypted topic only where the policy of the topic's key lets it, as AWS does.

MiniStack drops the key that a template names for a topic.
https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
"""

from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_region
from ministack.services import kms, sns
from ministack.services.cloudformation import provisioners

from local.patching import find_original

TYPE, KEY = "AWS::SNS::Topic", "KmsMasterKeyId"
NEEDED = ("kms:GenerateDataKey", "kms:Decrypt")
"""What a service that writes to an encrypted topic must be allowed."""
Properties = dict[str, Any]


def install() -> None:
    """Has topics of templates keep their keys."""
    for owner, names in {
        iam_evaluator: ("EvalContext", "evaluate_resource_policy"),
        kms: ("_resolve_key",),
        sns: ("_topics", "_topic_by_arn_any_scope"),
    }.items():
        for name in names:
            find_original(owner, name)
    handlers = find_original(provisioners, "_RESOURCE_HANDLERS")
    theirs = handlers[TYPE]

    def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        topic, attributes = theirs["create"](logical_id, properties, stack)
        _keep_key(topic, properties)
        return topic, attributes

    def update(
        topic: str, old: Properties, new: Properties, stack: str, logical_id: str | None = None
    ) -> tuple[str, Properties]:
        updated, attributes = theirs["update"](topic, old, new, stack, logical_id)
        _keep_key(updated, new)
        return updated, attributes

    handlers[TYPE] = {**theirs, "create": create, "update": update}


def _keep_key(topic: str, properties: Properties) -> None:
    attributes = sns._topics[topic]["attributes"]
    attributes.pop(KEY, None)
    if key := properties.get(KEY):
        attributes[KEY] = key


def may_use_key(topic: str, service: str, source: str, account: str) -> bool:
    """Tells whether a service may use the key of a topic; any may where the topic has none.

    Args:
        topic: ARN of the topic, which is there.
        service: The service's principal.
        source: ARN of what the service writes for.
        account: Whose that is.
    """
    name = sns._topic_by_arn_any_scope(topic)["attributes"].get(KEY)
    if not name:
        return True
    # That of AWS for SNS, which is no record here, lets no other service use it.
    key = kms._resolve_key(name)
    return key is not None and all(
        iam_evaluator.evaluate_resource_policy(
            key["Policy"],
            iam_evaluator.EvalContext(
                principal_arn="*",
                principal_type="Service",
                principal_account="",
                action=action,
                resource_arn=key["Arn"],
                region=get_region(),
                service_context={"aws:sourcearn": source, "aws:sourceaccount": account},
            ),
            service=service,
        ).decision
        == "Allow"
        for action in NEEDED
    )
