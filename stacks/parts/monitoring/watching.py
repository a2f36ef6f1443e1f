"""The function that counts failed photos and looks at what waits for a review, and what calls it."""

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets

from lambdas.workflow import outcomes
from stacks.configuration.settings import Settings
from stacks.parts.function_asset import FunctionAsset
from stacks.parts.logged import LoggedFunction
from stacks.parts.monitoring.outcomes import allow_queries
from stacks.parts.parameters import read_parameter

MINUTES = 5
"""How long lies between two looks at the reviews: they wait for hours, and a look costs two requests."""


def add_watching(stack: cdk.Stack, *, settings: Settings, functions: FunctionAsset) -> None:
    """Adds function watch, a rule for each photo that fails, and one that calls it every few minutes."""
    name = settings.name
    table = read_parameter(stack, name, "outcomes")
    function = LoggedFunction(
        stack,
        "Watch",
        settings=settings,
        purpose="watch",
        handler="lambdas.operations.watch.handler",
        code=functions,
        memory_mb=256,
        # Of thousands of reviews each page takes some milliseconds.
        timeout_seconds=60,
        environment={"OUTCOMES_TABLE": table},
    )
    allow_queries(function, table)
    target = targets.LambdaFunction(function)
    events.Rule(
        stack,
        "Failures",
        rule_name=f"{name}-watch-failures",
        description="Each photo that fails is counted by its error",
        event_pattern=events.EventPattern(
            source=[outcomes.name_source(name)], detail_type=[outcomes.DETAIL_TYPES[outcomes.FAILED]]
        ),
        targets=[target],
    )
    events.Rule(
        stack,
        "Reviews",
        rule_name=f"{name}-watch-reviews",
        description="How many photos wait for a review, and for how long the oldest has",
        schedule=events.Schedule.rate(cdk.Duration.minutes(MINUTES)),
        targets=[target],
    )
