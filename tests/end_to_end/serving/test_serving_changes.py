"""Serving that changes: a new model, one that is rolled back, off and on; in order, on the embedded cloud.

The tests of this file depend on one another, as the days of a deployment do, and run in the order written.
"""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lambdas.workflow import places
from tests.end_to_end.deployed_home import NAME, SETTINGS
from tests.end_to_end.embedded_cloud import (
    App,
    EmbeddedCloud,
    execute,
    photo_event,
    stack_status,
    staged_photo,
    succeeded,
    wait_in_service,
)
from tests.end_to_end.quick_training import turned_round
from tests.end_to_end.uploaded_photos import eventually

pytestmark = pytest.mark.end_to_end

BAKING_SECONDS = 3
SWITCHING_SECONDS = 120
LEAP_DAY = {"off": "0 3 29 2 ? *", "on": "0 5 29 2 ? *", "time_zone": "Europe/Berlin"}


@pytest.fixture(scope="module")
def app(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> App:
    settings = {
        **SETTINGS,
        # The model that says the opposite is to serve too.
        "accuracy_gate": 0.0,
        "confidence_threshold": 0.0,
        "endpoint_baking_seconds": BAKING_SECONDS,
        # A type that scales: ml.t2 does not.
        "endpoint_instance_type": "ml.m5.large",
        "endpoint_max_instances": 3,
        # No caller of this file's asks so much that the number of instances goes by it.
        "endpoint_invocations_per_instance": 1_000_000,
        "endpoint_schedule": LEAP_DAY,
    }
    return App(cloud, NAME, settings, tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="module")
def models(app: App, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Two artifacts, ``one`` and its ``other``, of which the first serves."""
    folder = tmp_path_factory.mktemp("artifacts")
    succeeded(app.console("model", str(folder / "model.tar.gz")))
    made = {"one": str(folder / "model.tar.gz"), "other": str(turned_round(folder / "model.tar.gz", folder))}
    succeeded(app.deploy(model_artifact=made["one"]))
    return made


class Caller:
    """Asks the endpoint for one photo again and again, from a thread, until it is stopped.

    Attributes:
        answers: The probability of the first class in each answer.
        faults: What came in place of answers.
    """

    def __init__(self, app: App) -> None:
        s3 = app.cloud.client("s3")
        photo = s3.get_object(Bucket=app.parameter("bucket"), Key=staged_photo(app))["Body"].read()
        self._client = app.cloud.client("sagemaker-runtime")
        self._request = {"EndpointName": app.name, "ContentType": "image/png", "Body": photo}
        self._stopping = threading.Event()
        self.answers: list[float] = []
        self.faults: list[str] = []

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.answers.append(self.ask())
            except Exception as error:
                self.faults.append(repr(error))

    def ask(self) -> float:
        return float(json.load(self._client.invoke_endpoint(**self._request)["Body"])[0])

    def stop(self) -> None:
        self._stopping.set()


@contextmanager
def calling(app: App) -> Iterator[Caller]:
    """Has a caller ask while something changes."""
    caller = Caller(app)
    thread = threading.Thread(target=caller.run, daemon=True)
    thread.start()
    try:
        yield caller
    finally:
        caller.stop()
        thread.join(60)


def during(act: Callable[[], None], command: Callable[[], Any]) -> subprocess.CompletedProcess[str]:
    """Runs a command, and something else beside it."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    done: subprocess.CompletedProcess[str] = command()
    thread.join(60)
    return done


def alarm_while_baking(app: App) -> None:
    """Sets an alarm of the endpoint's as soon as the new instances are watched."""
    sagemaker, cloudwatch = app.cloud.client("sagemaker"), app.cloud.client("cloudwatch")
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        pending = sagemaker.describe_endpoint(EndpointName=app.name).get("PendingDeploymentSummary")
        variants = pending["ProductionVariants"] if pending else []
        if "Baking" in [status["Status"] for v in variants for status in v.get("VariantStatus", [])]:
            break
        time.sleep(0.05)
    alarms = cloudwatch.describe_alarms(AlarmNamePrefix=f"{app.name}-endpoint-")["MetricAlarms"]
    cloudwatch.set_alarm_state(
        AlarmName=alarms[0]["AlarmName"], StateValue="ALARM", StateReason="set by a test"
    )


def read_served(app: App) -> str:
    """Returns the artifact of the model that the endpoint serves, as SageMaker tells."""
    sagemaker = app.cloud.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName=app.name)["EndpointConfigName"]
    variant = sagemaker.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"][0]
    model = sagemaker.describe_model(ModelName=variant["ModelName"])
    return str(model["PrimaryContainer"]["ModelDataUrl"])


def describe_variant(app: App) -> dict[str, Any]:
    described = app.cloud.client("sagemaker").describe_endpoint(EndpointName=app.name)
    (variant,) = described["ProductionVariants"]
    return dict(variant)


def test_the_number_of_instances_may_go_from_the_least_to_the_most(app: App, models: dict[str, str]) -> None:
    scaling, sagemaker = app.cloud.client("application-autoscaling"), app.cloud.client("sagemaker")
    variant = describe_variant(app)
    resource = f"endpoint/{app.name}/variant/{variant['VariantName']}"
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["ResourceId"], target["MinCapacity"], target["MaxCapacity"]) == (resource, 1, 3)
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    tracked = policy["TargetTrackingScalingPolicyConfiguration"]
    assert (policy["ResourceId"], tracked["TargetValue"]) == (resource, 1_000_000)
    assert variant["CurrentInstanceCount"] == 1
    # As Application Auto Scaling does it.
    capacity = {"VariantName": variant["VariantName"], "DesiredInstanceCount": 2}
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=app.name, DesiredWeightsAndCapacities=[capacity]
    )
    wait_in_service(app)
    assert describe_variant(app)["CurrentInstanceCount"] == 2


