"""An account is bootstrapped, is not, or cannot be asked: three different answers."""

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from console.__main__ import main
from evaluation.deployment import Deployment


@mock_aws
def test_a_bootstrapped_account_is_one_without_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    boto3.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")
    assert main(["bootstrapped"]) == 0
    assert capsys.readouterr() == ("", "")


@mock_aws
def test_an_account_that_is_not_bootstrapped_has_a_status_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["bootstrapped"]) == 3
    assert capsys.readouterr().out == "The CDK is not bootstrapped in us-east-1\n"


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "ExpiredTokenException"])
def test_an_account_that_does_not_answer_is_an_error_in_a_line(
    code: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing:
        class exceptions:
            class ParameterNotFound(Exception): ...

        def get_parameter(self, **_: str) -> None:
            raise ClientError({"Error": {"Code": code, "Message": "not now"}}, "GetParameter")

    monkeypatch.setattr(Deployment, "client", lambda *_: Refusing())
    assert main(["bootstrapped"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert code in line


def test_without_a_region_nothing_is_asked(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.delenv("AWS_REGION")
    assert main(["bootstrapped"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "region" in line
    assert "AWS_DEFAULT_REGION" in line
