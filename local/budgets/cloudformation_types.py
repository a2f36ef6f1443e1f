"""AWS::Budgets::Budget for MiniStack's CloudFormation; MiniStack's Budgets keeps what it is told.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-budgets-budget.html
"""

import json
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import ServiceModel, Shape
from botocore.validate import ParamValidator
from ministack.core.responses import get_account_id
from ministack.services import budgets
from ministack.services.cloudformation import provisioners

from local.patching import find_original
from local.sagemaker.cloudformation_types import Created, Properties, ResourceFailed, coerce

TYPE = "AWS::Budgets::Budget"


def install() -> None:
    """Adds the type.

    Raises:
        SystemExit: MiniStack is not the pinned version: one of the names used here is not there.
    """
    find_original(budgets, "_DISPATCH")
    for name in ("_physical_name", "_delete_predecessor"):
        find_original(provisioners, name)
    handlers = {"create": create, "update": update, "delete": delete}
    find_original(provisioners, "_RESOURCE_HANDLERS")[TYPE] = handlers
    # A budget that has its name from the template cannot be replaced: its name is taken, as on AWS.
    find_original(provisioners, "_REPLACING_PROPERTIES")[TYPE] = ("NotificationsWithSubscribers",)


def create(logical_id: str, properties: Properties, stack_name: str) -> Created:
    """Makes a budget with its notifications; ``Ref`` is its name."""
    name = properties["Budget"].get("BudgetName") or provisioners._physical_name(
        stack_name, logical_id, max_len=100
    )
    _call("CreateBudget", {**properties, "Budget": {**properties["Budget"], "BudgetName": name}})
    return name, {}


def update(name: str, old: Properties, new: Properties, stack_name: str) -> Created:
    """Changes a budget in place; another name makes another budget."""
    if new["Budget"].get("BudgetName", name) != name:
        created = create(name, new, stack_name)
        provisioners._delete_predecessor(delete, name, old)
        return created
    _call("UpdateBudget", {"NewBudget": {**new["Budget"], "BudgetName": name}})
    arn = f"arn:aws:budgets::{get_account_id()}:budget/{name}"
    tags = new.get("ResourceTags", [])
    kept = {tag["Key"] for tag in tags}
    if gone := [tag["Key"] for tag in old.get("ResourceTags", []) if tag["Key"] not in kept]:
        _call("UntagResource", {"ResourceARN": arn, "ResourceTagKeys": gone})
    if tags:
        _call("TagResource", {"ResourceARN": arn, "ResourceTags": tags})
    return name, {}


def delete(name: str, _properties: Properties) -> None:
    """Deletes a budget with its notifications, if it is there."""
    if name in budgets._budgets:
        _call("DeleteBudget", {"BudgetName": name})


def _call(operation: str, properties: Properties) -> None:
    shape = _get_request_shape(operation)
    account = {"AccountId": get_account_id()} if "AccountId" in shape.members else {}
    request = coerce({**properties, **account}, shape)
    found = ParamValidator().validate(request, shape)
    if found.has_errors():
        raise ResourceFailed(f"Properties validation failed: {found.generate_report()}")
    status, _, body = budgets._DISPATCH[operation](request)
    if status >= 400:
        error = json.loads(body)
        raise ResourceFailed(
            f"{error['message']} (Service: AWSBudgets; Status Code: {status}; Error Code: {error['__type']})"
        )


@lru_cache(maxsize=8)
def _get_request_shape(operation: str) -> Any:
    model: ServiceModel = botocore.session.Session().get_service_model("budgets")
    shape: Shape | None = model.operation_model(operation).input_shape
    return shape