def test_another_model_comes_while_a_caller_never_stops_and_no_call_is_unanswered(
    app: App, models: dict[str, str]
) -> None:
    with calling(app) as caller:
        before = caller.ask()
        succeeded(app.deploy("training", "endpoint", model_artifact=models["other"]))
        after = caller.ask()
    assert caller.faults == []
    assert len(caller.answers) > 10
    assert abs(before - after) > 0.01, "the two models say the same"
    assert read_served(app) == app.parameter("model")
    status = succeeded(app.console("endpoint", "status")).stdout.splitlines()[-1]
    # What scaling had made of the number of instances, the update leaves.
    assert describe_variant(app)["CurrentInstanceCount"] == 2
    assert "the last deploy's (InService, 2 x ml.m5.large" in status


def test_an_update_that_an_alarm_rolls_back_fails_the_deploy_and_says_which_model_serves(
    app: App, models: dict[str, str]
) -> None:
    served = read_served(app)
    with calling(app) as caller:
        before = caller.ask()
        failed = during(
            lambda: alarm_while_baking(app),
            lambda: app.deploy("training", "endpoint", model_artifact=models["one"]),
        )
        after = caller.ask()
    assert failed.returncode != 0
    assert stack_status(app, "endpoint") == "UPDATE_ROLLBACK_COMPLETE"
    assert caller.faults == []
    assert describe_variant(app)["CurrentInstanceCount"] == 2
    assert after == pytest.approx(before)
    assert read_served(app) == served
    status = app.console("endpoint", "status")
    assert status.returncode == 4
    last = status.stdout.splitlines()[-1]
    assert served.split("/")[-3] in last
    assert "as before its last update, which failed" in last
    assert "alarm" in status.stdout.lower()
    assert execute(app, photo_event(app))["status"] == "SUCCEEDED"


def fire(app: App, which: str) -> None:
    """Has a schedule fire now, in place of the next leap day: by the role and to the target deployed."""
    scheduler = app.cloud.client("scheduler")
    made = scheduler.get_schedule(Name=f"{app.name}-endpoint-{which}")
    soon = datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(seconds=2)
    scheduler.update_schedule(
        ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})",
        ScheduleExpressionTimezone="Europe/Berlin",
        **{name: made[name] for name in ("Name", "FlexibleTimeWindow", "Target")},
    )


def test_the_schedule_leaves_an_endpoint_whose_update_was_rolled_back_as_it_is(
    app: App, models: dict[str, str]
) -> None:
    served, logs = read_served(app), app.cloud.client("logs")
    fire(app, "off")
    group = f"/aws/lambda/{app.name}-endpoint-switch"

    def find_line() -> Any:
        return logs.filter_log_events(logGroupName=group, filterPattern='"Not switched"')["events"]

    (line,) = eventually(find_line, SWITCHING_SECONDS)
    assert f"serves model {places.read_model_name(served)} and not " in line["message"]
    assert stack_status(app, "endpoint") == "UPDATE_ROLLBACK_COMPLETE"
    assert read_served(app) == served


def test_what_is_switched_off_says_so_and_the_next_deploy_leaves_it_off(
    app: App, models: dict[str, str]
) -> None:
    refused = app.console("endpoint", "off")
    assert refused.returncode == 1
    assert "which was accepted last" in refused.stderr
    succeeded(app.deploy("training", "endpoint", model_artifact=models["other"]))
    off = succeeded(app.console("endpoint", "off"))
    assert "$0 switched off" in off.stdout
    costs = succeeded(app.console("cost", "--deployed")).stdout
    assert costs.startswith("On AWS this would cost $")
    assert costs.endswith("with the endpoint off, as it is now\n")
    assert app.cloud.client("sagemaker").list_endpoints()["Endpoints"] == []
    ended = execute(app, photo_event(app))
    assert (ended["status"], ended["error"]) == ("FAILED", "EndpointNotInService")
    console = places.name_console(app.name)
    switched_off = f"Endpoint {app.name} is switched off: {console} endpoint on switches it on"
    assert switched_off in ended["cause"]
    succeeded(app.deploy(model_artifact=models["one"]))
    assert succeeded(app.console("endpoint", "status")).stdout.splitlines()[-1] == switched_off
    assert "It is off already" in succeeded(app.console("endpoint", "off")).stdout


def test_switched_on_it_serves_what_was_deployed_meanwhile(app: App, models: dict[str, str]) -> None:
    on = succeeded(app.console("endpoint", "on"))
    assert read_served(app) == app.parameter("model")
    assert "the last deploy's (InService" in on.stdout.splitlines()[-1]
    assert "with the endpoint off $" in succeeded(app.console("cost", "--deployed")).stdout
    assert execute(app, photo_event(app))["status"] == "SUCCEEDED"


def test_the_schedule_switches_it_off_in_the_named_time_zone(app: App) -> None:
    scheduler = app.cloud.client("scheduler")
    made = scheduler.get_schedule(Name=f"{app.name}-endpoint-on")
    assert made["ScheduleExpression"] == f"cron({LEAP_DAY['on']})"
    assert made["ScheduleExpressionTimezone"] == "Europe/Berlin"
    fire(app, "off")
    eventually(lambda: app.cloud.client("sagemaker").list_endpoints()["Endpoints"] == [], SWITCHING_SECONDS)
    eventually(lambda: stack_status(app, "endpoint") == "UPDATE_COMPLETE", SWITCHING_SECONDS)
    assert "is switched off" in succeeded(app.console("endpoint", "status")).stdout.splitlines()[-1]
