"""The command line of staging: where the archive comes from, what is printed, how it ends."""

import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from data_staging import steps
from data_staging.cifar100 import archive, download
from data_staging.stage import main
from stacks.configuration import settings

REPOSITORY = Path(__file__).resolve().parents[2]

Captured = pytest.CaptureFixture[str]


def run(*arguments: object, capsys: Captured) -> tuple[int, str, str]:
    """Runs the command here; returns its exit status, its output and the last line of its errors."""
    status = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out, (captured.err.splitlines() or [""])[-1]


@pytest.mark.parametrize("how", [["data_staging/stage.py"], ["-m", "data_staging.stage"]])
def test_it_runs_by_path_and_as_a_module(how: list[str], drawn: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, *how, "--archive", drawn, "--out", tmp_path],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (data_set,) = (tmp_path / "datasets").iterdir()
    assert str(data_set) in done.stdout


def test_it_runs_from_any_folder(drawn: Path, tmp_path: Path) -> None:
    script = REPOSITORY / "data_staging" / "stage.py"
    arguments = ["--archive", drawn, "--out", "here"]
    done = subprocess.run([sys.executable, script, *arguments], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "here" / "datasets").iterdir())) == 1


def test_help_names_every_option_and_an_example(capsys: Captured) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    for word in (
        "--archive",
        "--bucket",
        "--out",
        "--classes",
        "--name",
        "--fetch",
        "SCONES_CIFAR100",
        "labels_in_training",
        "examples:",
    ):
        assert word in text


def test_defaults_are_those_of_cdk_json(drawn: Path, tmp_path: Path, capsys: Captured) -> None:
    status, output, _ = run("--archive", drawn, "--out", tmp_path, capsys=capsys)
    assert status == 0
    assert ", ".join(settings.read_cdk_json().classes) in output
    assert output.startswith("Staged: ")
    assert run("--archive", drawn, "--out", tmp_path, capsys=capsys)[1].startswith("Up to date: ")


def test_classes_can_be_given_in_another_order(drawn: Path, tmp_path: Path, capsys: Captured) -> None:
    status, output, _ = run(
        "--archive", drawn, "--out", tmp_path, "--classes", "motorcycle, bicycle", capsys=capsys
    )
    assert status == 0
    assert "motorcycle, bicycle" in output


def test_the_environment_names_an_archive(
    drawn: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCONES_CIFAR100", str(drawn))
    assert run("--fetch", capsys=capsys) == (0, f"{drawn}\n", "")
    assert run("--out", tmp_path, capsys=capsys)[0] == 0


def test_the_option_comes_before_the_environment(
    drawn: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCONES_CIFAR100", "/no/such/file")
    assert run("--fetch", "--archive", drawn, capsys=capsys)[:2] == (0, f"{drawn}\n")


def test_a_cached_archive_is_used_without_a_network(tmp_path: Path, capsys: Captured) -> None:
    cached = tmp_path / "cache" / "scones-unlimited" / "cifar-100-python.tar.gz"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"")
    assert run("--fetch", capsys=capsys)[:2] == (0, f"{cached}\n")


def test_fetching_without_a_network_is_one_line(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PAUSES_S", (0.01, 0.01))
    monkeypatch.setattr(
        steps, "download", lambda folder: download.download(folder, "http://127.0.0.1:9/cifar.tar.gz")
    )
    status, output, error = run("--fetch", capsys=capsys)
    assert (status, output) == (1, "")
    assert error.startswith("stage.py: http://127.0.0.1:9/cifar.tar.gz cannot be downloaded")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--archive", "/no/such/file"], "/no/such/file (--archive) is no file"),
        (["--archive", "/"], "/ (--archive) is no file but a folder: give the author's archive"),
        (["--archive", __file__], "cannot be used: it is no whole .tar.gz file"),
        (["--classes", "bicycle,motorcicle"], "unknown class 'motorcicle': did you mean motorcycle?"),
        (["--classes", ""], "at least two classes are needed, given: none"),
        (["--classes", "bicycle," + "x" * 5000], "unknown class 'xxx"),
        (["--archive", "x" * 5000], "cannot be read: [Errno"),
        (["--archive", "/" + "x/" * 2000], "is no file"),
        (["--images", "x" * 5000], "cannot be read: [Errno"),
        (["--out", "x" * 5000], "cannot be written"),
        (["--classes", "apple,pear"], "0 training and 0 test pictures of 'apple'"),
        (["--out", __file__], "cannot be written"),
        (["--out", ""], "--out is empty"),
        (["--bucket", ""], "--bucket is empty"),
        (["--name", ""], "--name is empty"),
    ],
)
def test_bad_input_is_one_line_and_a_failure(
    arguments: list[str],
    complaint: str,
    drawn: Path,
    tmp_path: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SCONES_CIFAR100", str(drawn))
    monkeypatch.chdir(tmp_path)
    if not {"--out", "--bucket"} & set(arguments):
        arguments = [*arguments, "--out", str(tmp_path / "out")]
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("stage.py: ")
    assert len(line) < 1000
    assert complaint in line
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_may_not_be_read_is_one_line(
    drawn: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(archive, "read", deny)
    status, _, error = run("--archive", drawn, "--out", tmp_path, capsys=capsys)
    assert status == 1
    assert error == f"stage.py: {drawn} cannot be read: [Errno 13] Permission denied: '{drawn}'"


@pytest.mark.parametrize("text", ["{", '{"context": {"scones": {"validation_fraction": 2}}}'])
def test_wrong_settings_are_one_line(
    text: str, drawn: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cdk.json"
    path.write_text(text)
    monkeypatch.setattr(settings, "read_cdk_json", partial(settings.read_cdk_json, path))
    status, _, error = run("--archive", drawn, "--out", tmp_path / "out", capsys=capsys)
    assert status == 1
    assert error.startswith("stage.py: ")
    assert len(error.splitlines()) == 1


def test_ctrl_c_while_reading_is_one_line(
    drawn: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(archive, "read", interrupt)
    assert main(["--archive", str(drawn)]) == 130
    assert capsys.readouterr().err == "stage.py: interrupted; run it again to go on\n"


def test_ctrl_c_while_still_starting_leaves_no_traceback(drawn: Path, tmp_path: Path) -> None:
    script = REPOSITORY / "data_staging" / "stage.py"
    started = subprocess.Popen(
        [sys.executable, "-X", "importtime", script, "--archive", drawn, "--out", tmp_path],
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background makes them ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert started.stderr is not None
    for line in started.stderr:
        if "numpy" in line:
            break
    started.send_signal(signal.SIGINT)
    errors = started.stderr.read()
    started.stderr.close()
    assert started.wait(timeout=30) == 130
    assert "Traceback" not in errors
    assert errors.endswith("stage.py: interrupted; run it again to go on\n")


@pytest.mark.parametrize(
    ("name", "told"), [("no such", "--other-class is 'no such'"), ("apple", "apple is one of the classes")]
)
def test_a_wrong_other_class_is_one_line(name: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--classes", "apple,pear", "--other-class", name, "--out", "unused"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert told in error


def test_writing_a_folder_does_not_wait_for_boto3() -> None:
    program = "import sys; from data_staging import steps; print('boto3' in sys.modules)"
    imported = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert imported.stdout == "False\n"
