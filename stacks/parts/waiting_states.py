"""The states that wait for a SageMaker job: look, wait, look again; then check the model and answer."""

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


def build_waiting_states(
    scope: Construct, *, kind: Literal["Training", "Transform"], finish: lambda_.IFunction, jobs_arn: str
) -> sfn.IChainable:
    """Returns the loop; its input is what ``lambdas.deploy.custom_resource.start_waiting`` gives.

    Args:
        scope: The stack that the states belong to.
        kind: The kind of job, as SageMaker's API names it.
        finish: The function that checks the model and answers CloudFormation.
        jobs_arn: ARN pattern of the jobs that may be looked at.
    """
    # Of the description only the status goes on: the whole may outgrow what a state may hold.
    look = tasks.CallAwsService.jsonata(
        scope,
        f"Look at the {kind.lower()} job",
        service="sagemaker",
        action=f"describe{kind}Job",
        parameters={f"{kind}JobName": "{% $states.input.job %}"},
        iam_resources=[jobs_arn],
        outputs=f"{{% $merge([$states.input, {{'status': $states.result.{kind}JobStatus}}]) %}}",
    )
    look.add_retry(
        errors=["States.ALL"],
        interval=cdk.Duration.seconds(2),
        backoff_rate=2,
        max_attempts=6,
        max_delay=cdk.Duration.seconds(30),
        jitter_strategy=sfn.JitterType.FULL,
    )
    answer = tasks.LambdaInvoke.jsonata(
        scope,
        "Check the model and answer CloudFormation",
        lambda_function=finish,
        payload=sfn.TaskInput.from_text("{% $states.input %}"),
        outputs="{% $states.result.Payload %}",
        retry_on_service_exceptions=False,
    )
    answer.add_retry(
        errors=["States.ALL"],
        interval=cdk.Duration.seconds(2),
        backoff_rate=2,
        max_attempts=4,
        jitter_strategy=sfn.JitterType.FULL,
    )
    # CloudFormation waits for an answer: whatever goes wrong before, the last step gives one.
    look.add_catch(
        answer,
        errors=["States.ALL"],
        outputs="{% $merge([$states.input, {'failure': $states.errorOutput.Cause}]) %}",
    )
    pause = sfn.Wait.jsonata(scope, "Pause", time=sfn.WaitTime.duration(cdk.Duration.seconds(PAUSE_SECONDS)))
    running = "$states.input.status in ['InProgress', 'Stopping']"
    in_time = "$millis() < $states.input.deadline_ms"
    refused = sfn.Fail.jsonata(
        scope, "Model is refused", error="ModelRefused", cause="{% $states.input.Reason %}"
    )
    accepted = sfn.Succeed.jsonata(scope, "Model is accepted")
    answer.next(
        sfn.Choice.jsonata(scope, "Was it accepted?")
        .when(sfn.Condition.jsonata("{% $states.input.Status = 'SUCCESS' %}"), accepted)
        .otherwise(refused)
    )
    return look.next(
        sfn.Choice.jsonata(scope, "Does it still run?")
        .when(sfn.Condition.jsonata(f"{{% {running} and {in_time} %}}"), pause.next(look))
        .otherwise(answer)
    )
