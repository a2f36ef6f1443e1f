"""The stack of batches: what its roles may do, what its state machine asks of whom, what is tried again."""

import json
from typing import Any

import pytest

from lambdas.workflow import errors, places
from stacks.parts import batch_states
from tests.lambdas.operations.batch_cloud import TABLE, draw, open_batch_cloud
from tests.lambdas.operations.conftest import batch
from tests.stacks.parts.test_outcome_states import run
from tests.stacks.synthesis import Assembly
from tests.stacks.test_permissions import beyond_logs_and_traces, plain, statements
from tests.stacks.test_state_machine_definitions import definition, evaluated

BUCKET = "arn:<Partition>:s3:::<bucket>"
TABLE_ARN = "arn:<Partition>:dynamodb:<Region>:<AccountId>:table/<outcomes>"
BUS = "arn:<Partition>:events:<Region>:<AccountId>:event-bus/default"
EXECUTIONS = "arn:<Partition>:states:<Region>:<AccountId>:execution:scones-batch"
READS_AND_TELLS = {
    ("s3:ListBucket", BUCKET),
    ("s3:GetObject", f"{BUCKET}/*"),
    ("s3:GetObjectVersion", f"{BUCKET}/*"),
    ("dynamodb:BatchGetItem", TABLE_ARN),
    ("dynamodb:PutItem", TABLE_ARN),
    ("events:PutEvents", BUS),
}
GIVEN = {"batch": "photos-01234567", "bucket": "b", "prefix": "p/", "source": "s3://b/p/"}
CONTEXT = {
    "Execution": {
        "Id": "arn:e",
        "StartTime": "2026-01-31T12:00:00.120Z",
        "Input": GIVEN,
        "RedriveCount": 2,
    }
}


@pytest.fixture
def states(assembly: Assembly) -> dict[str, Any]:
    """The states of the machine."""
    return definition(assembly, "batch")["States"]


