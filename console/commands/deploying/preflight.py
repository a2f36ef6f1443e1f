"""Says whether an account has what a deploy asks of it: ``make deploy`` asks before it makes anything."""

import argparse
from collections.abc import Iterator

from botocore.exceptions import ClientError

from console.destruction.obstacles import find_obstacles
from console.preflight.findings import NO, NOTE, OK, Account, Finding
from console.preflight.needs import list_needs
from console.preflight.quotas import read_quotas
from console.preflight.usage import list_uses
from console.preflight.ways_out import list_ways_out
from evaluation.deployment import Deployment
from lambdas.workflow import places
from stacks.configuration.algorithm_images import read_registries
from stacks.configuration.settings import Settings, read_settings_of_deploy

# The CDK's bootstrap stack writes it.
VERSION = "/cdk-bootstrap/hnb659fds/version"
NOT_BOOTSTRAPPED = 3
"""Exit status: nothing but the CDK's bootstrap is missing."""
# What every account has: Service Quotas does not list this one.
SERVERLESS_MEGABYTES = 3072
DENIED = ("AccessDenied", "AccessDeniedException")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "preflight",
        help="say whether this account has what a deploy asks of it",
        description="Asks the account what a deploy needs, with the settings of cdk.json and CDK_CONTEXT: "
        "that the CDK is bootstrapped, that no stack is where none goes on, the algorithm's image in this "
        "region, and SageMaker's quotas. A line each: ok, note (a later deploy may fail) or no, and then "
        "what to do. Exit status 1 if there is a no, "
        f"{NOT_BOOTSTRAPPED} if nothing but the CDK's bootstrap is missing, else 0.",
    )
    parser.set_defaults(run=run)


def run(deployment: Deployment, options: argparse.Namespace) -> int:
    """Prints what is asked and found, and returns the exit status.

    Raises:
        SettingError: cdk.json has a setting that cannot be.
        BotoCoreError: There is no region, there are no credentials, or AWS is not reached.
        ClientError: The account does not answer.
    """
    settings = read_settings_of_deploy()
    states = set()
    _print(_find_account(deployment))
    bootstrapped = _is_bootstrapped(deployment)
    _print(_tell_bootstrap(deployment, bootstrapped=bootstrapped))
    obstacles = _find_obstacles(deployment)
    for finding in (*obstacles, _find_image(deployment), *_find_quotas(deployment, settings)):
        _print(finding)
        states.add(finding.state)
    if NO in states:
        return 1
    return 0 if bootstrapped else NOT_BOOTSTRAPPED


def _print(finding: Finding) -> None:
    print(f"{finding.state:4}  {finding.text}", flush=True)
    for way in finding.ways_out:
        print(f"        {way}", flush=True)


def _find_account(deployment: Deployment) -> Finding:
    # STS answers without a region too, by another address; nothing else does.
    region = deployment.client("ssm").meta.region_name
    caller = deployment.client("sts").get_caller_identity()
    return Finding(OK, f"account {caller['Account']} in {region}, as {caller['Arn']}")


def _is_bootstrapped(deployment: Deployment) -> bool:
    ssm = deployment.client("ssm")
    try:
        ssm.get_parameter(Name=VERSION)
    except ssm.exceptions.ParameterNotFound:
        return False
    return True


def _tell_bootstrap(deployment: Deployment, *, bootstrapped: bool) -> Finding:
    region = deployment.client("ssm").meta.region_name
    if bootstrapped:
        return Finding(OK, f"the CDK is bootstrapped in {region}")
    return Finding(NOTE, f"the CDK is not bootstrapped in {region}: make deploy does that first")


def _find_obstacles(deployment: Deployment) -> Iterator[Finding]:
    try:
        yield from find_obstacles(deployment)
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        yield Finding(NOTE, f"what an earlier deploy has left is not known: {error}")


def _find_image(deployment: Deployment) -> Finding:
    region = deployment.client("sagemaker").meta.region_name
    registries = read_registries()
    if region in registries.accounts:
        return Finding(OK, f"{registries.repository}, the algorithm's image, is in {region}")
    return Finding(
        NO,
        f"{registries.repository}, the algorithm's image, is not in {region}",
        [f"export AWS_REGION=eu-west-1, or another of {', '.join(registries.accounts)}"],
    )


def _find_quotas(deployment: Deployment, settings: Settings) -> Iterator[Finding]:
    needs = list_needs(settings)
    try:
        quotas = read_quotas(deployment.client("service-quotas"), [need.quota for need in needs])
        uses = list_uses(deployment)
    except ClientError as error:
        if error.response["Error"]["Code"] not in DENIED:
            raise
        yield Finding(NOTE, f"the quotas are not known: {error}")
        return
    account = Account(quotas, uses, places.endpoint_name(deployment.name, settings.endpoint_mode))
    for need in needs:
        finding = account.judge(need)
        ways = [] if finding.state == OK else list_ways_out(account, settings, need)
        yield Finding(finding.state, finding.text, ways)
    memory = settings.endpoint_serverless_memory_mb
    if settings.endpoint_mode == "serverless" and memory > SERVERLESS_MEGABYTES:
        yield Finding(
            NOTE,
            f"memory of a serverless endpoint: {memory} MB asked; new accounts have {SERVERLESS_MEGABYTES}, "
            "and Service Quotas does not tell",
            [f'in cdk.json: "endpoint_serverless_memory_mb": {SERVERLESS_MEGABYTES}'],
        )
