"""What a state machine's tasks change is known by the files that hold it."""

import pytest

from local.saving.tasks import find_changed


@pytest.mark.parametrize(
    ("resource", "files"),
    [
        ("arn:aws:states:::dynamodb:putItem", {"dynamodb"}),
        ("arn:aws:states:::dynamodb:getItem", set()),
        ("arn:aws:states:::events:putEvents", {"eventbridge", "sqs"}),
        ("arn:aws:states:::sqs:sendMessage", {"sqs"}),
        ("arn:aws:states:::aws-sdk:s3:copyObject", {"s3", "sqs"}),
        ("arn:aws:states:::aws-sdk:ssm:putParameter", {"ssm"}),
        ("arn:aws:states:::aws-sdk:sagemaker:describeEndpoint", set()),
        ("arn:aws:states:::lambda:invoke", set()),
        ("arn:aws:lambda:us-east-1:000000000000:function:f", set()),
        ("arn:aws:states:us-east-1:000000000000:activity:a", set()),
    ],
)
def test_a_task_changes_its_service_and_the_queues_that_its_events_reach(
    resource: str, files: set[str]
) -> None:
    assert files <= set(find_changed(resource))
    assert bool(files) == bool(find_changed(resource))
