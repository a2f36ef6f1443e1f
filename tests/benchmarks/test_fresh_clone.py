"""What the benchmark of a fresh clone hands on, and what it notes of a demo."""

from pathlib import Path

import pytest

from benchmarks.fresh_clone import REPOSITORY, Demo, isolate, note_steps


def test_a_clone_s_demo_finds_neither_this_project_s_tools_nor_the_caller_s_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    given = {
        "PATH": f"{REPOSITORY / '.venv' / 'bin'}:{REPOSITORY / 'node_modules' / '.bin'}:/usr/bin",
        "HOME": "/home/newcomer",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1/",
        "SCONES_LOCAL_HOME": "/somewhere",
        "MAKEFLAGS": "-n",
        "VIRTUAL_ENV": "/somewhere",
        "HTTPS_PROXY": "http://proxy.example/",
        "PIP_CONFIG_FILE": "/etc/pip.conf",
    }
    isolated = isolate(given, home)
    assert isolated["PATH"] == "/usr/bin"
    assert isolated["HTTPS_PROXY"] == "http://proxy.example/"
    assert isolated["PIP_CONFIG_FILE"] == "/etc/pip.conf"
    assert not {"AWS_ENDPOINT_URL", "SCONES_LOCAL_HOME", "MAKEFLAGS", "VIRTUAL_ENV"} & isolated.keys()
    folders = ("HOME", "XDG_CACHE_HOME", "PIP_CACHE_DIR", "npm_config_cache")
    assert all(Path(isolated[name]).is_relative_to(home) for name in folders)


def test_the_time_of_setting_up_ends_when_the_pictures_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter(range(101, 110))
    monkeypatch.setattr("benchmarks.fresh_clone.time.time", lambda: next(seconds))
    demo = Demo()
    note_steps(
        demo, ["Installing Python packages\n", "WARNING: a\n", "Pictures: CIFAR-100\n", "up at a\n"], 100
    )
    assert demo.set_up == 3
    assert demo.steps == [(1, "Installing Python packages"), (3, "Pictures: CIFAR-100"), (4, "up at a")]


def test_a_report_names_no_folder_of_the_machine() -> None:
    demo = Demo()
    lines = [
        "Pictures: CIFAR-100 (/data/some/a.tar.gz)\n",
        "up at http://127.0.0.1:1 (state in /tmp/x/.cloud)\n",
    ]
    note_steps(demo, lines, 0)
    assert [text for _, text in demo.steps] == [
        "Pictures: CIFAR-100 (a.tar.gz)",
        "up at http://127.0.0.1:1 (state in .cloud)",
    ]
