"""The states that a photo goes through, and the named end of each way in which that can fail."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from lambdas.workflow import errors

# The state in which an execution ends, by the error that a function raises.
SERIALIZE_FAILURES = {
    errors.InvalidEvent: "Event is invalid",
    errors.ImageNotFound: "Photo is not there",
    errors.ImageAccessDenied: "Photo may not be read",
    errors.ImageArchived: "Photo is archived",
    errors.InvalidImage: "Photo is not an image",
    errors.ImageTooLarge: "Photo is too large",
    errors.StorageUnavailable: "Storage stays unavailable",
}
CLASSIFY_FAILURES = {
    errors.InvalidEvent: "Event is invalid",
    errors.InvalidImage: "Photo is not an image",
    errors.EndpointThrottled: "Endpoint is called too often",
    errors.EndpointUnavailable: "Endpoint stays unavailable",
    errors.EndpointNotInService: "Endpoint is not in service",
    errors.EndpointAccessDenied: "Endpoint may not be called",
    errors.ModelError: "Model answered with an error",
    errors.ModelOfOtherClasses: "Model is of other classes",
    errors.InvalidPrediction: "Prediction is invalid",
}
FILTER_FAILURES = {
    errors.InvalidEvent: "Event is invalid",
    errors.ThresholdConfidenceNotMet: "Confidence is below the threshold",
}
TRANSIENT = (errors.StorageUnavailable, errors.EndpointThrottled, errors.EndpointUnavailable)
# What Lambda itself may answer, and what may go well the next time.
LAMBDA_TRANSIENT = (
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
)
# The functions log the execution's id. What is no object is left for serialize to refuse by name.
WITH_EXECUTION_ID = (
    "{% $type($states.input) = 'object'"
    " ? $merge([$states.input, {'execution_id': $states.context.Execution.Id}]) : $states.input %}"
)
WITHOUT_EXECUTION_ID = (
    "{% $sift($states.result.Payload, function($value, $name) { $name != 'execution_id' }) %}"
)
# A function's error comes as JSON with a stack trace in it; an operator wants the message alone.
PLAIN_CAUSE = (
    "{% $contains($states.input.Cause, '\"errorMessage\"')"
    " ? $parse($states.input.Cause).errorMessage : $states.input.Cause %}"
)


def build_routing_states(
    scope: Construct,
    *,
    serialize: lambda_.IFunction,
    classify: lambda_.IFunction,
    confidence_filter: lambda_.IFunction,
) -> sfn.IChainable:
    """Returns the chain serialize, classify, filter, with retries and a named end for each failure."""
    failures: dict[str, sfn.Fail] = {}
    steps = (
        _add_step(scope, "Serialize the photo", serialize, SERIALIZE_FAILURES, failures),
        _add_step(scope, "Classify the photo", classify, CLASSIFY_FAILURES, failures),
        _add_step(
            scope,
            "Filter by confidence",
            confidence_filter,
            FILTER_FAILURES,
            failures,
            output=WITHOUT_EXECUTION_ID,
        ),
    )
    return sfn.Chain.start(steps[0]).next(steps[1]).next(steps[2])


def _add_step(
    scope: Construct,
    name: str,
    function: lambda_.IFunction,
    named_failures: Mapping[type[errors.WorkflowError], str],
    failures: dict[str, sfn.Fail],
    output: str = "{% $states.result.Payload %}",
) -> tasks.LambdaInvoke:
    step = tasks.LambdaInvoke.jsonata(
        scope,
        name,
        lambda_function=function,
        payload=sfn.TaskInput.from_text(WITH_EXECUTION_ID),
        outputs=output,
        retry_on_service_exceptions=False,
    )
    step.add_retry(
        errors=[*LAMBDA_TRANSIENT, *(error.__name__ for error in named_failures if error in TRANSIENT)],
        interval=cdk.Duration.seconds(1),
        backoff_rate=2,
        max_attempts=5,
        max_delay=cdk.Duration.seconds(20),
        jitter_strategy=sfn.JitterType.FULL,
    )
    for error, ending in named_failures.items():
        if ending not in failures:
            failures[ending] = sfn.Fail.jsonata(scope, ending, error=error.__name__, cause=PLAIN_CAUSE)
        step.add_catch(failures[ending], errors=[error.__name__])
    other = "Something unforeseen failed"
    if other not in failures:
        failures[other] = sfn.Fail.jsonata(scope, other, error="{% $states.input.Error %}", cause=PLAIN_CAUSE)
    step.add_catch(failures[other], errors=["States.ALL"])
    return step
