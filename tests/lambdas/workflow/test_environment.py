"""The functions' environment variables, and the packages that the functions need."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from lambdas.workflow import environment

ROOT = Path(__file__).parents[3]
SITE_PACKAGES = Path(boto3.__file__).parents[1]
# What AWS's Python runtime brings (boto3 and what it stands on), then what the lists in lambdas/ do.
AWS_RUNTIME = ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "six.py", "jmespath")
BUNDLED = (
    *("PIL", "pillow.libs", "aws_lambda_powertools", "typing_extensions.py"),
    *("pi_heif", "pi_heif.libs", "_pi_heif.*"),
)


@pytest.mark.parametrize(
    ("variable", "read", "value"),
    [
        ("CLASSES", environment.classes, None),
        ("CLASSES", environment.classes, " "),
        ("CLASSES", environment.classes, "bicycle"),
        ("CLASSES", environment.classes, "bicycle,,motorcycle"),
        ("CLASSES", environment.classes, "bicycle,bicycle"),
        ("CONFIDENCE_THRESHOLD", environment.confidence_threshold, None),
        ("CONFIDENCE_THRESHOLD", environment.confidence_threshold, "high"),
        ("CONFIDENCE_THRESHOLD", environment.confidence_threshold, "80"),
        ("CONFIDENCE_THRESHOLD", environment.confidence_threshold, "-0.1"),
        ("CONFIDENCE_THRESHOLD", environment.confidence_threshold, "nan"),
        ("THRESHOLD_SOURCE", environment.threshold_source, None),
        ("ENDPOINT_NAME", environment.endpoint_name, None),
        ("ENDPOINT_NAME", environment.endpoint_name, ""),
        ("ENDPOINT_SWITCH", environment.endpoint_switch, None),
    ],
)
def test_a_missing_or_wrong_variable_is_named(
    variable: str, read: Callable[[], object], value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is None:
        monkeypatch.delenv(variable, raising=False)
    else:
        monkeypatch.setenv(variable, value)
    with pytest.raises(environment.InvalidEnvironment, match=f"^{variable} is "):
        read()


def test_the_other_class_is_one_of_the_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSES", "bicycle,motorcycle")
    monkeypatch.setenv("OTHER_CLASS", "other")
    with pytest.raises(environment.InvalidEnvironment, match=r"^OTHER_CLASS is 'other': one of CLASSES"):
        environment.other_class()


def test_the_variables_are_read_with_their_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSES", "bicycle, motorcycle,bus")
    monkeypatch.setenv("CONFIDENCE_THRESHOLD", "0.75")
    monkeypatch.setenv("THRESHOLD_SOURCE", "a test: of it")
    monkeypatch.setenv("ENDPOINT_NAME", "scones")
    monkeypatch.setenv("ENDPOINT_SWITCH", "/scones/endpoint-switch")
    assert environment.classes() == ("bicycle", "motorcycle", "bus")
    assert environment.other_class() is None
    monkeypatch.setenv("OTHER_CLASS", "bus")
    assert environment.other_class() == "bus"
    assert environment.confidence_threshold() == 0.75
    assert environment.threshold_source() == "a test: of it"
    assert environment.endpoint_name() == "scones"
    assert environment.endpoint_switch() == "/scones/endpoint-switch"


@pytest.mark.parametrize("function", ["classify", "filter"])
def test_a_function_without_its_environment_does_not_start(function: str) -> None:
    started = subprocess.run(
        [sys.executable, "-c", f"import lambdas.{function}"],
        cwd=ROOT,
        env={"AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
    )
    assert started.returncode != 0
    assert "InvalidEnvironment: CLASSES is not set" in started.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("function", "unneeded"),
    [("serialize", ()), ("classify", ("PIL",)), ("filter", ("PIL", "boto3"))],
)
def test_a_function_needs_no_package_but_the_runtimes_and_the_bundled(
    function: str, unneeded: tuple[str, ...], tmp_path: Path
) -> None:
    for pattern in (*AWS_RUNTIME, *BUNDLED):
        for package in SITE_PACKAGES.glob(pattern):
            (tmp_path / package.name).symlink_to(package)
    (tmp_path / "lambdas").symlink_to(ROOT / "lambdas")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import lambdas.{function}; "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    variables = {
        "CLASSES": "a,b",
        "CONFIDENCE_THRESHOLD": "0.8",
        "THRESHOLD_SOURCE": "a test",
        "ENDPOINT_NAME": "e",
        "ENDPOINT_SWITCH": "/e/endpoint-switch",
        "AWS_REGION": "us-east-1",
    }
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        env={**variables, "AWS_DEFAULT_REGION": "us-east-1", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    loaded = set(ran.stdout.split())
    assert not loaded & {"numpy", "torch", "pydantic", "aws_cdk", "stacks", "training", "local", *unneeded}
