"""The states that a photo goes through, and the named end of each way in which that can fail."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from lambdas.workflow import errors
from stacks.parts import outcome_states
from stacks.parts.outcome_states import Outcomes

# The state in which an execution ends, by the error that a function raises.
SERIALIZE_FAILURES: dict[type[errors.WorkflowError], str] = {
    errors.InvalidEvent: "Event is invalid",
    errors.ImageNotFound: "Photo not found",
    errors.ImageAccessDenied: "No permission to read the photo",
    errors.ImageArchived: "Photo is archived",
    errors.InvalidImage: "Photo is not an image",
    errors.ImageTooLarge: "Photo is too large",
    errors.StorageUnavailable: "Storage unavailable (after retries)",
}
CLASSIFY_FAILURES: dict[type[errors.WorkflowError], str] = {
    errors.InvalidEvent: "Event is invalid",
    errors.InvalidImage: "Photo is not an image",
    errors.EndpointThrottled: "Endpoint is called too often",
    errors.EndpointUnavailable: "Endpoint unavailable (after retries)",
    errors.EndpointNotInService: "Endpoint is not in service",
    errors.EndpointAccessDenied: "No permission to call the endpoint",
    errors.ModelError: "Model answered with an error",
    errors.ModelOfOtherClasses: "Model is of other classes",
    errors.InvalidPrediction: "Prediction is invalid",
}
FILTER_FAILURES: dict[type[errors.WorkflowError], str] = {errors.InvalidEvent: "Event is invalid"}
REFUSAL = (errors.ThresholdConfidenceNotMet, "Confidence is below the threshold")
# Of a model that has a class for what is none of the others.
OTHER_REFUSAL = (errors.NoneOfTheClasses, "Photo shows none of the classes")
OTHER_FAILURE = "Unexpected error"
# What may go well the next time.
TRANSIENT = (errors.StorageUnavailable, errors.EndpointUnavailable)
# What Lambda itself may answer so.
LAMBDA_TRANSIENT = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
)
# What goes well once others have had their turn: in a burst the photos wait here, for executions start
# faster than an endpoint answers, and a new account runs ten functions at a time. With full jitter a photo
# fails after six minutes on average, half of what its delays come to. By then a small serverless endpoint,
# five calls at a time, has answered a thousand others.
THROTTLED = (errors.EndpointThrottled,)
LAMBDA_THROTTLED = ("Lambda.TooManyRequestsException",)
THROTTLED_ATTEMPTS = 40
LONGEST_DELAY_SECONDS = 20
# The functions log the execution's id. What is no object is left for serialize to refuse by name.
WITH_EXECUTION_ID = (
    "{% $type($states.input) = 'object'"
    " ? $merge([$states.input, {'execution_id': $states.context.Execution.Id}]) : $states.input %}"
)
WITHOUT_EXECUTION_ID = (
    "{% $sift($states.result.Payload, function($value, $name) { $name != 'execution_id' }) %}"
)
# A function's error comes as JSON with a stack trace in it; an operator wants the message alone.
PLAIN_ERROR = {
    "Error": "{% $states.errorOutput.Error %}",
    "Cause": "{% $contains($states.errorOutput.Cause, '\"errorMessage\"')"
    " ? $parse($states.errorOutput.Cause).errorMessage : $states.errorOutput.Cause %}",
}
CAUSE = "{% $states.input.Cause %}"
# What the outcome of a photo that the filter refuses says of the model's answer.
ANSWER_OF_RESULT = (
    "{% ( $answered := $states.result.Payload; {'predicted_class': $answered.predicted_class,"
    " 'confidence': $answered.confidence, 'inferences': $answered.inferences} ) %}"
)


def build_routing_states(
    scope: Construct,
    *,
    serialize: lambda_.IFunction,
    classify: lambda_.IFunction,
    confidence_filter: lambda_.IFunction,
    outcomes: Outcomes,
    knows_other_class: bool,
) -> sfn.IChainable:
    """Returns the chain serialize, classify, filter, with retries, and a named end for each way to go wrong.

    Before it ends, each way keeps and tells what became of the photo.
    """
    failed = outcomes.keep_failed(scope, _name_failures(scope))
    refused = outcomes.keep_refused(scope, _name_refusals(scope, knows_other_class=knows_other_class))
    refusals = [error for error, _ in ((REFUSAL, OTHER_REFUSAL) if knows_other_class else (REFUSAL,))]
    routed = outcomes.keep_routed(scope, sfn.Succeed.jsonata(scope, "Photo is routed"))

    def add_step(
        name: str,
        function: lambda_.IFunction,
        named_failures: Mapping[type[errors.WorkflowError], str],
        **options: Any,
    ) -> tasks.LambdaInvoke:
        step = tasks.LambdaInvoke.jsonata(
            scope,
            name,
            lambda_function=function,
            payload=sfn.TaskInput.from_text(WITH_EXECUTION_ID),
            retry_on_service_exceptions=False,
            **{"outputs": "{% $states.result.Payload %}", **options},
        )
        for own, named, attempts in (
            (LAMBDA_TRANSIENT, TRANSIENT, 5),
            (LAMBDA_THROTTLED, THROTTLED, THROTTLED_ATTEMPTS),
        ):
            step.add_retry(
                errors=[*own, *(error.__name__ for error in named_failures if error in named)],
                interval=cdk.Duration.seconds(1),
                backoff_rate=2,
                max_attempts=attempts,
                max_delay=cdk.Duration.seconds(LONGEST_DELAY_SECONDS),
                jitter_strategy=sfn.JitterType.FULL,
            )
        return step

    first = add_step(
        "Serialize the photo",
        serialize,
        SERIALIZE_FAILURES,
        assign={"photo": outcome_states.PHOTO_OF_RESULT},
    )
    # What cannot be read as an event names no photo.
    first.add_catch(
        failed,
        errors=[errors.InvalidEvent.__name__],
        outputs=PLAIN_ERROR,
        assign={"photo": outcome_states.NO_PHOTO},
    )
    first.add_catch(
        failed, errors=["States.ALL"], outputs=PLAIN_ERROR, assign={"photo": outcome_states.PHOTO_OF_INPUT}
    )
    second = add_step("Classify the photo", classify, CLASSIFY_FAILURES, assign={"answer": ANSWER_OF_RESULT})
    second.add_catch(failed, errors=["States.ALL"], outputs=PLAIN_ERROR)
    third = add_step("Filter by confidence", confidence_filter, FILTER_FAILURES, outputs=WITHOUT_EXECUTION_ID)
    third.add_catch(refused, errors=[error.__name__ for error in refusals], outputs=PLAIN_ERROR)
    third.add_catch(failed, errors=["States.ALL"], outputs=PLAIN_ERROR)
    return sfn.Chain.start(first).next(second).next(third).next(routed)


def _name_refusals(scope: Construct, *, knows_other_class: bool) -> sfn.State:
    """Returns the end of a refusal, or the state that leads to the end of either where there are two."""

    def end(refusal: tuple[type[errors.WorkflowError], str]) -> sfn.Fail:
        error, ending = refusal
        return sfn.Fail.jsonata(scope, ending, error=error.__name__, cause=CAUSE)

    if not knows_other_class:
        return end(REFUSAL)
    other, _ = OTHER_REFUSAL
    is_other = sfn.Condition.jsonata(f"{{% $states.input.Error = '{other.__name__}' %}}")
    choice = sfn.Choice.jsonata(scope, "Which refusal?")
    return choice.when(is_other, end(OTHER_REFUSAL)).otherwise(end(REFUSAL))


def _name_failures(scope: Construct) -> sfn.Choice:
    """Returns the state that leads to the end of an error, by the error's name."""
    choice = sfn.Choice.jsonata(scope, "Which failure?")
    names = SERIALIZE_FAILURES | CLASSIFY_FAILURES | FILTER_FAILURES
    for error, ending in names.items():
        choice.when(
            sfn.Condition.jsonata(f"{{% $states.input.Error = '{error.__name__}' %}}"),
            sfn.Fail.jsonata(scope, ending, error=error.__name__, cause=CAUSE),
        )
    return choice.otherwise(
        sfn.Fail.jsonata(scope, OTHER_FAILURE, error="{% $states.input.Error %}", cause=CAUSE)
    )
