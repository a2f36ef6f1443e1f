"""The custom resource that empties the group of the model's versions before CloudFormation deletes it.

SageMaker deletes no group that has packages, and CloudFormation deletes only what it has made.
"""

from typing import Any

from aws_lambda_powertools.utilities.data_classes import CloudFormationCustomResourceEvent as Request

from lambdas.deploy.custom_resource import answer, answer_failure, try_patiently
from lambdas.deploy.jobs import sagemaker
from lambdas.deploy.models.registering import delete_all


def handler(event: dict[str, Any], context: object) -> None:
    """Answers CloudFormation; a deletion once no version is left."""
    request = Request(event)
    name = request.resource_properties["Name"]
    resource_id = f"{name}-versions"
    try:
        if request.request_type == "Delete":
            try_patiently(lambda: delete_all(sagemaker, name))
    except Exception as error:
        answer_failure(request, resource_id, error)
    else:
        answer(request, status="SUCCESS", resource_id=resource_id)
