"""The state machines: valid by two validators, each error with its own end, retries where they may help."""

import heapq
import inspect
import json
import random
import subprocess
from pathlib import Path
from typing import Any

import boto3
import jsonata
import moto
import pytest

from lambdas.workflow import errors
from stacks.parts.routing_states import PLAIN_ERROR, WITH_EXECUTION_ID
from tests.stacks.synthesis import REPOSITORY, Assembly

ROLE = "arn:aws:iam::123456789012:role/machine"
# What references of a template that hold these words stand for.
MADE_UP = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "bucket": "the-bucket",
    "outcomes": "the-table",
    "model": "scones--0123456789ab",
}
MACHINES = ("workflow", "training", "evaluation", "batch")


def resolved(value: Any) -> str:
    """Writes what the template joins as CloudFormation would, with made-up ARNs."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::Join":
        return str(argument[0]).join(resolved(part) for part in argument[1])
    if function == "Fn::Select":
        place, ((_, (separator, whole)),) = argument[0], argument[1].items()
        return MADE_UP["model"] if "model" in str(whole) else resolved(whole).split(separator)[int(place)]
    if function == "Ref":
        return next(made_up for telling, made_up in MADE_UP.items() if telling in argument)
    assert function == "Fn::GetAtt"
    return f"arn:aws:lambda:us-east-1:123456789012:function:{argument[0]}"


def definition(assembly: Assembly, stack: str) -> dict[str, Any]:
    return definition_of(assembly.only(stack, "AWS::StepFunctions::StateMachine"))


def definition_of(machine: dict[str, Any]) -> dict[str, Any]:
    return json.loads(resolved(machine["DefinitionString"]))


@pytest.fixture(params=MACHINES)
def machine(request: pytest.FixtureRequest, assembly: Assembly, with_artifact: Assembly) -> dict[str, Any]:
    """Each state machine that the app may have, as its template has it."""
    made, stack = (with_artifact, "training") if request.param == "evaluation" else (assembly, request.param)
    return made.only(stack, "AWS::StepFunctions::StateMachine")


@pytest.fixture
def states(assembly: Assembly) -> dict[str, Any]:
    """The states of the machine that routes photos."""
    return definition(assembly, "workflow")["States"]


def test_the_definition_is_valid_amazon_states_language(machine: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "definition.json"
    path.write_text(json.dumps(definition_of(machine)))
    validator = str(REPOSITORY / "node_modules" / ".bin" / "asl-validator")
    checked = subprocess.run(
        [validator, "--json-path", str(path)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_strict_parser_takes_the_definition(machine: dict[str, Any]) -> None:
    with moto.mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        client = boto3.client("stepfunctions")
        defined = definition_of(machine)
        for state in defined["States"].values():
            # What of a Distributed Map the parser does not know, or not in JSONata.
            for unknown in ("ItemBatcher", "ResultWriter", "ToleratedFailurePercentage"):
                state.pop(unknown, None)
        text = json.dumps(defined)
        arn = client.create_state_machine(name="machine", definition=text, roleArn=ROLE)["stateMachineArn"]
        assert client.describe_state_machine(stateMachineArn=arn)["status"] == "ACTIVE"
        with pytest.raises(client.exceptions.ClientError):
            client.create_state_machine(
                name="broken", definition=text.replace('"Type": "Task"', '"Type": "Tusk"'), roleArn=ROLE
            )


def test_steps_are_logged_without_data_and_traced(machine: dict[str, Any]) -> None:
    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert machine["TracingConfiguration"] == {"Enabled": True}
    assert definition_of(machine)["QueryLanguage"] == "JSONata"


@pytest.mark.parametrize("other_class", [False, True])
def test_every_named_error_of_the_functions_ends_in_a_state_of_its_own(
    other_class: bool, states: dict[str, Any], with_other_class: Assembly
) -> None:
    if other_class:
        states = definition(with_other_class, "workflow")["States"]
    named = {
        name
        for name, error in inspect.getmembers(errors, inspect.isclass)
        if issubclass(error, errors.WorkflowError) and error is not errors.WorkflowError
    }
    if not other_class:
        named.remove("NoneOfTheClasses")
    endings = [state["Error"] for state in states.values() if state["Type"] == "Fail"]
    assert len(endings) == len(set(endings))
    assert named == set(endings) - {"{% $states.input.Error %}"}


def test_a_photo_of_none_of_the_classes_is_kept_as_refused_and_ends_in_a_state_of_its_own(
    with_other_class: Assembly,
) -> None:
    states = definition(with_other_class, "workflow")["States"]
    refusals = ["ThresholdConfidenceNotMet", "NoneOfTheClasses"]
    (catcher,) = (each for each in states["Filter by confidence"]["Catch"] if each["ErrorEquals"] == refusals)
    assert catcher["Next"] == "Copy the photo for its review"
    assert states["Tell the refusal"]["Next"] == "Which refusal?"
    assert states["Which refusal?"]["Choices"] == [
        {
            "Condition": "{% $states.input.Error = 'NoneOfTheClasses' %}",
            "Next": "Photo shows none of the classes",
        }
    ]
    assert states["Which refusal?"]["Default"] == "Confidence is below the threshold"


def test_the_outcome_has_the_probability_of_the_other_class_too(with_other_class: Assembly) -> None:
    kept = definition(with_other_class, "workflow")["States"]["Keep the refusal"]["Arguments"]["Item"]
    assert list(kept["probabilities"]["M"]) == ["bicycle", "motorcycle", "other"]


STEPS = ("Serialize the photo", "Classify the photo", "Filter by confidence")


def test_every_failure_is_kept_and_told_before_it_ends_in_the_state_that_bears_its_name(
    states: dict[str, Any],
) -> None:
    for step in STEPS:
        assert states[step]["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
        assert states[step]["Catch"][-1]["Next"] == "Keep the failure"
    assert states["Keep the failure"]["Next"] == "Tell the failure"
    assert states["Tell the failure"]["Next"] == "Which failure?"
    for name, error in inspect.getmembers(errors, inspect.isclass):
        if issubclass(error, errors.WorkflowError) and name not in (
            "WorkflowError",
            *(error.__name__ for error in errors.REFUSALS),
        ):
            assert states[find_ending(states, name)]["Error"] == name
    assert states[find_ending(states, "States.Timeout")]["Error"] == "{% $states.input.Error %}"


def find_ending(states: dict[str, Any], error: str) -> str:
    """Returns the state that the choice leads an error to."""
    choice = states["Which failure?"]
    for rule in choice["Choices"]:
        if evaluated(rule["Condition"], input={"Error": error, "Cause": ""}):
            return str(rule["Next"])
    return str(choice["Default"])


def test_a_refused_photo_is_copied_kept_and_told_and_ends_as_it_always_did(states: dict[str, Any]) -> None:
    refused, _ = states["Filter by confidence"]["Catch"]
    assert refused["ErrorEquals"] == ["ThresholdConfidenceNotMet"]
    way = [refused["Next"]]
    while following := states[way[-1]].get("Next"):
        way.append(following)
    assert way == [
        "Copy the photo for its review",
        "Keep the refusal",
        "Tell the refusal",
        "Confidence is below the threshold",
    ]
    assert states[way[-1]]["Error"] == "ThresholdConfidenceNotMet"
    # Whoever deletes the photo meanwhile does not change what was decided.
    (gone,) = states[way[0]]["Catch"]
    assert (gone["ErrorEquals"], gone["Next"]) == (["States.ALL"], "Keep the refusal")


def test_what_is_kept_already_is_not_told_again(states: dict[str, Any]) -> None:
    ends = {
        "Keep the routing": "Photo is routed",
        "Keep the refusal": "Confidence is below the threshold",
        "Keep the failure": "Which failure?",
    }
    for keep, end in ends.items():
        (kept,) = states[keep]["Catch"]
        assert (kept["ErrorEquals"], kept["Next"]) == (["DynamoDB.ConditionalCheckFailedException"], end)
        # The execution ends with what the filter, or the failure, said.
        assert evaluated(kept["Output"], input={"Error": "ImageNotFound"}) == {"Error": "ImageNotFound"}


def test_an_outcome_that_cannot_be_kept_or_told_fails_where_the_execution_can_be_redriven(
    states: dict[str, Any],
) -> None:
    for what in ("routing", "refusal", "failure"):
        assert "Catch" not in states[f"Tell the {what}"]
        caught = [
            error for catcher in states[f"Keep the {what}"]["Catch"] for error in catcher["ErrorEquals"]
        ]
        assert caught == ["DynamoDB.ConditionalCheckFailedException"]


def test_what_dynamodb_eventbridge_and_s3_cannot_do_now_is_retried(states: dict[str, Any]) -> None:
    for name, answer in {
        "Keep the routing": ["DynamoDB.ConditionalCheckFailedException"],
        "Keep the refusal": ["DynamoDB.ConditionalCheckFailedException"],
        "Keep the failure": ["DynamoDB.ConditionalCheckFailedException"],
        "Tell the routing": None,
        "Copy the photo for its review": None,
    }.items():
        *never, retrier = states[name]["Retry"]
        assert retrier["ErrorEquals"] == ["States.TaskFailed"]
        assert (retrier["MaxAttempts"], retrier["JitterStrategy"]) == (5, "FULL")
        assert [(one["ErrorEquals"], one["MaxAttempts"]) for one in never] == (
            [(answer, 0)] if answer else []
        )


def test_only_what_may_go_well_next_time_is_retried_with_backoff_and_jitter(states: dict[str, Any]) -> None:
    faults, throttles = {}, {}
    for name in STEPS:
        fault, throttle = states[name]["Retry"]
        for retrier in (fault, throttle):
            assert (retrier["JitterStrategy"], retrier["BackoffRate"]) == ("FULL", 2)
        faults[name] = {error for error in fault["ErrorEquals"] if not error.startswith("Lambda.")}
        throttles[name] = set(throttle["ErrorEquals"]) - {"Lambda.TooManyRequestsException"}
        assert len(throttle["ErrorEquals"]) == len(throttles[name]) + 1
    assert faults == {
        "Serialize the photo": {"StorageUnavailable"},
        "Classify the photo": {"EndpointUnavailable"},
        "Filter by confidence": set(),
    }
    assert throttles == {
        "Serialize the photo": set(),
        "Classify the photo": {"EndpointThrottled"},
        "Filter by confidence": set(),
    }


def list_longest_delays(retrier: dict[str, Any]) -> list[float]:
    """Returns the most seconds that each retry waits; with full jitter one waits half of them on average."""
    growing = (
        retrier["IntervalSeconds"] * retrier["BackoffRate"] ** number
        for number in range(retrier["MaxAttempts"])
    )
    return [min(delay, retrier["MaxDelaySeconds"]) for delay in growing]


def test_a_photo_of_a_burst_outlasts_the_others_before_it(states: dict[str, Any]) -> None:
    photos, started_a_second = 1_000, 50
    # Five calls at a time, in little more than a second each: what a small serverless endpoint does at worst.
    answered_a_second = 4
    calls = random.Random(7)
    (throttle,) = (
        r for r in states["Classify the photo"]["Retry"] if "EndpointThrottled" in r["ErrorEquals"]
    )
    delays = list_longest_delays(throttle)
    # Each photo calls, and is answered if a place is free; otherwise it calls again after the next delay.
    waiting = [(number / started_a_second, number, 0) for number in range(photos)]
    free = [0.0] * 5
    answered = 0
    while waiting:
        now, number, attempts = heapq.heappop(waiting)
        place = min(range(len(free)), key=free.__getitem__)
        if free[place] <= now:
            free[place] = now + len(free) / answered_a_second
            answered += 1
        else:
            assert attempts < len(delays), f"photo {number} ran out of retries after {now:.0f} s"
            heapq.heappush(waiting, (now + calls.uniform(0, delays[attempts]), number, attempts + 1))
    assert answered == photos


def test_no_way_of_retrying_outlasts_the_execution_which_would_keep_no_outcome(
    assembly: Assembly, states: dict[str, Any]
) -> None:
    timeouts = {
        logical: found["Properties"]["Timeout"]
        for logical, found in assembly.resources("workflow", "AWS::Lambda::Function").items()
    }

    def measure_longest(name: str) -> float:
        """Returns the most seconds from a state to the end, each fault a time-out."""
        state = states[name]
        seconds = sum(sum(list_longest_delays(retrier)) for retrier in state.get("Retry", []))
        function = state.get("Arguments", {}).get("FunctionName", "").rpartition(":")[2]
        if function:
            # Whoever throttles answers at once.
            fault, _ = state["Retry"]
            seconds += (1 + fault["MaxAttempts"]) * timeouts[function]
        ways = [state, *state.get("Catch", []), *state.get("Choices", [])]
        following = {way["Next"] for way in ways if "Next" in way} | {state.get("Default")} - {None}
        return seconds + max((measure_longest(way) for way in following), default=0.0)

    longest = measure_longest(definition(assembly, "workflow")["StartAt"])
    assert 600 < longest < definition(assembly, "workflow")["TimeoutSeconds"]


def evaluated(expression: str, **states: Any) -> Any:
    """Evaluates a JSONata expression as Step Functions does."""
    compiled = jsonata.Jsonata(expression.removeprefix("{%").removesuffix("%}"))
    compiled.assign("states", states)
    compiled.register_lambda("parse", json.loads)
    return compiled.evaluate(None)


@pytest.mark.parametrize(
    ("cause", "shown"),
    [
        (
            '{"errorMessage": "no such photo", "errorType": "ImageNotFound", "stackTrace": []}',
            "no such photo",
        ),
        ("The state returned too much data", "The state returned too much data"),
        ('{"errorMessage": "with \\"quotes\\" in it"}', 'with "quotes" in it'),
    ],
)
def test_an_operator_sees_the_message_alone(cause: str, shown: str) -> None:
    assert evaluated(PLAIN_ERROR["Cause"], errorOutput={"Error": "X", "Cause": cause}) == shown


def test_the_functions_get_the_executions_id_beside_the_events_fields() -> None:
    context = {"Execution": {"Id": "arn:execution"}}
    event = {"s3_key": "a.png", "execution_id": "forged"}
    expected = {"s3_key": "a.png", "execution_id": "arn:execution"}
    assert evaluated(WITH_EXECUTION_ID, input=event, context=context) == expected
    assert evaluated(WITH_EXECUTION_ID, input="no object", context=context) == "no object"


def test_the_output_is_the_event_without_what_the_machine_added(states: dict[str, Any]) -> None:
    output = states["Filter by confidence"]["Output"]
    event = {"s3_key": "a.png", "inferences": [0.9, 0.1], "image_data": ""}
    assert evaluated(output, result={"Payload": {**event, "execution_id": "arn"}}) == event


FINISH = "Check the model and answer CloudFormation"
LATER = 9_999_999_999_999


def waiting(assembly: Assembly, with_artifact: Assembly) -> list[dict[str, Any]]:
    """The states of both machines that wait for a model."""
    return [definition(made, "training")["States"] for made in (assembly, with_artifact)]


def test_a_trained_model_is_evaluated_as_a_given_one_is(assembly: Assembly, with_artifact: Assembly) -> None:
    trained, given = (definition(made, "training") for made in (assembly, with_artifact))
    assert trained["StartAt"] == "Look at the training job"
    assert trained["States"]["Does the training job still run?"]["Default"] == "Have the model evaluated"
    assert given["StartAt"] == "Have the model evaluated"
    for name, state in given["States"].items():
        same = {**state, "Arguments": None} if state.get("Resource", "").endswith("invoke") else state
        assert same.items() <= {**trained["States"][name], "Arguments": same.get("Arguments")}.items()


@pytest.mark.parametrize(
    ("job", "deadline"), [("training", "training_deadline_ms"), ("transform", "deadline_ms")]
)
def test_waiting_gives_up_in_time(assembly: Assembly, job: str, deadline: str) -> None:
    (choice,) = definition(assembly, "training")["States"][f"Does the {job} job still run?"]["Choices"]
    assert choice["Next"] == f"Pause before the next look at the {job} job"

    def goes_on(status: str, until: int) -> bool:
        others = {"training_deadline_ms": LATER, "deadline_ms": LATER}
        return bool(evaluated(choice["Condition"], input={**others, "status": status, deadline: until}))

    assert goes_on("InProgress", LATER)
    assert goes_on("Stopping", LATER)
    assert not goes_on("InProgress", 1)
    assert not goes_on("Completed", LATER)


def test_whatever_fails_on_the_way_there_is_an_answer(assembly: Assembly, with_artifact: Assembly) -> None:
    caught = 0
    for states in waiting(assembly, with_artifact):
        assert states["Does the transform job still run?"]["Default"] == FINISH
        for name, task in states.items():
            if task["Type"] != "Task" or name == FINISH:
                continue
            (catcher,) = task["Catch"]
            assert (catcher["ErrorEquals"], catcher["Next"]) == (["States.ALL"], FINISH)
            for error in ({"Error": "E", "Cause": "why"}, {"Error": "States.Timeout"}):
                failed = evaluated(catcher["Output"], input={"model": "scones-1"}, errorOutput=error)
                told = f"Waiting for the model failed: {error.get('Cause', '')}"
                assert failed == {"model": "scones-1", "failure": told}
            caught += 1
    assert caught == 5


def test_every_step_is_tried_for_a_minute_until_iam_knows_the_machines_role(
    assembly: Assembly, with_artifact: Assembly
) -> None:
    tasks = [
        state
        for states in waiting(assembly, with_artifact)
        for state in states.values()
        if state["Type"] == "Task"
    ]
    assert len(tasks) == 7
    for task in tasks:
        (retrier,) = task["Retry"]
        assert retrier["ErrorEquals"] == ["States.ALL"]
        # Jitter might make nothing of it.
        assert "JitterStrategy" not in retrier
        pauses = [
            min(retrier["IntervalSeconds"] * retrier["BackoffRate"] ** attempt, retrier["MaxDelaySeconds"])
            for attempt in range(retrier["MaxAttempts"])
        ]
        assert 60 <= sum(pauses) <= 120


def test_an_evaluation_is_told_which_execution_asks_and_one_that_failed_is_not_waited_for(
    assembly: Assembly, with_artifact: Assembly
) -> None:
    for states in waiting(assembly, with_artifact):
        evaluate = states["Have the model evaluated"]
        told = evaluated(
            evaluate["Arguments"]["Payload"],
            input={"model": "scones-1"},
            context={"Execution": {"Id": "arn:execution"}},
        )
        assert told == {"model": "scones-1", "execution": "arn:execution"}
        seen = evaluated(evaluate["Output"], input=told, result={"Payload": {"evaluation": "scones-e"}})
        assert seen == {**told, "evaluation": "scones-e"}
        (failed,) = states["Is it evaluated?"]["Choices"]
        assert failed["Next"] == FINISH
        assert states["Is it evaluated?"]["Default"] == "Look at the transform job"
        assert evaluated(failed["Condition"], input={"failure": "why"}) is True
        assert evaluated(failed["Condition"], input=seen) is False


@pytest.mark.parametrize(("kind", "name"), [("Training", "model"), ("Transform", "evaluation")])
def test_the_job_that_is_waited_for_is_looked_at(assembly: Assembly, kind: str, name: str) -> None:
    look = definition(assembly, "training")["States"][f"Look at the {kind.lower()} job"]
    assert look["Resource"] == f"arn:aws:states:::aws-sdk:sagemaker:describe{kind}Job"
    assert look["Arguments"] == {f"{kind}JobName": f"{{% $states.input.{name} %}}"}
    seen = evaluated(look["Output"], input={name: "scones-1"}, result={f"{kind}JobStatus": "Stopped"})
    assert seen == {name: "scones-1", "status": "Stopped"}
