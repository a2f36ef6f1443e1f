"""The life of one deployment, in order, with the real CDK CLI on the embedded cloud; nothing is mocked.

The tests of this file depend on one another, as the days of a deployment do, and run in the order written.
"""

import json
import subprocess
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from data_staging.sample import write_sample
from lambdas.workflow import places
from tests.end_to_end.embedded_cloud import (
    App,
    EmbeddedCloud,
    execute,
    photo_event,
    stack_status,
    staged_photo,
    succeeded,
    training_jobs,
    transform_jobs,
    wait_in_service,
)
from tests.end_to_end.quick_training import QUICK_TRAINING
from tests.end_to_end.uploaded_photos import eventually

pytestmark = pytest.mark.end_to_end

CLASSES = ("bicycle", "motorcycle")


@pytest.fixture(scope="module")
def app(empty_cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> App:
    settings = {
        "hyperparameters": QUICK_TRAINING,
        "accuracy_gate": 0.6,
        "confidence_threshold": 0.5,
        "endpoint_baking_seconds": 0,
    }
    return App(empty_cloud, "scones-e2e", settings, tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two generated archives that differ in their pictures."""
    folder = tmp_path_factory.mktemp("archives")
    paths = [folder / "first.tar.gz", folder / "second.tar.gz"]
    for number, path in enumerate(paths):
        write_sample(path, train_per_class=60 + 10 * number, test_per_class=8)
    return paths


def test_what_is_staged_nowhere_can_not_be_trained_on(app: App) -> None:
    succeeded(app.deploy("storage"))
    failed = app.deploy("training")
    assert failed.returncode != 0
    assert "python data_staging/stage.py" in failed.stdout + failed.stderr
    # The next deploy goes on from there.
    assert stack_status(app, "training") == "ROLLBACK_COMPLETE"


def test_staged_pictures_are_trained_on_and_served(app: App, archives: list[Path]) -> None:
    succeeded(app.stage(archives[0]))
    succeeded(app.deploy())
    (job,) = training_jobs(app)
    assert job["TrainingJobStatus"] == "Completed"
    assert app.parameter("model").endswith(f"{job['TrainingJobName']}/output/model.tar.gz")
    endpoint = app.cloud.client("sagemaker").describe_endpoint(EndpointName=app.parameter("endpoint"))
    assert endpoint["EndpointStatus"] == "InService"


def test_a_photo_is_routed_by_the_state_machine(app: App) -> None:
    ended = execute(app, photo_event(app))
    assert ended["status"] == "SUCCEEDED", ended
    output = json.loads(ended["output"])
    assert output["predicted_class"] in CLASSES
    assert output["confidence"] == max(output["inferences"])
    assert sum(output["inferences"]) == pytest.approx(1, abs=1e-5)
    assert output["image_data"]


def test_the_state_machines_log_what_they_do(app: App) -> None:
    logs = app.cloud.client("logs")
    prefix = f"/aws/vendedlogs/states/{app.name}"
    found = logs.describe_log_groups(logGroupNamePrefix=prefix)["logGroups"]
    kinds = {
        group["logGroupName"]: {
            json.loads(event["message"])["type"]
            for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
        }
        for group in found
    }
    assert kinds.pop(f"{prefix}-batch") == set(), "no batch has run"
    assert kinds.keys() == {prefix, f"{prefix}-training"}
    for group, told in kinds.items():
        assert {"ExecutionStarted", "TaskStarted", "TaskSucceeded", "ExecutionSucceeded"} <= told, group


@pytest.mark.parametrize("wrap", [lambda body: {"body": body}, lambda body: {"body": json.dumps(body)}])
def test_the_event_may_lie_under_a_body(app: App, wrap: Any) -> None:
    event = photo_event(app)
    assert execute(app, wrap(event))["status"] == "SUCCEEDED"


def test_files_from_this_machine_are_routed_by_the_command(app: App, tmp_path: Path) -> None:
    photo = tmp_path / "photo of a bicycle.jpg"
    Image.linear_gradient("L").resize((3000, 2000)).convert("RGB").save(photo)
    routed = succeeded(
        app.console("route", str(photo), f"s3://{app.parameter('bucket')}/{staged_photo(app)}")
    )
    outcomes = {line.split()[-2] for line in routed.stdout.splitlines()[1:]}
    assert outcomes == {"routed"}
    assert "photo of a bicycle.jpg" in routed.stdout


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("text.png", b"this is not a picture", "InvalidImage"),
        ("empty.png", b"", "InvalidImage"),
        ("absent.png", None, "ImageNotFound"),
    ],
)
def test_what_is_no_photo_ends_in_its_own_named_failure(
    app: App, name: str, content: bytes | None, error: str
) -> None:
    bucket = app.parameter("bucket")
    if content is not None:
        app.cloud.client("s3").put_object(Bucket=bucket, Key=f"incoming/{name}", Body=content)
    ended = execute(app, {"s3_bucket": bucket, "s3_key": f"incoming/{name}"})
    assert (ended["status"], ended["error"]) == ("FAILED", error)
    assert name in ended["cause"]
    assert "stackTrace" not in ended["cause"]


def test_an_event_without_a_key_is_refused_by_name(app: App) -> None:
    ended = execute(app, {"s3_bucket": app.parameter("bucket")})
    assert (ended["status"], ended["error"]) == ("FAILED", "InvalidEvent")
    assert "s3_key" in ended["cause"]


def test_the_threshold_may_be_recommended_from_the_validation_split(app: App) -> None:
    auto = {"confidence_threshold": "auto", "routed_error_confidence": 0.5}
    succeeded(app.deploy("workflow", **auto, routed_error_target=0.5))
    threshold = json.loads(app.parameter("threshold"))
    assert 0.5 <= threshold["value"] <= 1
    model = app.parameter("model").split("/")[-3]
    assert threshold["source"] == (
        f"recommended for model {model} from 12 validation photos: at most 50% of the routed photos "
        "wrong, with 50% confidence"
    )
    evaluations = len(transform_jobs(app))
    refused = app.deploy(**auto, routed_error_target=0.001)
    assert refused.returncode != 0
    assert "no threshold is proved to keep to routed_error_target 0.001" in refused.stdout + refused.stderr
    # The deploy has not come as far as the endpoint, and nothing was asked anew.
    assert stack_status(app, "training") == "UPDATE_ROLLBACK_COMPLETE"
    assert len(transform_jobs(app)) == evaluations
    assert app.parameter("model").split("/")[-3] == model
    assert json.loads(app.parameter("threshold")) == threshold


def test_a_confidence_below_the_threshold_is_refused(app: App) -> None:
    succeeded(app.deploy("workflow", confidence_threshold=1))
    ended = execute(app, photo_event(app))
    assert (ended["status"], ended["error"]) == ("FAILED", "ThresholdConfidenceNotMet")
    assert all(name in ended["cause"] for name in (*CLASSES, "set by confidence_threshold"))
    refused = app.console("route", f"s3://{app.parameter('bucket')}/{staged_photo(app)}")
    assert refused.returncode == 1
    assert "ThresholdConfidenceNotMet" in refused.stderr


def test_what_the_endpoint_answered_is_captured(app: App) -> None:
    s3, bucket = app.cloud.client("s3"), app.parameter("bucket")
    deadline = time.monotonic() + 30
    while not (captured := s3.list_objects_v2(Bucket=bucket, Prefix="captured/").get("Contents", [])):
        assert time.monotonic() < deadline, "nothing was captured"
        time.sleep(0.5)
    line = s3.get_object(Bucket=bucket, Key=captured[0]["Key"])["Body"].read().splitlines()[0]
    probabilities = json.loads(json.loads(line)["captureData"]["endpointOutput"]["data"])
    assert len(probabilities) == len(CLASSES)


def test_what_the_functions_measure_is_a_metric(app: App) -> None:
    cloudwatch = app.cloud.client("cloudwatch")

    def look() -> set[str]:
        pages = cloudwatch.get_paginator("list_metrics").paginate(
            Namespace="SconesUnlimited", Dimensions=[{"Name": "service", "Value": app.name}]
        )
        return {metric["MetricName"] for page in pages for metric in page["Metrics"]}

    measured = {"PhotosRouted", "PhotosRefused", "Confidence", "StepMilliseconds", "PhotosFailed"}
    eventually(lambda: measured <= look())
    now = datetime.now(UTC)
    counted = cloudwatch.get_metric_statistics(
        Namespace="SconesUnlimited",
        MetricName="PhotosFailed",
        Dimensions=[{"Name": "service", "Value": app.name}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=7200,
        Statistics=["Sum"],
    )["Datapoints"]
    assert sum(point["Sum"] for point in counted) >= 4


def test_the_traffic_of_a_day_is_held_against_the_validation_split(app: App) -> None:
    day = datetime.now(UTC).date().isoformat()
    answer = app.cloud.client("lambda").invoke(
        FunctionName=f"{app.name}-drift", Payload=json.dumps({"day": day}).encode()
    )
    assert "FunctionError" not in answer, answer["Payload"].read()
    s3, key = app.cloud.client("s3"), places.drift_key(day)
    report = json.load(s3.get_object(Bucket=app.parameter("bucket"), Key=key)["Body"])
    assert (report["day"], report["source"]) == (day, "captured")
    assert report["photos"] > 0
    assert [each["measure"] for each in report["measures"]] == [
        *("confidence", "class_mix", "brightness", "contrast", "sharpness")
    ]


def test_no_log_of_the_functions_holds_an_image(app: App) -> None:
    logs = app.cloud.client("logs")
    groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
    messages = [
        event["message"]
        for group in groups
        if app.name in group and "SageMaker" not in group and "sagemaker" not in group
        for event in logs.filter_log_events(logGroupName=group)["events"]
    ]
    assert any('"execution_id"' in message for message in messages)
    longest = max(messages, key=len)
    assert not any("iVBORw0KGgo" in message or "/9j/" in message for message in messages), longest[:300]


def test_unchanged_data_means_no_new_training(app: App, archives: list[Path]) -> None:
    assert "up to date" in succeeded(app.stage(archives[0])).stdout.lower()
    succeeded(app.deploy())
    assert len(training_jobs(app)) == 1


def test_a_new_data_set_means_a_new_model_and_no_unanswered_call(app: App, archives: list[Path]) -> None:
    before = app.parameter("model")
    succeeded(app.stage(archives[1]))
    with Caller(app) as caller:
        succeeded(app.deploy())
        caller.go_on_for(seconds=2)
    assert caller.failures == []
    assert len(set(caller.answers)) == 2, "both the old and the new model should have answered"
    assert app.parameter("model") != before
    assert len(training_jobs(app)) == 2


def test_a_model_below_the_gate_is_refused_and_the_old_one_goes_on_serving(app: App) -> None:
    before, evaluations = app.parameter("model"), len(transform_jobs(app))
    # The job's log goes, as an account's retention may have it, before the deploy is rolled back.
    app.cloud.client("logs").delete_log_group(logGroupName="/aws/sagemaker/TrainingJobs")
    failed = app.deploy("training", accuracy_gate=1.0, hyperparameters={**QUICK_TRAINING, "epochs": "1"})
    printed = failed.stdout + failed.stderr
    assert failed.returncode != 0
    assert "accuracy_gate" in printed
    assert "/aws/sagemaker/TrainingJobs" in printed
    assert stack_status(app, "training") == "UPDATE_ROLLBACK_COMPLETE"
    assert (len(training_jobs(app)), len(transform_jobs(app))) == (3, evaluations + 1)
    assert app.parameter("model") == before
    assert execute(app, photo_event(app))["status"] == "SUCCEEDED"


def test_another_gate_starts_no_job(app: App) -> None:
    before, evaluations = app.parameter("model"), len(transform_jobs(app))
    succeeded(app.deploy("training", accuracy_gate=0.61))
    assert (len(training_jobs(app)), len(transform_jobs(app))) == (3, evaluations)
    assert app.parameter("model") == before


def test_a_restart_of_the_cloud_keeps_what_was_deployed(app: App) -> None:
    succeeded(app.cloud.local("down"))
    app.cloud.up()
    wait_in_service(app)
    assert execute(app, photo_event(app))["status"] == "SUCCEEDED"


def test_destroying_leaves_nothing_of_the_app_and_all_of_another(app: App, tmp_path: Path) -> None:
    other = App(app.cloud, f"{app.name}-blue", {"remove_data_on_destroy": False}, tmp_path)
    succeeded(other.deploy("storage"))
    kept = other.list_remains()
    assert {f"stack {other.name}-storage", f"parameter /{other.name}/bucket"} <= set(kept)
    assert any(
        line.startswith(f"log group /aws/sagemaker/Endpoints/{app.name}") for line in app.list_remains()
    )
    # As if an earlier one had been interrupted.
    app.cloud.client("cloudformation").delete_stack(StackName=f"{app.name}-batch")
    told = succeeded(app.console("destroy")).stdout
    assert (
        told.splitlines()[-1]
        == f"'{other.name}' is deployed in us-east-1 too: make destroy NAME={other.name}"
    )
    assert app.list_remains() == []
    assert other.list_remains() == kept


def test_data_that_are_to_stay_do_until_they_are_removed_by_name(app: App, tmp_path: Path) -> None:
    other = App(app.cloud, f"{app.name}-blue", {"remove_data_on_destroy": False}, tmp_path)
    bucket = other.parameter("bucket")
    other.cloud.client("s3").put_object(Bucket=bucket, Key="incoming/photo.png", Body=b"photo")
    told = succeeded(other.console("destroy")).stdout
    assert f"bucket {bucket}" in told
    assert f"python -m console --name {other.name} destroy --data" in told
    assert [line.split()[0] for line in other.list_remains()] == ["bucket", "table"]
    succeeded(other.console("destroy", "--data"))
    assert other.list_remains() == []


def test_stopping_leaves_no_process(app: App) -> None:
    assert processes_of(app.cloud.home)
    succeeded(app.cloud.local("down"))
    assert processes_of(app.cloud.home) == []


def processes_of(home: Path) -> list[str]:
    """Returns the lines of ``ps`` that name a cloud's home."""
    processes = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in processes.splitlines() if str(home) in line]


class Caller:
    """Calls the endpoint again and again with one photo until the block ends."""

    def __init__(self, app: App) -> None:
        self.answers: list[str] = []
        self.failures: list[str] = []
        self._runtime = app.cloud.client("sagemaker-runtime")
        self._endpoint = app.parameter("endpoint")
        s3 = app.cloud.client("s3")
        self._photo = s3.get_object(Bucket=app.parameter("bucket"), Key=staged_photo(app))["Body"].read()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._call)

    def __enter__(self) -> "Caller":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def go_on_for(self, seconds: float) -> None:
        time.sleep(seconds)

    def _call(self) -> None:
        while not self._stop.is_set():
            try:
                answer = self._runtime.invoke_endpoint(
                    EndpointName=self._endpoint, ContentType="image/png", Body=self._photo
                )
                self.answers.append(answer["Body"].read().decode())
            except self._runtime.exceptions.ClientError as error:
                self.failures.append(str(error))
            time.sleep(0.05)
