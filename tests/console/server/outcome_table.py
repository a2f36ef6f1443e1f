"""A table of outcomes in moto's AWS, as the app deploys one."""

from collections.abc import Iterator
from contextlib import contextmanager

import boto3

from evaluation.deployment import Deployment
from tests.outcome_table import create_outcome_table

TABLE = "scones-outcomes"


@contextmanager
def keeping_outcomes(deployment: Deployment) -> Iterator[None]:
    """An empty table that the deployment knows of, while it lasts."""
    dynamodb, ssm = boto3.client("dynamodb"), boto3.client("ssm")
    create_outcome_table(dynamodb, TABLE)
    ssm.put_parameter(Name="/scones/outcomes", Value=TABLE, Type="String", Overwrite=True)
    try:
        yield
    finally:
        ssm.delete_parameter(Name="/scones/outcomes")
        vars(deployment).pop("outcomes", None)
        dynamodb.delete_table(TableName=TABLE)
