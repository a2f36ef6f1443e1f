"""The table of outcomes as stacks/storage.py has it, made directly where no stack is deployed."""

from typing import Any

from lambdas.workflow import outcomes


def create_outcome_table(dynamodb: Any, name: str) -> None:
    """Creates an empty table of outcomes with a client of DynamoDB."""
    keys = ("photo", "outcome", "decided_at")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": "photo", "KeyType": "HASH"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": outcomes.INDEX,
                "KeySchema": [
                    {"AttributeName": "outcome", "KeyType": "HASH"},
                    {"AttributeName": "decided_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
