"""How a version of the model is gone back to: which stacks are updated, and what a failure leaves."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from console.__main__ import main
from console.models import choosing
from console.models.choosing import use_version
from console.stack_update import UpdateFailed
from evaluation.deployment import Deployment, EvaluationError
from tests.console.models.conftest import Want
from tests.console.server.served_endpoint import serving

Add = Callable[..., None]
Updates = list[tuple[str, Mapping[str, str]]]


@pytest.fixture
def updates(deployment: Deployment, add: Add, want: Want, monkeypatch: pytest.MonkeyPatch) -> Updates:
    """The updates that were asked for; of the model are two versions, the second in use."""
    asked: Updates = []

    def update(_: Deployment, part: str, parameters: Mapping[str, str]) -> bool:
        asked.append((part, parameters))
        return True

    monkeypatch.setattr(choosing, "update_stack", update)
    for model in ("scones--a", "scones--b"):
        add(model)
    want("scones--b")
    return asked


def fail_at(monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    def update(_: Deployment, part: str, parameters: Mapping[str, str]) -> bool:
        if part == failing:
            raise UpdateFailed(f"scones-{part} is UPDATE_ROLLBACK_COMPLETE: Resource: no reason.")
        return True

    monkeypatch.setattr(choosing, "update_stack", update)


@pytest.mark.parametrize("version", ["1", "latest"])
def test_the_training_stack_takes_it_and_the_others_follow(
    deployment: Deployment, updates: Updates, version: str
) -> None:
    told = list(use_version(deployment, version))
    assert updates == [
        ("training", {"ModelVersion": version}),
        ("endpoint", {}),
        ("workflow", {}),
        ("batch", {}),
    ]
    assert [line[:7] for line in told] == ["1 of 4:", "2 of 4:", "3 of 4:", "4 of 4:"]


def test_each_step_is_told_before_it_is_done(deployment: Deployment, updates: Updates) -> None:
    steps = use_version(deployment, "1")
    assert "version 1" in next(steps)
    assert updates == []


def test_a_version_that_is_not_there_changes_nothing(deployment: Deployment, updates: Updates) -> None:
    with pytest.raises(EvaluationError, match="no version 3 of the model: python -m console models lists"):
        list(use_version(deployment, "3"))
    assert updates == []


@pytest.mark.usefixtures("updates")
@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("training", "no reason. Nothing is changed."),
        (
            "workflow",
            "The endpoint serves it behind the former threshold. python -m console models use 1 goes on",
        ),
        ("batch", "All but batches have changed."),
    ],
)
def test_a_step_that_fails_says_what_serves_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], part: str, words: str
) -> None:
    fail_at(monkeypatch, part)
    assert main(["--name", "scones", "models", "use", "1"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"console: scones-{part} is UPDATE_ROLLBACK_COMPLETE: Resource: ")
    assert words in line


@pytest.mark.usefixtures("updates")
def test_an_update_that_is_rolled_back_is_told_by_what_serves(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail_at(monkeypatch, "endpoint")
    with serving("scones--a"):
        assert main(["--name", "scones", "models", "use", "latest"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == (
        "console: Endpoint scones serves model scones--a, as before its last update, which failed "
        "(InService, 1 x ml.m5.large, configuration scones-config). "
        "python -m console endpoint status says why it failed. "
        "python -m console models use latest tries it once more."
    )


@pytest.mark.usefixtures("updates")
def test_an_update_that_left_no_endpoint_is_told_by_its_reason(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_at(monkeypatch, "endpoint")
    with pytest.raises(EvaluationError, match=r"scones-endpoint is UPDATE_ROLLBACK_COMPLETE: .*once more"):
        list(use_version(deployment, "1"))


@pytest.mark.usefixtures("updates")
def test_the_versions_are_printed_as_a_table(want: Want, capsys: pytest.CaptureFixture[str]) -> None:
    want("scones--a", version="1")
    assert main(["--name", "scones", "models"]) == 0
    heading, newest, oldest, kept = capsys.readouterr().out.splitlines()
    assert heading.split()[:3] == ["version", "model", "accuracy"]
    assert newest.split()[:4] == ["2", "scones--b", "97.0%", "d1ce"]
    assert newest.endswith("not in service: version 1 is kept by models use")
    assert oldest.endswith("accepted, but not in service")
    assert kept.startswith("Version 1 of the model is kept")


def test_without_a_version_the_list_says_what_to_do(
    deployment: Deployment, want: Want, capsys: pytest.CaptureFixture[str]
) -> None:
    want("scones--a")
    assert main(["--name", "scones", "models"]) == 0
    assert capsys.readouterr().out == "No model has passed the gate yet: run make deploy\n"


@pytest.mark.parametrize("version", ["0", "-1", "newest", "1.0", "", "\uff19"])
def test_what_is_no_version_is_refused_before_anything_is_asked(
    capsys: pytest.CaptureFixture[Any], version: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(
            ["models", "use", f"{version}"]
            if not version.startswith("-")
            else ["models", "use", "--", version]
        )
    assert ended.value.code == 2
    assert "is neither a version's number nor latest" in capsys.readouterr().err
