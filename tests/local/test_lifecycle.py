"""The embedded cloud starts once, stops whole, keeps what was deployed, and never gets in anybody's way."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from local import lifecycle
from local.__main__ import main
from local.environment import build_server_environment, format_client_exports
from local.patching import find_original
from tests.local.cloud_process import Cloud, eventually, free_port, local, processes_of


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Cloud]:
    """A cloud that the test starts and stops itself."""
    cloud = Cloud(tmp_path / "home", free_port())
    yield cloud
    lifecycle.stop(cloud.home)


def up(cloud: Cloud) -> subprocess.CompletedProcess[str]:
    return local("up", "--home", cloud.home, "--port", str(cloud.port))


def test_starting_twice_leaves_one_running(own: Cloud) -> None:
    first = up(own)
    assert (first.returncode, len(first.stdout.splitlines())) == (0, 1)
    pid = own.pid
    again = local("up", "--home", own.home)
    assert (again.returncode, again.stdout) == (0, f"already up at http://127.0.0.1:{own.port}\n")
    status = local("status", "--home", own.home)
    assert (status.returncode, own.pid) == (0, pid)
    assert f"http://127.0.0.1:{own.port}" in status.stdout


def test_two_that_start_at_once_leave_one_running(own: Cloud) -> None:
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda _: up(own), range(2)))
    assert [result.returncode for result in results] == [0, 0]
    assert len([line for line in processes_of(own.home) if "local.server" in line]) == 1


def test_one_that_is_up_is_not_moved_to_another_port(cloud: Cloud) -> None:
    moved = local("up", "--home", cloud.home, "--port", str(free_port()))
    assert (moved.returncode, moved.stdout) == (1, "")
    assert f"already up on port {cloud.port}" in moved.stderr


def test_a_port_in_use_is_one_line(own: Cloud) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", own.port))
        other.listen()
        refused = up(own)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"local: port {own.port} is in use; choose another with --port\n"


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["up", "--port", port])
    assert refused.value.code == 2
    assert "give a whole number from 1 to 65535" in capsys.readouterr().err


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = local("up", "--home", tmp_path / "file" / "home")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"local: cannot write to {tmp_path / 'file' / 'home'}")
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["up", "status", "env", "down"])
def test_a_home_that_no_disk_can_hold_is_one_short_line(command: str) -> None:
    refused = local(command, "--home", "x" * 5000)
    assert refused.returncode == 1
    assert refused.stderr.startswith("local: cannot ")
    assert len(refused.stderr) < 400
    assert refused.stderr.endswith(": File name too long; choose another with --home\n")


def test_a_folder_with_other_files_is_no_home_and_keeps_them(own: Cloud) -> None:
    (own.home / "tmp").mkdir(parents=True)
    (own.home / "tmp" / "thesis").touch()
    refused = up(own)
    assert refused.returncode == 1
    assert (
        refused.stderr
        == f"local: {own.home} holds other files; choose an empty or a new folder with --home\n"
    )
    assert [path.name for path in own.home.rglob("*")] == ["tmp", "thesis"]


def test_a_home_that_cannot_be_written_is_one_line(own: Cloud) -> None:
    own.home.mkdir()
    (own.home / "up.lock").touch()
    (own.home / "log").mkdir()
    refused = up(own)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"local: cannot write to {own.home / 'log'}: ")
    assert len(refused.stderr.splitlines()) == 1
    assert processes_of(own.home) == []


def test_a_home_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "server.lock").mkdir(parents=True)
    for command in ("status", "env", "down"):
        refused = local(command, "--home", tmp_path)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr.startswith(f"local: cannot read {tmp_path}: ")
        assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize("record", [b"", b"{", b"null", b"[]", b"{}", b"\xff", b'{"pid": "x", "port": 1}'])
def test_a_record_that_no_server_wrote_is_as_good_as_none(own: Cloud, record: bytes) -> None:
    own.home.mkdir()
    (own.home / "server.json").write_bytes(record)
    assert lifecycle.stop(own.home) == "not up"


@pytest.mark.parametrize("pid", [0, -1])
def test_a_record_can_end_no_process_but_a_server(
    own: Cloud, pid: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifecycle, "RECORD_ATTEMPTS", 1)
    own.home.mkdir()
    (own.home / "server.json").write_text(json.dumps({"pid": pid, "port": own.port}))
    with (own.home / "server.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(lifecycle.CloudError, match="does not say which; end it by hand"):
            lifecycle.stop(own.home)


def test_state_that_cannot_be_read_is_named_and_not_overwritten(own: Cloud) -> None:
    (own.home / "state").mkdir(parents=True)
    (own.home / "up.lock").touch()
    broken = own.home / "state" / "ssm.json"
    broken.write_text('{"half')
    refused = up(own)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"{broken} cannot be read" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert broken.read_text() == '{"half'


def test_a_disk_that_is_all_but_full_is_one_line_that_says_so(
    own: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=4_000_000))
    assert main(["up", "--home", str(own.home), "--port", str(own.port)]) == 1
    assert capsys.readouterr().err == (
        f"local: 4 MB are free where {own.home} lies, and 500 MB are needed: make room there, "
        "or choose another with --home\n"
    )
    assert lifecycle.find_server(own.home) is None


def test_it_listens_on_127_0_0_1_alone(cloud: Cloud) -> None:
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", cloud.port)) == 0
    with socket.socket() as elsewhere:
        # Taken here if the server had it on every address.
        elsewhere.bind(("127.0.0.2", cloud.port))


def test_what_is_down_has_no_environment_and_stops_again_without_complaint(own: Cloud) -> None:
    exports = local("env", "--home", own.home)
    assert (exports.returncode, exports.stdout) == (1, "")
    assert exports.stderr == "local: not up; `python -m local up` starts it\n"
    assert local("status", "--home", own.home).stdout == "down\n"
    stopped = local("down", "--home", own.home)
    assert (stopped.returncode, stopped.stdout) == (0, "not up\n")


def test_its_exports_lead_a_shell_away_from_a_real_account(cloud: Cloud) -> None:
    exports = local("env", "--home", cloud.home).stdout
    real = {"AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "real", "AWS_ACCESS_KEY_ID": "AKIAREAL"}
    real |= {"NO_PROXY": "intranet"}
    shown = subprocess.run(
        ["bash", "-euc", 'eval "$1"; env', "bash", exports],
        env={**os.environ, **real},
        capture_output=True,
        text=True,
        check=True,
    )
    environment = dict(line.split("=", 1) for line in shown.stdout.splitlines() if "=" in line)
    assert environment["NO_PROXY"] == "127.0.0.1,localhost,intranet"
    assert not environment.keys() & {"AWS_PROFILE", "AWS_SESSION_TOKEN"}
    assert environment["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{cloud.port}"
    assert environment["AWS_ACCESS_KEY_ID"] == "test"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "us-east-1"


@pytest.mark.parametrize("by_variable", [True, False])
def test_its_exports_give_the_sagemaker_sdk_defaults_beneath_the_user_s_own(
    cloud: Cloud, tmp_path: Path, by_variable: bool
) -> None:
    """The loader is that of the SDK itself, which merges two files and no more."""
    own = tmp_path / "sagemaker" / "config.yaml"
    own.parent.mkdir()
    tags = [{"Key": "team", "Value": "mine"}]
    own.write_text(
        json.dumps({"SchemaVersion": "1.0", "SageMaker": {"TrainingJob": {"Tags": tags}}}), encoding="utf-8"
    )
    user = {"SAGEMAKER_USER_CONFIG_OVERRIDE": str(own)} if by_variable else {"XDG_CONFIG_HOME": str(tmp_path)}
    program = (
        "import json; from sagemaker.core.config.config import load_sagemaker_config; "
        "print(json.dumps(load_sagemaker_config()))"
    )
    exports = local("env", "--home", cloud.home).stdout
    loaded = subprocess.run(
        ["bash", "-euc", 'eval "$1"; exec "$2" -W ignore -c "$3"', "bash", exports, sys.executable, program],
        env={**os.environ, **user},
        capture_output=True,
        text=True,
        check=True,
    )
    config = json.loads(loaded.stdout.splitlines()[-1])["SageMaker"]
    modules = config["PythonSDK"]["Modules"]
    assert modules["TelemetryOptOut"] is True
    account = cloud.client("sts").get_caller_identity()["Account"]
    assert modules["Session"]["DefaultS3Bucket"] == f"sagemaker-us-east-1-{account}"
    if by_variable or sys.platform == "linux":
        assert config["TrainingJob"]["Tags"] == tags


def test_exports_survive_a_folder_with_a_quote() -> None:
    assert "'http://it'\"'\"'s'" in format_client_exports("http://it's")


def test_nothing_of_the_callers_account_or_of_another_emulator_reaches_the_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "SERVICES", "LOG_LEVEL", "LAMBDA_EXECUTOR"):
        monkeypatch.setenv(name, "the caller's")
    monkeypatch.setenv("SCONES_SEED", "7")
    environment = build_server_environment(Path("/home"), 4566)
    assert "the caller's" not in environment.values()
    assert environment["SCONES_SEED"] == "7"


def test_what_was_deployed_is_there_after_a_restart(own: Cloud) -> None:
    up(own)
    function = own.function("def handler(event, context): return event + 1")
    own.client("ssm").put_parameter(Name="/kept", Value="yes", Type="String")
    own.client("s3").create_bucket(Bucket="kept")
    own.client("s3").put_object(Bucket="kept", Key="photo.png", Body=b"photo")
    assert own.invoke(function, 1) == (None, 2)
    assert local("down", "--home", own.home).stdout == "down\n"
    assert processes_of(own.home) == []
    up(own)
    assert own.invoke(function, 2) == (None, 3)
    assert own.parameter("/kept") == "yes"
    assert own.client("s3").get_object(Bucket="kept", Key="photo.png")["Body"].read() == b"photo"


@pytest.fixture
def copied(tmp_path: Path) -> Iterator[Cloud]:
    """A cloud whose home the test makes of another one's."""
    cloud = Cloud(tmp_path / "copy", free_port())
    yield cloud
    lifecycle.stop(cloud.home)


