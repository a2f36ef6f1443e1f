"""What `python -m console` says where nothing can be used, and of a training job while it runs."""

import itertools
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from moto import mock_aws

from console.__main__ import main
from console.training_log import follow
from evaluation.deployment import Deployment, NotDeployed
from lambdas.workflow.places import TRAINING_JOBS_LOG_GROUP as LOG_GROUP
from stacks.configuration.settings import SettingError

STATE_MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:scones"


@mock_aws
def test_the_training_log_shows_each_telling_line_of_this_deployments_jobs_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logs = boto3.client("logs")
    polled = threading.Event()

    def sleep(seconds: float) -> None:
        polled.set()
        pause(0.01)

    pause = time.sleep
    monkeypatch.setattr("console.training_log.time", SimpleNamespace(sleep=sleep, time=time.time))
    deployment = Deployment("scones")
    # moto passes over the prefix.
    prefixes: set[str] = set()
    deployment.client("logs").meta.events.register(
        "before-parameter-build.cloudwatch-logs.FilterLogEvents",
        lambda params, **_: prefixes.add(params["logStreamNamePrefix"]),
    )
    lines = follow(deployment)
    later: list[str] = []
    reader = threading.Thread(target=lambda: later.extend(itertools.islice(lines, 3)), daemon=True)
    reader.start()
    # The group is not there yet: that must not end it.
    assert polled.wait(timeout=10)
    logs.create_log_group(logGroupName=LOG_GROUP)
    logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName="scones--1/algo-1-1")
    for message in (
        "This training takes about 4 minutes on this machine, for 8 epochs.",
        "Features of the frozen layers: view 1 of 6, 900 images",
        "Setting number of threads: 2",
        "Epoch[1] Time cost=5",
    ):
        event = {"timestamp": int(time.time() * 1000), "message": message}
        logs.put_log_events(logGroupName=LOG_GROUP, logStreamName="scones--1/algo-1-1", logEvents=[event])
    reader.join(timeout=10)
    assert later == [
        "training: This training takes about 4 minutes on this machine, for 8 epochs.",
        "training: Features of the frozen layers: view 1 of 6, 900 images",
        "training: Epoch[1] Time cost=5",
    ]
    # A deployment scones-b has none that begins so.
    assert prefixes == {"scones--"}


@mock_aws
@pytest.mark.parametrize(
    "command", [[], ["route", "s3://bucket/photo.png"], ["demo"], ["model", "model.tar.gz"]]
)
def test_nothing_deployed_is_one_line_that_says_what_to_run(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "'scones' is not deployed here" in error
    assert "make demo" in error


@pytest.mark.parametrize(
    ("environment", "complaint", "advice"),
    [
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "credentials", "AWS_PROFILE"),
        ({"AWS_DEFAULT_REGION": None}, "region", "AWS_DEFAULT_REGION"),
        ({"AWS_DEFAULT_REGION": "us east"}, "us east", "AWS_DEFAULT_REGION"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "127.0.0.1:9", "python -m local up"),
        ({"AWS_ENDPOINT_URL": "nowhere"}, "Invalid endpoint", "nowhere"),
        ({"AWS_PROFILE": "nobody"}, "nobody", "AWS_PROFILE"),
    ],
    ids=["no credentials", "no region", "wrong region", "no network", "wrong endpoint", "wrong profile"],
)
def test_an_environment_that_cannot_reach_aws_is_one_line_with_advice(
    environment: dict[str, str | None],
    complaint: str,
    advice: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    for variable, value in environment.items():
        if value is None:
            monkeypatch.delenv(variable)
        else:
            monkeypatch.setenv(variable, value)
    assert main(["demo"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line
    assert advice in line


def test_a_setting_that_cannot_be_read_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_name() -> None:
        raise SettingError("cdk.json has no context of the CDK (KeyError): mend it")

    monkeypatch.setattr("console.__main__.read_name", read_name)
    assert main(["demo"]) == 1
    assert capsys.readouterr().err == "console: cdk.json has no context of the CDK (KeyError): mend it\n"


@mock_aws
def test_nothing_staged_names_the_staging_command() -> None:
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/scones/dataset", Value="not-staged", Type="String")
    with pytest.raises(NotDeployed, match=r"data_staging/stage\.py"):
        Deployment("scones").read_manifest()


@mock_aws
def test_a_file_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/scones/bucket", Value="bucket", Type="String")
    ssm.put_parameter(Name="/scones/state-machine", Value=STATE_MACHINE, Type="String")
    assert main(["--name", "scones", "route", str(tmp_path / "absent.png")]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "absent.png" in error


@mock_aws
@pytest.mark.parametrize(
    "command",
    [
        ["route", "s3://" + "x" * 5000],
        ["route", "x" * 5000],
        ["--name", "x" * 3000, "demo"],
        ["--port", "9" * 5000],
    ],
)
def test_whatever_is_given_the_error_is_short(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        assert main(command) == 1
    except SystemExit as ended:
        assert ended.code == 2
    error = capsys.readouterr().err
    assert max(map(len, error.splitlines())) < 1000
