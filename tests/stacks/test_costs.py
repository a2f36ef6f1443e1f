"""What the estimate of costs takes the stacks to use is what they use."""

from typing import Any

from console.costs.estimate import LONGEST_DEPLOY_SECONDS
from console.costs.usage import PHOTOS_OF_A_PART, ROUTED_STATES, use_idle, use_reviews
from stacks.configuration.settings import Settings
from stacks.parts import batch_states, waiting_states
from tests.stacks.synthesis import STACKS, Assembly
from tests.stacks.test_state_machine_definitions import definition


def count_states(states: dict[str, Any], first: str) -> int:
    """Returns how many states an execution enters from one on, if none fails."""
    return 1 + (count_states(states, following) if (following := states[first].get("Next")) else 0)


def test_a_photo_enters_as_many_states_as_are_paid(assembly: Assembly) -> None:
    machine = definition(assembly, "workflow")
    routed = count_states(machine["States"], machine["StartAt"])
    assert routed == ROUTED_STATES
    # The three functions come first; the filter's refusal goes its own way.
    refusal = machine["States"]["Filter by confidence"]["Catch"][0]["Next"]
    more = use_reviews(Settings(), 1)["state that copies the photo"]["state_transition"]
    assert 3 + count_states(machine["States"], refusal) == routed + more


def test_a_part_of_a_batch_is_one_state_for_as_many_photos_as_are_paid(assembly: Assembly) -> None:
    (part,) = definition(assembly, "batch")["States"]["Route the photos"]["ItemProcessor"]["States"].values()
    assert part["End"]
    assert batch_states.PHOTOS_OF_A_PART == PHOTOS_OF_A_PART


def test_jobs_are_paid_for_as_long_as_a_deploy_waits_for_them() -> None:
    assert waiting_states.GIVE_UP_SECONDS == LONGEST_DEPLOY_SECONDS


def test_as_many_keys_are_paid_as_there_are(assembly: Assembly) -> None:
    keys = [key for stack in STACKS for key in assembly.resources(stack, "AWS::KMS::Key")]
    assert len(keys) == use_idle(Settings())["key of the alarms' topic"]["key_month"]


def test_no_more_metrics_of_alarms_and_no_more_dashboards_are_made_than_paid(assembly: Assembly) -> None:
    alarms = [
        alarm["Properties"]
        for stack in STACKS
        for alarm in assembly.resources(stack, "AWS::CloudWatch::Alarm").values()
    ]
    # An alarm on an expression is paid for each metric in it.
    metrics = sum(
        sum("MetricStat" in metric for metric in alarm.get("Metrics", [{"MetricStat": {}}]))
        for alarm in alarms
    )
    dashboards = [
        made for stack in STACKS for made in assembly.resources(stack, "AWS::CloudWatch::Dashboard")
    ]
    paid = use_idle(Settings())
    assert 0 < metrics <= paid["alarms"]["alarm_month"]
    assert len(dashboards) <= paid["dashboard"]["dashboard_month"]