def test_a_copied_home_comes_up_beside_the_first_with_what_was_deployed(own: Cloud, copied: Cloud) -> None:
    up(own)
    function = own.function("def handler(event, context): return event + 1")
    assert own.invoke(function, 1) == (None, 2)
    own.client("ssm").put_parameter(Name="/kept", Value="yes", Type="String")
    own.client("s3").create_bucket(Bucket="kept")
    own.client("s3").put_object(Bucket="kept", Key="photo.png", Body=b"photo")
    queues = own.client("sqs")
    queues.send_message(QueueUrl=queues.create_queue(QueueName="uploads")["QueueUrl"], MessageBody="kept")
    lifecycle.stop(own.home)
    shutil.copytree(own.home, copied.home)
    up(own)
    up(copied)
    assert copied.invoke(function, 2) == (None, 3)
    copied.client("ssm").put_parameter(Name="/kept", Value="changed", Type="String", Overwrite=True)
    assert (own.parameter("/kept"), copied.parameter("/kept")) == ("yes", "changed")
    copied.client("s3").delete_object(Bucket="kept", Key="photo.png")
    assert own.client("s3").get_object(Bucket="kept", Key="photo.png")["Body"].read() == b"photo"
    for cloud in (own, copied):
        queues = cloud.client("sqs")
        (address,) = queues.list_queues()["QueueUrls"]
        assert f":{cloud.port}/" in address
        (message,) = queues.receive_message(QueueUrl=address)["Messages"]
        assert message["Body"] == "kept"
    lifecycle.stop(copied.home)
    assert processes_of(copied.home) == []
    assert own.invoke(function, 3) == (None, 4)


