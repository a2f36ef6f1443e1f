"""What `make deploy` and `make demo` run, in which order, with stand-ins for the commands themselves."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
# Notes each command, and fails where a test has asked for it.
COMMAND = """#!/usr/bin/env bash
line="$(basename "$0") $*"
echo "$line [${AWS_DEFAULT_REGION:-}]" >> calls
case "$line" in *"${FAILING:-nothing}"*) exit "${STATUS:-1}";; esac
case "$line" in *--fetch*) echo "the pictures' path";; esac
case "$line" in "python -m local.story"*) shift 3; exec "$@";; esac
case "$line" in *"console.background start") echo "The page: http://127.0.0.1:8080/";; esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the Makefile, all set up, whose commands only note that they were called."""
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    for tool in ("python", "cdk", "pip"):
        command = tmp_path / ".venv" / "bin" / tool
        command.parent.mkdir(parents=True, exist_ok=True)
        command.write_text(COMMAND)
        command.chmod(0o755)
    (tmp_path / "calls").touch()
    for folder in ("node_modules", ".build", "lambdas"):
        (tmp_path / folder).mkdir()
    sources = ("requirements.txt", "constraints.txt", "package.json", "package-lock.json")
    for file in (*sources, "lambdas/requirements.txt", "lambdas/requirements-photos.txt"):
        (tmp_path / file).touch()
    for stamp in (".venv/node", ".venv/installed", "node_modules/installed", ".build/installed"):
        (tmp_path / stamp).touch()
    return tmp_path


def make(
    project: Path, *arguments: str, **environment: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Runs a target; returns the process and the commands that it ran, each with its region."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SCONES_", "MAKE", "MFLAGS", "IMAGES", "ARCHIVE"))
    }
    completed = subprocess.run(
        ["make", *arguments],
        cwd=project,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return completed, (project / "calls").read_text().splitlines()


def stagings(calls: list[str]) -> list[str]:
    """Returns the calls of staging, without the region."""
    return [
        call.removeprefix("python ").rpartition(" [")[0] for call in calls if "data_staging/stage.py" in call
    ]


def test_pictures_are_staged_after_the_bucket_is_there_and_before_the_rest(project: Path) -> None:
    completed, calls = make(project, "deploy")
    assert completed.returncode == 0, completed.stderr
    (storage,) = (n for n, call in enumerate(calls) if call.startswith("cdk deploy") and "storage" in call)
    (staging,) = (n for n, call in enumerate(calls) if "stage.py" in call)
    (rest,) = (n for n, call in enumerate(calls) if call.startswith("cdk deploy") and "--all" in call)
    assert storage < staging < rest
    assert not any(call.startswith("cdk bootstrap") for call in calls)


def test_an_account_without_bootstrap_gets_it_before_anything_else(project: Path) -> None:
    completed, calls = make(project, "deploy", FAILING="preflight", STATUS="3")
    assert completed.returncode == 0, completed.stderr
    kinds = [" ".join(call.split()[:2]) for call in calls]
    assert kinds.index("cdk synth") < kinds.index("cdk bootstrap") < kinds.index("cdk deploy")


def test_in_an_account_that_lacks_something_nothing_is_made(project: Path) -> None:
    completed, calls = make(project, "deploy", FAILING="preflight")
    assert completed.returncode != 0
    (call,) = calls
    assert call.startswith("python -m console preflight")


def test_each_deploy_has_a_folder_and_change_sets_of_its_own(project: Path) -> None:
    folders = []
    for _ in range(2):
        (project / "calls").write_text("")
        _, calls = make(project, "deploy", TMPDIR=str(project))
        (synth,) = (call for call in calls if call.startswith("cdk synth"))
        folder = synth.split("--output ")[1].split()[0]
        deploys = [call for call in calls if call.startswith("cdk deploy")]
        assert len(deploys) == 2
        for call in deploys:
            assert f"--app {folder} --change-set-name {Path(folder).name} " in call
        assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9-]*", Path(folder).name)
        assert not Path(folder).exists()
        folders.append(folder)
    assert len(set(folders)) == 2


@pytest.mark.parametrize(
    ("arguments", "environment", "command"),
    [
        ([], {}, "python -m console destroy"),
        (["NAME=blue"], {}, "python -m console --name blue destroy"),
        # Some shells have such a variable, for the name of the machine.
        ([], {"NAME": "laptop"}, "python -m console destroy"),
    ],
)
def test_the_deployment_of_the_settings_is_destroyed_or_the_one_that_is_named(
    arguments: list[str], environment: dict[str, str], command: str, project: Path
) -> None:
    _, calls = make(project, "destroy", *arguments, **environment)
    assert [call.rpartition(" [")[0] for call in calls] == [command]


def test_a_training_log_that_cannot_be_followed_does_not_fail_the_deploy(project: Path) -> None:
    completed, _ = make(project, "deploy", FAILING="training-log")
    assert completed.returncode == 0, completed.stderr
    assert completed.stderr == ""


@pytest.mark.parametrize("step", ["synth", "*-storage", "stage.py", "--all"])
def test_a_step_that_fails_fails_the_deploy(project: Path, step: str) -> None:
    completed, calls = make(project, "deploy", FAILING=step)
    assert completed.returncode != 0
    *_, last = (call for call in calls if "training-log" not in call and "endpoint status" not in call)
    assert step in last


def test_a_deploy_says_what_it_costs_before_it_makes_anything_and_what_until_it_is_destroyed(
    project: Path,
) -> None:
    completed, calls = make(project, "deploy", FAILING="preflight", STATUS="3")
    assert completed.returncode == 0, completed.stderr
    commands = [call.rpartition(" [")[0] for call in calls]
    (made,) = (n for n, command in enumerate(commands) if command.startswith("cdk bootstrap"))
    (rest,) = (n for n, command in enumerate(commands) if "--all" in command)
    assert commands.index("python -m console cost --line") < made
    assert rest < commands.index("python -m console cost --deployed")


def test_the_demo_says_what_its_settings_would_cost_on_aws(project: Path) -> None:
    completed, calls = make(project, "demo")
    assert completed.returncode == 0, completed.stderr
    commands = [call.rpartition(" [")[0] for call in calls]
    assert {"python -m console cost --line", "python -m console cost --deployed"} <= set(commands)


def test_costs_that_cannot_be_told_at_the_end_do_not_fail_the_deploy(project: Path) -> None:
    completed, _ = make(project, "deploy", FAILING="cost --deployed")
    assert completed.returncode == 0, completed.stderr


@pytest.mark.parametrize("failing", ["--all", "nothing"])
def test_a_deploy_ends_with_what_the_endpoint_serves_whether_it_failed_or_not(
    project: Path, failing: str
) -> None:
    completed, calls = make(project, "deploy", FAILING=failing, STATUS="7")
    assert (completed.returncode != 0) is (failing == "--all")
    *_, deploy, last = (call for call in calls if "training-log" not in call and "cost" not in call)
    assert "--all" in deploy
    assert last.startswith("python -m console endpoint status")


@pytest.mark.parametrize(("status", "fails"), [("3", True), ("4", False), ("1", False)])
def test_a_deploy_whose_endpoint_serves_something_else_is_no_success(
    project: Path, status: str, fails: bool
) -> None:
    completed, _ = make(project, "deploy", FAILING="endpoint status", STATUS=status)
    assert (completed.returncode != 0) is fails


def test_the_region_of_the_cdk_is_that_of_staging_too(project: Path) -> None:
    completed, calls = make(project, "deploy", AWS_REGION="eu-west-1", AWS_DEFAULT_REGION="us-west-2")
    assert completed.returncode == 0, completed.stderr
    assert stagings(calls)
    assert all("[eu-west-1]" in call for call in calls)


def test_without_an_archive_or_a_network_the_demo_draws_pictures_and_says_so(project: Path) -> None:
    completed, calls = make(project, "demo", FAILING="--fetch")
    assert completed.returncode == 0, completed.stderr
    lines = completed.stdout.splitlines()
    assert "GENERATED STAND-IN" in lines[0]
    assert "The pictures were a GENERATED STAND-IN, not CIFAR-100" in lines
    assert stagings(calls)[-1] == "data_staging/stage.py --archive .cache/stand-in.tar.gz"


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        ([], {"SCONES_CIFAR100": "/no/such/archive"}),
        (["ARCHIVE=/no/such/archive"], {}),
        (["IMAGES=/no/such/folder"], {}),
    ],
)
def test_pictures_that_are_not_there_end_the_demo_before_anything_starts(
    arguments: list[str], environment: dict[str, str], project: Path
) -> None:
    completed, calls = make(project, "demo", *arguments, FAILING="--fetch", **environment)
    assert completed.returncode != 0
    assert len(calls) == 1


def test_a_deploy_stages_the_pictures_that_it_is_given(project: Path) -> None:
    _, calls = make(project, "deploy", 'IMAGES=my "photos"')
    assert stagings(calls) == ['data_staging/stage.py --images my "photos"']
    _, calls = make(project, "deploy", "ARCHIVE=cifar.tar.gz")
    assert stagings(calls)[-1] == "data_staging/stage.py --archive cifar.tar.gz"


def test_a_deploy_without_pictures_leaves_the_choice_to_staging_which_keeps_own_ones(project: Path) -> None:
    _, calls = make(project, "deploy", SCONES_CIFAR100="cifar.tar.gz")
    assert stagings(calls) == ["data_staging/stage.py"]


def test_the_demo_shows_own_pictures_and_says_so(project: Path) -> None:
    completed, calls = make(project, "demo", "IMAGES=my photos")
    assert completed.returncode == 0, completed.stderr
    assert stagings(calls) == [
        "data_staging/stage.py --fetch --images my photos",
        "data_staging/stage.py --images my photos",
    ]
    assert "Pictures: your own" in completed.stdout.splitlines()[0]
    assert "The pictures were your own" in completed.stdout.splitlines()


def test_the_demo_of_cifar_100_takes_the_place_of_own_pictures_by_naming_its_archive(project: Path) -> None:
    completed, calls = make(project, "demo")
    assert stagings(calls)[-1] == "data_staging/stage.py --archive the pictures' path"
    assert "The pictures were CIFAR-100" in completed.stdout.splitlines()


def test_the_demo_ends_with_the_address_of_its_page_and_how_to_end_it_all(project: Path) -> None:
    completed, calls = make(project, "demo")
    *_, page, end = completed.stdout.splitlines()
    assert page == "The page: http://127.0.0.1:8080/"
    assert end.startswith("make down ends all that make demo started")
    commands = [call.rpartition(" [")[0] for call in calls]
    # What is shown last routes itself or waits for a person; the page shows it.
    demo, page_started = commands.index("python -m console demo"), len(commands) - 1
    assert commands.index("python -m evaluation") < demo < page_started
    assert commands[page_started] == "python -m console.background start"


def test_one_command_ends_the_page_and_the_cloud(project: Path) -> None:
    completed, calls = make(project, "down")
    assert completed.returncode == 0, completed.stderr
    commands = [call.rpartition(" [")[0] for call in calls]
    assert commands == ["python -m console.background stop", "python -m local down"]


def test_the_whole_output_of_the_demo_s_deploy_is_in_the_log_that_it_names(project: Path) -> None:
    completed, calls = make(project, "demo")
    assert "Deploying; all that is printed is in .cache/demo.log" in completed.stdout.splitlines()
    assert any(call.startswith("python -m local.story .cache/demo.log ") for call in calls)


@pytest.mark.parametrize(
    ("tool", "stamp", "remedy"),
    [("pip", ".venv/installed", "PIP_CERT"), ("npm", "node_modules/installed", "NODE_EXTRA_CA_CERTS")],
)
def test_an_installation_that_fails_shows_the_tool_s_own_error_and_what_to_do(
    project: Path, tool: str, stamp: str, remedy: str
) -> None:
    (project / stamp).unlink()
    (project / ".venv" / "bin" / tool).write_text(
        "#!/usr/bin/env bash\necho 'self-signed certificate in chain' >&2; exit 1\n"
    )
    (project / ".venv" / "bin" / tool).chmod(0o755)
    completed, _ = make(project, "setup")
    assert completed.returncode != 0
    error, advice, *_ = completed.stderr.splitlines()
    assert error == "self-signed certificate in chain"
    assert advice.startswith(f"{tool} cannot install the packages, see above.")
    assert remedy in advice
