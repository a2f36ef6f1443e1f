"""Switches the endpoint off and on by the clock, unless a roll-back has rejected what would serve then.

Switched on, an endpoint serves the model that was accepted last, at once and with no former one to go back
to. Where an update to that model was rolled back, ``python -m console endpoint off`` refuses for this reason.
"""

import boto3
from aws_lambda_powertools import Logger
from botocore.exceptions import ClientError

from lambdas.deploy.models.kept import find_served, ssm
from lambdas.workflow import places

cloudformation = boto3.client("cloudformation")
logger = Logger(use_rfc3339=True)


def handler(event: dict[str, str], context: object) -> None:
    """Has CloudFormation switch the endpoint.

    A roll-back does not pass by itself, so that it is logged alone: this is not tried again.

    Args:
        event: ``name``, the deployment's, ``stack``, its ``parameter``, and the ``value`` to set it to.
        context: Lambda's.

    Raises:
        ClientError: CloudFormation refuses, for the stack is being updated, say. Then Lambda calls twice
            again, within some minutes.
    """
    name = event["name"]
    served, accepted = find_served(name), _read_accepted(name)
    if served not in (None, accepted):
        logger.error(
            f"Not switched: the endpoint serves model {served} and not {accepted}, which was accepted last. "
            "Switched off and on it would serve that one unwatched: run "
            f"{places.name_console(name)} endpoint status, and deploy again"
        )
        return
    try:
        cloudformation.update_stack(
            StackName=event["stack"],
            UsePreviousTemplate=True,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            # Every other one has what it has by default, its place in Parameter Store.
            Parameters=[{"ParameterKey": event["parameter"], "ParameterValue": event["value"]}],
        )
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise


def _read_accepted(name: str) -> str:
    """Returns the name of the model that passed the gate last."""
    found = ssm.get_parameter(Name=places.parameter(name, "model"))["Parameter"]
    return places.read_model_name(found["Value"])
