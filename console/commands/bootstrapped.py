"""Says whether an account has what the CDK needs in it: ``make deploy`` asks before it makes anything."""

import argparse

from evaluation.deployment import Deployment

# The CDK's bootstrap stack writes it.
VERSION = "/cdk-bootstrap/hnb659fds/version"
NOT_BOOTSTRAPPED = 3


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "bootstrapped",
        help="say whether the CDK is bootstrapped in this account and region",
        description="Exit status 0 if the CDK is bootstrapped in this account and region, "
        f"{NOT_BOOTSTRAPPED} if it is not, 1 if that cannot be found out.",
    )
    parser.set_defaults(run=run)


def run(deployment: Deployment, options: argparse.Namespace) -> int:
    """Returns 0 if the account is bootstrapped, else 3; what keeps it from asking is raised."""
    ssm = deployment.client("ssm")
    try:
        ssm.get_parameter(Name=VERSION)
    except ssm.exceptions.ParameterNotFound:
        print(f"The CDK is not bootstrapped in {ssm.meta.region_name}")
        return NOT_BOOTSTRAPPED
    return 0
