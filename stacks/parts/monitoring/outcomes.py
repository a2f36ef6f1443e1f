"""What the functions that watch may read of the outcomes."""

import aws_cdk as cdk

from lambdas.workflow import outcomes
from stacks.parts.logged import LoggedFunction


def allow_queries(function: LoggedFunction, table: str) -> None:
    """Lets a function query the index of outcomes, and nothing else of their table."""
    index = cdk.Stack.of(function).format_arn(
        service="dynamodb", resource="table", resource_name=f"{table}/index/{outcomes.INDEX}"
    )
    function.allow(["dynamodb:Query"], index)
