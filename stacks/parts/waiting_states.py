"""The states that wait until a model is judged: a training if there is one, the evaluation, the answer."""

from typing import Literal

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

# A look costs next to nothing (three transitions); a long pause would be felt in every deploy.
PAUSE_SECONDS = 5
# CloudFormation waits for a custom resource an hour at most; by then the answer must be there.
SERVICE_TIMEOUT_SECONDS = 3600
GIVE_UP_SECONDS = 3420
# So that a training leaves time for its evaluation: some minutes for its instance, the rest for the pictures.
GIVE_UP_TRAINING_SECONDS = GIVE_UP_SECONDS - 480

Kind = Literal["Training", "Transform"]


def build_waiting_states(
    scope: Construct,
    *,
    evaluate: lambda_.IFunction,
    finish: lambda_.IFunction,
    training_jobs_arn: str | None,
    transform_jobs_arn: str,
) -> sfn.IChainable:
    """Returns the states; their input is what ``lambdas.deploy.model_resource`` tells of what is waited for.

    Args:
        scope: The stack that the states belong to.
        evaluate: The function that starts the evaluation.
        finish: The function that checks the model and answers CloudFormation.
        training_jobs_arn: ARN pattern of the training jobs that may be looked at; None where nothing trains.
        transform_jobs_arn: ARN pattern of the transform jobs that may be looked at.
    """
    answer = _invoke(
        scope,
        "Check the model and answer CloudFormation",
        finish,
        payload="{% $states.input %}",
        outputs="{% $states.result.Payload %}",
    )
    answer.next(
        sfn.Choice.jsonata(scope, "Was it accepted?")
        .when(
            sfn.Condition.jsonata("{% $states.input.Status = 'SUCCESS' %}"),
            sfn.Succeed.jsonata(scope, "Model is accepted"),
        )
        .otherwise(
            sfn.Fail.jsonata(
                scope, "Model is refused", error="ModelRefused", cause="{% $states.input.Reason %}"
            )
        )
    )
    start_evaluation = _invoke(
        scope,
        "Have the model evaluated",
        evaluate,
        payload="{% $merge([$states.input, {'execution': $states.context.Execution.Id}]) %}",
        outputs="{% $merge([$states.input, $states.result.Payload]) %}",
    )
    _catch_all(start_evaluation, answer)
    evaluation = _look(
        scope,
        "Transform",
        job="$states.input.evaluation",
        jobs_arn=transform_jobs_arn,
        deadline="$states.input.deadline_ms",
        then=answer,
        answer=answer,
    )
    start_evaluation.next(
        sfn.Choice.jsonata(scope, "Is it evaluated?")
        .when(sfn.Condition.jsonata("{% $exists($states.input.failure) %}"), answer)
        .otherwise(evaluation)
    )
    if training_jobs_arn is None:
        return start_evaluation
    return _look(
        scope,
        "Training",
        job="$states.input.model",
        jobs_arn=training_jobs_arn,
        deadline="$states.input.training_deadline_ms",
        then=start_evaluation,
        answer=answer,
    )


def _look(
    scope: Construct,
    kind: Kind,
    *,
    job: str,
    jobs_arn: str,
    deadline: str,
    then: sfn.IChainable,
    answer: sfn.IChainable,
) -> sfn.IChainable:
    """Returns the loop: look at a job, pause, look again; ``then`` goes on when it ended or time is up."""
    noun = f"{kind.lower()} job"
    # Of the description only the status goes on: the whole may outgrow what a state may hold.
    look = tasks.CallAwsService.jsonata(
        scope,
        f"Look at the {noun}",
        service="sagemaker",
        action=f"describe{kind}Job",
        parameters={f"{kind}JobName": f"{{% {job} %}}"},
        iam_resources=[jobs_arn],
        outputs=f"{{% $merge([$states.input, {{'status': $states.result.{kind}JobStatus}}]) %}}",
    )
    _retry_for_a_minute(look)
    _catch_all(look, answer)
    pause = sfn.Wait.jsonata(
        scope,
        f"Pause before the next look at the {noun}",
        time=sfn.WaitTime.duration(cdk.Duration.seconds(PAUSE_SECONDS)),
    )
    running = "$states.input.status in ['InProgress', 'Stopping']"
    return look.next(
        sfn.Choice.jsonata(scope, f"Does the {noun} still run?")
        .when(sfn.Condition.jsonata(f"{{% {running} and $millis() < {deadline} %}}"), pause.next(look))
        .otherwise(then)
    )


def _invoke(
    scope: Construct, construct_id: str, function: lambda_.IFunction, *, payload: str, outputs: str
) -> tasks.LambdaInvoke:
    task = tasks.LambdaInvoke.jsonata(
        scope,
        construct_id,
        lambda_function=function,
        payload=sfn.TaskInput.from_text(payload),
        outputs=outputs,
        retry_on_service_exceptions=False,
    )
    _retry_for_a_minute(task)
    return task


def _retry_for_a_minute(task: sfn.TaskStateBase) -> None:
    """The machine's role may be as new as the machine, and not yet known to all of AWS."""
    task.add_retry(
        errors=["States.ALL"],
        interval=cdk.Duration.seconds(4),
        backoff_rate=2,
        max_attempts=5,
        max_delay=cdk.Duration.seconds(30),
    )


def _catch_all(task: sfn.TaskStateBase, answer: sfn.IChainable) -> None:
    """CloudFormation waits for an answer: whatever goes wrong before, the last step gives one."""
    task.add_catch(
        answer,
        errors=["States.ALL"],
        outputs=(
            "{% $merge([$states.input, {'failure': "
            "'Waiting for the model failed: ' & $states.errorOutput.Cause}]) %}"
        ),
    )
