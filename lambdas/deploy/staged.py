"""The custom resource that is the parameter ``/{name}/dataset``, whose value is staging's.

CloudFormation's own resource would write its first value again whenever a template changes anything of it,
and so forget what is staged. This one is made, is left alone, and goes with its stack.
"""

from contextlib import suppress
from typing import Any

import boto3
from aws_lambda_powertools.utilities.data_classes import CloudFormationCustomResourceEvent as Request

from lambdas.deploy.custom_resource import answer, answer_failure, try_patiently
from lambdas.workflow import places

ssm = boto3.client("ssm")


def handler(event: dict[str, Any], context: object) -> None:
    """Answers CloudFormation, once the parameter is there or is gone."""
    request = Request(event)
    name = request.resource_properties["Name"]
    parameter = places.parameter(name, "dataset")
    try:
        if request.request_type == "Delete":
            try_patiently(lambda: delete(parameter))
        else:
            try_patiently(lambda: create(parameter, name))
    except Exception as error:
        answer_failure(request, parameter, error)
    else:
        answer(request, status="SUCCESS", resource_id=parameter)


def create(parameter: str, name: str) -> None:
    """Makes the parameter unless it is there; a value that it has stays."""
    with suppress(ssm.exceptions.ParameterAlreadyExists):
        ssm.put_parameter(
            Name=parameter,
            Value=places.NOT_STAGED,
            Type="String",
            Description="Id of the staged data set, a digest of its content",
            Tags=[{"Key": "project", "Value": name}],
        )


def delete(parameter: str) -> None:
    """Deletes the parameter, if it is there."""
    with suppress(ssm.exceptions.ParameterNotFound):
        ssm.delete_parameter(Name=parameter)
