"""What leads from an upload to the state machine: nothing is lost there, and each may do its part alone."""

import json
from typing import Any

import pytest

from lambdas.workflow import places
from tests.stacks.synthesis import Assembly
from tests.stacks.test_permissions import beyond_logs_and_traces, plain

FUNCTION_RETURNS_FAILURES = ["ReportBatchItemFailures"]
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
LEAST_VISIBILITY = 6
LEAST_RECEIVES = 5


@pytest.fixture
def queues(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """The queues' properties by their names."""
    resources = assembly.resources("uploads", "AWS::SQS::Queue").values()
    return {found["Properties"]["QueueName"]: found["Properties"] for found in resources}


def find_queue(assembly: Assembly, name: str) -> str:
    """Returns a queue's ARN as ``plain`` writes it."""
    (logical,) = [
        logical
        for logical, found in assembly.resources("uploads", "AWS::SQS::Queue").items()
        if found["Properties"]["QueueName"] == name
    ]
    return plain({"Fn::GetAtt": [logical, "Arn"]})


def test_both_queues_are_encrypted_and_keep_what_nobody_reads_for_days(
    queues: dict[str, dict[str, Any]],
) -> None:
    days = {name: found["MessageRetentionPeriod"] / 86_400 for name, found in queues.items()}
    # A dead letter keeps the time of its first sending.
    assert days == {"scones-uploads": 4, "scones-uploads-dead-letters": 14}
    assert all(found["SqsManagedSseEnabled"] is True for found in queues.values())


def test_what_comes_too_often_becomes_a_dead_letter(
    assembly: Assembly, queues: dict[str, dict[str, Any]]
) -> None:
    redrive = queues["scones-uploads"]["RedrivePolicy"]
    assert plain(redrive["deadLetterTargetArn"]) == find_queue(assembly, "scones-uploads-dead-letters")
    assert redrive["maxReceiveCount"] >= LEAST_RECEIVES
    assert "RedrivePolicy" not in queues["scones-uploads-dead-letters"]


def test_a_queue_is_reached_over_tls_alone_and_by_the_one_rule(assembly: Assembly) -> None:
    sends: dict[str, list[Any]] = {}
    for policy in assembly.resources("uploads", "AWS::SQS::QueuePolicy").values():
        denied, allowed = [], []
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            (denied if statement["Effect"] == "Deny" else allowed).append(statement)
        (no_tls,) = denied
        assert (no_tls["Action"], no_tls["Principal"]) == ("sqs:*", {"AWS": "*"})
        assert no_tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in allowed:
            assert statement["Principal"] == {"Service": "events.amazonaws.com"}
            assert "sqs:SendMessage" in statement["Action"]
            (condition,) = statement["Condition"].values()
            sends.setdefault(plain(statement["Resource"]), []).append(plain(condition["aws:SourceArn"]))
    ((rule, _),) = assembly.resources("uploads", "AWS::Events::Rule").items()
    rule_arn = plain({"Fn::GetAtt": [rule, "Arn"]})
    assert sends == {
        find_queue(assembly, name): [rule_arn] for name in ("scones-uploads", "scones-uploads-dead-letters")
    }


def test_the_rule_takes_what_is_made_under_incoming_in_the_one_bucket(assembly: Assembly) -> None:
    rule = assembly.only("uploads", "AWS::Events::Rule")
    pattern = rule["EventPattern"]
    assert (pattern["source"], pattern["detail-type"]) == (["aws.s3"], ["Object Created"])
    assert [plain(name) for name in pattern["detail"]["bucket"]["name"]] == ["<bucket>"]
    assert pattern["detail"]["object"] == {"key": [{"prefix": places.INCOMING}]}
    assert pattern.keys() == {"source", "detail-type", "detail"}
    assert rule["State"] == "ENABLED"
    assert "EventBusName" not in rule


def test_what_eventbridge_cannot_deliver_is_a_dead_letter_too(assembly: Assembly) -> None:
    (target,) = assembly.only("uploads", "AWS::Events::Rule")["Targets"]
    assert plain(target["Arn"]) == find_queue(assembly, "scones-uploads")
    assert plain(target["DeadLetterConfig"]["Arn"]) == find_queue(assembly, "scones-uploads-dead-letters")
    # The event as it is, tried for a day, as EventBridge does unless it is told otherwise.
    assert target.keys() == {"Arn", "DeadLetterConfig", "Id"}


def test_the_function_can_start_one_state_machine_and_read_one_queue(assembly: Assembly) -> None:
    queue = find_queue(assembly, "scones-uploads")
    (machine,) = [name for name in assembly.templates["uploads"]["Parameters"] if "statemachine" in name]
    assert beyond_logs_and_traces(assembly, "uploads", "UploadRole") == {
        ("states:StartExecution", plain({"Ref": machine})),
        *(
            (f"sqs:{action}", queue)
            for action in (
                "ChangeMessageVisibility",
                "DeleteMessage",
                "GetQueueAttributes",
                "GetQueueUrl",
                "ReceiveMessage",
            )
        ),
    }


def test_of_a_batch_what_failed_alone_comes_again_after_lambdas_own_retries(
    assembly: Assembly, queues: dict[str, dict[str, Any]]
) -> None:
    mapping = assembly.only("uploads", "AWS::Lambda::EventSourceMapping")
    function = assembly.only("uploads", "AWS::Lambda::Function")
    assert plain(mapping["EventSourceArn"]) == find_queue(assembly, "scones-uploads")
    assert mapping["FunctionResponseTypes"] == FUNCTION_RETURNS_FAILURES
    assert "FilterCriteria" not in mapping, "what is filtered out is deleted, and never a dead letter"
    assert queues["scones-uploads"]["VisibilityTimeout"] >= LEAST_VISIBILITY * function["Timeout"]


def test_a_burst_leaves_the_workflow_its_concurrency_and_waits_for_no_batch(assembly: Assembly) -> None:
    mapping = assembly.only("uploads", "AWS::Lambda::EventSourceMapping")
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
    # Above ten Lambda asks for a window in which it gathers messages.
    assert mapping["BatchSize"] == 10
    assert "MaximumBatchingWindowInSeconds" not in mapping


def test_the_function_knows_its_bucket_and_its_state_machine(assembly: Assembly) -> None:
    function = assembly.only("uploads", "AWS::Lambda::Function")
    variables = function["Environment"]["Variables"]
    assert plain(variables["BUCKET"]) == "<bucket>"
    assert "statemachine" in json.dumps(variables["STATE_MACHINE_ARN"])
    assert function["Handler"] == "lambdas.operations.upload.handler"
