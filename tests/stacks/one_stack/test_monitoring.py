"""What watches a deployment: it may look at one index, and an event or a clock calls it."""

from tests.stacks.synthesis import Assembly
from tests.stacks.test_permissions import beyond_logs_and_traces


def test_the_function_that_watches_may_query_one_index_alone(assembly: Assembly) -> None:
    ((action, resource),) = beyond_logs_and_traces(assembly, "monitoring", "WatchRole")
    assert action == "dynamodb:Query"
    assert resource.endswith(":table/<outcomes>/index/by-outcome")


def test_each_failed_photo_and_every_fifth_minute_calls_it(assembly: Assembly) -> None:
    rules = {
        rule["Properties"]["Name"]: rule["Properties"]
        for rule in assembly.resources("monitoring", "AWS::Events::Rule").values()
    }
    assert rules["scones-watch-failures"]["EventPattern"] == {
        "source": ["scones.scones"],
        "detail-type": ["Photo Failed"],
    }
    assert rules["scones-watch-reviews"]["ScheduleExpression"] == "rate(5 minutes)"
    (function,) = [
        logical
        for logical, found in assembly.resources("monitoring", "AWS::Lambda::Function").items()
        if found["Properties"]["FunctionName"] == "scones-watch"
    ]
    for name in ("scones-watch-failures", "scones-watch-reviews"):
        (target,) = rules[name]["Targets"]
        assert target["Arn"] == {"Fn::GetAtt": [function, "Arn"]}