def test_a_killed_server_leaves_no_process_and_loses_no_stack(own: Cloud) -> None:
    up(own)
    function = own.function("import time\ndef handler(event, context): time.sleep(event)")
    own.invoke(function, 0)
    assert any("runtime_client" in line for line in processes_of(own.home))
    template = {
        "Resources": {
            "Value": {
                "Type": "AWS::SSM::Parameter",
                "Properties": {"Name": "/v", "Type": "String", "Value": "1"},
            }
        }
    }
    own.client("cloudformation").create_stack(StackName="kept", TemplateBody=json.dumps(template))
    own.settled("kept")
    eventually(lambda: (own.home / "state" / "ssm.json").exists())
    os.kill(own.pid, signal.SIGKILL)
    eventually(lambda: lifecycle.find_server(own.home) is None)
    eventually(lambda: processes_of(own.home) == [])
    assert up(own).returncode == 0
    assert own.parameter("/v") == "1"


def test_a_custom_resource_that_hangs_does_not_keep_it_up(own: Cloud) -> None:
    up(own)
    token = own.function("import time\ndef handler(event, context): time.sleep(600)", Timeout=600)
    template = {"Resources": {"Job": {"Type": "Custom::Job", "Properties": {"ServiceToken": token}}}}
    own.client("cloudformation").create_stack(StackName="hangs", TemplateBody=json.dumps(template))
    eventually(lambda: any("runtime_client" in line for line in processes_of(own.home)))
    own.client("ssm").put_parameter(Name="/meanwhile", Value="1", Type="String")
    assert local("down", "--home", own.home).stdout == "down\n"
    assert processes_of(own.home) == []
    # Only a server that was not killed has saved this.
    assert "/meanwhile" in (own.home / "state" / "ssm.json").read_text()


def test_a_process_that_has_a_dead_servers_number_is_left_alone(own: Cloud) -> None:
    own.home.mkdir()
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        (own.home / "server.lock").touch()
        (own.home / "server.json").write_text(json.dumps({"pid": stranger.pid, "port": own.port}))
        assert local("status", "--home", own.home).stdout == "down\n"
        assert local("down", "--home", own.home).stdout == "not up\n"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_emulator_of_another_version_is_named_with_the_one_that_is_needed() -> None:
    with pytest.raises(SystemExit) as told:
        find_original(socket, "no_such_name")
    assert "no socket.no_such_name: install ministack==1.5.33" in str(told.value)
