"""`python -m console cost`: from the settings alone, but for a deployment's switch."""

import boto3
import pytest
from moto import mock_aws

from console.__main__ import main
from evaluation.deployment import Deployment


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """No client can be made."""

    def refuse(*_: object) -> None:
        raise AssertionError("AWS was asked")

    monkeypatch.setattr(Deployment, "client", refuse)


@pytest.mark.usefixtures("no_aws")
def test_the_estimate_asks_nothing_of_aws(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost"]) == 0
    first, *rest = capsys.readouterr().out.splitlines()
    assert first.startswith("On AWS these settings cost $")
    assert len(rest) > 20
    assert main(["cost", "--line"]) == 0
    assert capsys.readouterr().out.splitlines() == [first]


@pytest.mark.usefixtures("no_aws")
def test_a_setting_of_the_environment_counts_as_for_a_deploy(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDK_CONTEXT", "endpoint_mode=serverless")
    assert main(["cost"]) == 0
    assert "endpoint, serverless" in capsys.readouterr().out


@pytest.mark.usefixtures("no_aws")
def test_a_month_of_so_many_photos_a_day_is_told_part_by_part(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--photos-a-day", "10000"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("A month of 10,000 photos a day")
    assert any("state machine" in line and line.endswith("$45.00") for line in lines)
    assert any("as batches" in line for line in lines)
    assert any(line.startswith("Assumed") for line in lines)


@pytest.mark.parametrize("text", ["many", "-1", "1.5", "10000000000"])
def test_what_is_no_number_of_photos_is_an_error_in_a_line(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["cost", f"--photos-a-day={text}"])
    assert refused.value.code == 2
    assert f"'{text}' is no whole number" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.usefixtures("no_aws")
@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("endpoint_mode", "NAME=VALUE"),
        ("endpoint_mode=half", "endpoint_mode"),
        ("name_of=x", "Unknown setting"),
        ("name=blue", "set the name in cdk.json"),
    ],
)
def test_a_setting_that_cannot_be_is_an_error_in_a_line(
    value: str, words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CDK_CONTEXT", value)
    assert main(["cost", "--line"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


@mock_aws
@pytest.mark.parametrize(("switch", "words"), [("on", "with the endpoint off $"), ("off", "as it is now")])
def test_after_a_deploy_it_is_asked_whether_the_endpoint_is_switched_off(
    switch: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    boto3.client("ssm").put_parameter(Name="/scones/endpoint-switch", Value=switch, Type="String")
    assert main(["cost", "--deployed"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("This costs $")
    assert words in line


def test_on_the_embedded_cloud_it_says_what_it_would_cost(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    monkeypatch.setattr(Deployment, "is_switched_off", lambda _: False)
    assert main(["cost", "--deployed"]) == 0
    assert capsys.readouterr().out.startswith("On AWS this would cost $")
