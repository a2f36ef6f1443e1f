"""What `python -m console model FILE` brings home."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from console.__main__ import main

KEY = "models/scones-1/output/model.tar.gz"
MODEL = f"s3://a-bucket/{KEY}"


@pytest.fixture
def s3() -> Iterator[Any]:
    """Storage of an account in which nothing is deployed yet."""
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="a-bucket")
        yield client


@pytest.fixture
def deployed(s3: Any) -> Any:
    """Storage of an account in which a model has passed the gate."""
    boto3.client("ssm").put_parameter(Name="/scones/model", Value=MODEL, Type="String")
    s3.put_object(Bucket="a-bucket", Key=KEY, Body=b"weights")
    return s3


@pytest.mark.usefixtures("deployed")
def test_the_deployed_model_is_downloaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "model.tar.gz"
    assert main(["model", str(file)]) == 0
    assert file.read_bytes() == b"weights"
    assert capsys.readouterr().out == f"{file} is {MODEL}\n"


@pytest.mark.usefixtures("s3")
def test_without_a_model_a_line_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal([str(tmp_path / "model.tar.gz")], capsys).startswith("console: No parameter /scones/model")
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_gone_is_a_line_and_no_file(
    deployed: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed.delete_object(Bucket="a-bucket", Key=KEY)
    assert "404" in refusal([str(tmp_path / "model.tar.gz")], capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("deployed")
def test_a_folder_that_is_not_there_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no-such-folder" in refusal([str(tmp_path / "no-such-folder" / "model.tar.gz")], capsys)


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Runs the command, which fails; returns the one line that it says."""
    assert main(["model", *arguments]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    return line