def functions(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """Returns the functions by name."""
    found = assembly.resources("batch", "AWS::Lambda::Function").values()
    return {function["Properties"]["FunctionName"]: function["Properties"] for function in found}


def test_the_function_reads_photos_asks_the_endpoint_and_keeps_and_tells_outcomes(
    assembly: Assembly,
) -> None:
    assert beyond_logs_and_traces(assembly, "batch", "BatchRole") == READS_AND_TELLS | {
        ("s3:PutObject", f"{BUCKET}/review/*"),
        (
            "ssm:GetParameter",
            "arn:<Partition>:ssm:<Region>:<AccountId>:parameter/scones/endpoint-switch",
        ),
        *(
            (
                "sagemaker:InvokeEndpoint",
                f"arn:<Partition>:sagemaker:<Region>:<AccountId>:endpoint/{endpoint}",
            )
            for endpoint in ("scones", "scones-serverless")
        ),
    }


def test_the_summary_writes_under_batches_alone_and_asks_no_endpoint(assembly: Assembly) -> None:
    assert beyond_logs_and_traces(assembly, "batch", "BatchSummaryRole") == READS_AND_TELLS | {
        ("s3:PutObject", f"{BUCKET}/batches/*"),
        ("s3:AbortMultipartUpload", f"{BUCKET}/batches/*"),
    }


@pytest.mark.parametrize("role", ["BatchRole", "BatchSummaryRole"])
def test_events_are_told_in_the_name_of_this_deployment_alone(assembly: Assembly, role: str) -> None:
    (condition,) = [
        condition
        for action, _, condition in statements(assembly, "batch", role)
        if action == "events:PutEvents"
    ]
    assert condition == {"StringEquals": {"events:source": "scones.scones"}}


def test_the_state_machine_lists_runs_its_own_children_and_writes_their_results(assembly: Assembly) -> None:
    allowed = {
        (action, resource)
        for action, resource in beyond_logs_and_traces(assembly, "batch", "StateMachineRole")
        if not action.startswith("logs:")
    }
    assert allowed == {
        ("lambda:InvokeFunction", "<Batch>"),
        ("lambda:InvokeFunction", "<BatchSummary>"),
        ("s3:ListBucket", BUCKET),
        *(
            (f"s3:{action}", f"{BUCKET}/batches/*/results/*")
            for action in ("AbortMultipartUpload", "GetObject", "ListMultipartUploadParts", "PutObject")
        ),
        (
            "states:StartExecution",
            "arn:<Partition>:states:<Region>:<AccountId>:stateMachine:scones-batch",
        ),
        ("states:DescribeExecution", f"{EXECUTIONS}:*"),
        ("states:StopExecution", f"{EXECUTIONS}:*"),
        ("states:RedriveExecution", f"{EXECUTIONS}/Photos:*"),
    }
    machine = assembly.only("batch", "AWS::StepFunctions::StateMachine")
    assert machine["StateMachineName"] == "scones-batch"


def test_the_photos_are_those_under_the_prefix_fifty_a_call(states: dict[str, Any]) -> None:
    photos = states["Route the photos"]
    assert photos["ItemReader"]["Resource"] == "arn:aws:states:::s3:listObjectsV2"
    reads = {name: evaluated(text, input=GIVEN) for name, text in photos["ItemReader"]["Arguments"].items()}
    assert reads == {"Bucket": "b", "Prefix": "p/"}
    listed = {"Key": "p/a.png", "Etag": '"d1c8"', "Size": 7, "StorageClass": "STANDARD"}
    context = {**CONTEXT, "Map": {"Item": {"Index": 0, "Value": listed}}}
    selected = {name: evaluated(text, context=context) for name, text in photos["ItemSelector"].items()}
    assert selected == {"key": "p/a.png", "etag": '"d1c8"', "size": 7}
    batcher = photos["ItemBatcher"]
    assert batcher["MaxItemsPerBatch"] == 50
    told = {
        name: evaluated(text, input=GIVEN, context=context) for name, text in batcher["BatchInput"].items()
    }
    assert told == {
        "batch": "photos-01234567",
        "bucket": "b",
        "execution": "arn:e",
        "started_at": "2026-01-31T12:00:00.120Z",
    }


def test_as_many_run_at_once_as_is_set_or_asked_for(states: dict[str, Any]) -> None:
    expression = states["Route the photos"]["MaxConcurrency"]
    assert evaluated(expression, input=GIVEN) == 4
    assert evaluated(expression, input={**GIVEN, "max_concurrency": 16}) == 16


def test_so_many_photos_may_fail_as_is_set(states: dict[str, Any]) -> None:
    assert states["Route the photos"]["ToleratedFailurePercentage"] == 5


def test_results_lie_where_the_summary_looks_for_them_and_no_photos_do(states: dict[str, Any]) -> None:
    writer = states["Route the photos"]["ResultWriter"]
    prefix = evaluated(writer["Arguments"]["Prefix"], input=GIVEN)
    assert prefix == places.batch_results_prefix("photos-01234567")
    assert not prefix.startswith(places.batch_photos_prefix("photos-01234567"))
    key = f"{prefix}/0c9d8e7f/manifest.json"
    written = {"MapRunArn": "arn", "ResultWriterDetails": {"Bucket": "b", "Key": key}}
    payload = states["Write the routes"]["Arguments"]["Payload"]
    told = {name: evaluated(text, input=written, context=CONTEXT) for name, text in payload.items()}
    assert told == {
        **GIVEN,
        "execution": "arn:e",
        "started_at": "2026-01-31T12:00:00.120Z",
        "redrives": 2,
        "manifest": key,
    }


def test_what_fails_fails_in_its_own_state_where_a_redrive_takes_it_up(states: dict[str, Any]) -> None:
    child = states["Route the photos"]["ItemProcessor"]
    assert child["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert list(child["States"]) == ["Route a part"]
    for state in (states["Route the photos"], states["Write the routes"], *child["States"].values()):
        assert "Catch" not in state


def test_every_outage_of_the_function_is_tried_again_and_no_failure_of_a_photo(
    states: dict[str, Any],
) -> None:
    route = states["Route the photos"]["ItemProcessor"]["States"]["Route a part"]
    retried = [name for retrier in route["Retry"] for name in retrier["ErrorEquals"]]
    assert len(retried) == len(set(retried))
    own = {name for name in retried if not name.startswith(("Lambda.", "Runtime.", "Sandbox."))}
    outages = {
        *("StorageUnavailable", "EndpointThrottled", "EndpointUnavailable"),
        *("EndpointNotInService", "EndpointAccessDenied", "OutcomesUnavailable"),
    }
    assert own == outages
    assert outages - {"OutcomesUnavailable"} <= vars(errors).keys()
    for retrier in route["Retry"]:
        assert (retrier["JitterStrategy"], retrier["BackoffRate"]) == ("FULL", 2)
    *_, outage = route["Retry"]
    pauses = [min(10 * 2**number, outage["MaxDelaySeconds"]) for number in range(outage["MaxAttempts"])]
    assert 600 <= sum(pauses) <= 900
    assert tuple(outage["ErrorEquals"]) == batch_states.OUTAGES


def test_the_function_has_the_room_of_two_decoded_photos_and_all_of_lambdas_time(assembly: Assembly) -> None:
    route = functions(assembly)["scones-batch"]
    (serialize,) = [
        function["Properties"]
        for function in assembly.resources("workflow", "AWS::Lambda::Function").values()
        if function["Properties"]["FunctionName"] == "scones-serialize"
    ]
    assert route["MemorySize"] == 2 * serialize["MemorySize"]
    assert route["Timeout"] == 900


def cut(value: Any, threshold: str) -> str:
    """Computes what CloudFormation cuts out of the parameter of the threshold."""
    if "Ref" in value:
        return threshold
    place, part = value["Fn::Select"]
    separator, whole = part["Fn::Split"]
    return cut(whole, threshold).split(separator)[place]


@pytest.mark.parametrize(
    ("number", "source"),
    [("0.8", "set by confidence_threshold"), ("0.91234", "recommended: 5%, at 90% of 120, photos: 3")],
)
def test_the_threshold_is_that_of_the_workflow(assembly: Assembly, number: str, source: str) -> None:
    written = assembly.resources("workflow", "AWS::SSM::Parameter").values()
    (parameter,) = [p["Properties"] for p in written if p["Properties"]["Name"] == "/scones/threshold"]
    form = plain(parameter["Value"])
    given = form.replace("0.8", number).replace("set by confidence_threshold", source)
    assert json.loads(given) == {"value": float(number), "source": source}
    environment = functions(assembly)["scones-batch"]["Environment"]["Variables"]
    assert cut(environment["CONFIDENCE_THRESHOLD"], given) == number
    assert cut(environment["THRESHOLD_SOURCE"], given) == source


def test_the_functions_know_what_those_of_the_single_path_know(assembly: Assembly) -> None:
    known = {
        name
        for function in assembly.resources("workflow", "AWS::Lambda::Function").values()
        for name in function["Properties"]["Environment"]["Variables"]
    }
    environment = functions(assembly)["scones-batch"]["Environment"]["Variables"]
    assert environment.keys() == known | {
        *("BUCKET", "OUTCOMES_TABLE", "OUTCOME_DAYS", "EVENT_SOURCE", "MODEL"),
        "POWERTOOLS_LOG_LEVEL",
    }
    assert environment["OUTCOME_DAYS"] == "90"
    assert environment["EVENT_SOURCE"] == "scones.scones"
    assert environment["POWERTOOLS_LOG_LEVEL"] == "WARNING", (
        "of ten thousand photos only what went wrong is logged"
    )


@pytest.mark.parametrize(
    ("what", "content"),
    [("routing", draw(0.9)), ("refusal", draw(0.6)), ("failure", b"no photo")],
    ids=["routing", "refusal", "failure"],
)
def test_a_batch_keeps_and_tells_what_the_state_machine_of_a_photo_does(
    assembly: Assembly, monkeypatch: pytest.MonkeyPatch, what: str, content: bytes
) -> None:
    single, entry = run(definition(assembly, "workflow")["States"], what)
    with open_batch_cloud(monkeypatch) as cloud:
        cloud.put("photos/a.png", content)
        cloud.call()
        (item,) = cloud.dynamodb.scan(TableName=TABLE)["Items"]
        (detail,) = cloud.bus.details
    assert {name: list(value) for name, value in item.items()} == {
        name: list(value) for name, value in single["Item"].items()
    }
    assert item.get("probabilities", {}).get("M", {}).keys() == (
        single["Item"].get("probabilities", {}).get("M", {}).keys()
    )
    assert detail.keys() == entry["Detail"].keys()
    assert {name: type(value) for name, value in detail.items()} == {
        name: type(value) for name, value in entry["Detail"].items()
    }


def test_what_is_tried_again_is_what_the_function_calls_an_outage() -> None:
    retried = {name for retrier in batch_states.RETRIES for name in retrier["ErrorEquals"]}
    assert {error.__name__ for error in batch.OUTAGES} < retried
