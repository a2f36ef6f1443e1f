"""Starts the state machine on a photo: once for each version of an object, whoever asks and how often."""

import json
from typing import Any

from lambdas.workflow import places


def start_execution(step_functions: Any, state_machine: str, bucket: str, key: str, version: str) -> str:
    """Starts the state machine on one version of an object; does nothing where that was done already.

    Step Functions keeps the names of executions for 90 days: who comes second, at the same time or later,
    finds the execution of the first.

    Args:
        step_functions: Client of Step Functions.
        state_machine: ARN of the state machine.
        bucket: The photo's bucket.
        key: The photo's key.
        version: Version of the object, which S3 tells whoever uploads it.

    Returns:
        The execution's ARN.

    Raises:
        botocore.exceptions.ClientError: Step Functions refuses for another reason.
    """
    name = places.identify_photo(bucket, key, version)
    try:
        return step_functions.start_execution(
            stateMachineArn=state_machine, name=name, input=json.dumps(make_input(bucket, key, version))
        )["executionArn"]
    except step_functions.exceptions.ExecutionAlreadyExists:
        return f"{state_machine.replace(':stateMachine:', ':execution:')}:{name}"


def make_input(bucket: str, key: str, version: str) -> dict[str, str]:
    """Returns the event of one version of an object.

    One name with two inputs would be refused while the first execution runs, so that all who start one make
    the input here.
    """
    return {"image_data": "", "s3_bucket": bucket, "s3_key": key, "s3_version": version}
