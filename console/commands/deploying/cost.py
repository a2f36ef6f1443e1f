"""Says what the settings cost on AWS: before anything is made, and after it."""

import argparse

from console.costs.wording import describe_deployed, describe_settings, format_busy, format_costs
from evaluation.deployment import Deployment, is_on_this_machine
from stacks.configuration.settings import read_settings_of_deploy

MOST_PHOTOS_A_DAY = 10**9


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "cost",
        help="say what the settings cost on AWS",
        description="Says what the settings of cdk.json cost on AWS an hour, a day and a month, for 1,000 "
        "photos, for a training and for a month of reviews, by a table of list prices. AWS is not asked. "
        "CDK_CONTEXT=NAME=VALUE in the environment changes a setting, as for make deploy.",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--line", action="store_true", help="one line, for before a deploy")
    length.add_argument(
        "--deployed",
        action="store_true",
        help="one line, for after it, which asks AWS whether the endpoint is switched off",
    )
    length.add_argument(
        "--photos-a-day",
        type=_read_count,
        metavar="N",
        help="part by part, a month in which so many photos come each day",
    )
    parser.set_defaults(run=run)


def run(deployment: Deployment, options: argparse.Namespace) -> int:
    """Prints the estimate; returns the exit status.

    Raises:
        SettingError: A setting is unknown or wrong.
    """
    settings = read_settings_of_deploy()
    if options.line:
        print(describe_settings(settings))
    elif options.deployed:
        here = is_on_this_machine(deployment.locate_cloud().hostname or "")
        print(describe_deployed(settings, switched_off=deployment.is_switched_off(), here=here))
    elif options.photos_a_day is not None:
        print("\n".join(format_busy(settings, options.photos_a_day)).lstrip())
    else:
        print("\n".join(format_costs(settings)))
    return 0


def _read_count(text: str) -> int:
    if text.isdecimal() and int(text) <= MOST_PHOTOS_A_DAY:
        return int(text)
    raise argparse.ArgumentTypeError(f"'{text[:40]}' is no whole number from 0 to {MOST_PHOTOS_A_DAY}")
