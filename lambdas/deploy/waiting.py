"""The state machine that waits for a SageMaker job, so that no function runs, and is paid for, meanwhile."""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import boto3

step_functions = boto3.client("stepfunctions")


def wait_for(job: str, request: Mapping[str, Any], seconds: int, **facts: str) -> None:
    """Starts the execution that waits for a job, unless this request has one: Lambda may deliver it twice.

    Args:
        job: Name of the job.
        request: CloudFormation's request, to be answered when the job has ended.
        seconds: Longest wait.
        facts: What else the last step is to be told.
    """
    deadline = int((time.time() + seconds) * 1000)
    with suppress(step_functions.exceptions.ExecutionAlreadyExists):
        step_functions.start_execution(
            stateMachineArn=os.environ["STATE_MACHINE_ARN"],
            name=request["RequestId"],
            input=json.dumps({"job": job, "request": request, "deadline_ms": deadline, **facts}),
        )
