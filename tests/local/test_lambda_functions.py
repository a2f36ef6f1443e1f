"""What a Python function meets on the embedded cloud is what it meets on AWS."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from queue import Queue
from uuid import uuid4

import pytest

from local.lambda_functions.packages import unpack
from local.lambda_functions.runtime import PythonWorker
from local.lambda_functions.runtime_client import Context, answer
from tests.local.cloud_process import Cloud, zipped


def test_an_exception_is_reported_by_its_class_name(cloud: Cloud) -> None:
    function = cloud.function(
        "class PhotoMissing(Exception): pass\n"
        "def handler(event, context): raise PhotoMissing('no such photo')"
    )
    error, payload = cloud.invoke(function)
    assert error == "Unhandled"
    assert payload["errorType"] == "PhotoMissing"
    assert payload["errorMessage"] == "no such photo"
    assert "index.py" in payload["stackTrace"][0]


def test_a_package_that_only_the_server_has_is_missing(cloud: Cloud) -> None:
    error, payload = cloud.invoke(cloud.function("import numpy\ndef handler(event, context): pass"))
    assert error == "Unhandled"
    assert payload["errorType"] == "Runtime.ImportModuleError"
    assert payload["errorMessage"] == "Unable to import module 'index': No module named 'numpy'"


def test_what_the_runtime_brings_is_there_and_calls_this_cloud(cloud: Cloud) -> None:
    function = cloud.function(
        "import boto3\ndef handler(event, context): return boto3.client('sts').get_caller_identity()['Arn']"
    )
    error, arn = cloud.invoke(function)
    assert error is None
    assert ":assumed-role/role-" in arn


def test_a_role_that_does_not_allow_it_is_refused(cloud: Cloud) -> None:
    function = cloud.function(
        "import boto3\ndef handler(event, context): return boto3.client('ssm').describe_parameters()"
    )
    error, payload = cloud.invoke(function)
    assert error == "Unhandled"
    assert "is not authorized to perform: ssm:DescribeParameters" in payload["errorMessage"]


@pytest.mark.parametrize("handler", ["photos.routes.handle", "photos/routes.handle"])
def test_a_handler_may_be_in_a_package(cloud: Cloud, handler: str) -> None:
    sources = {"photos/__init__.py": "", "photos/routes.py": "def handle(event, context): return event"}
    assert cloud.invoke(cloud.function(sources, Handler=handler), {"a": [1, "é"]}) == (None, {"a": [1, "é"]})


def test_a_handler_that_is_not_there_is_named(cloud: Cloud) -> None:
    _error, payload = cloud.invoke(cloud.function("", Handler="index.handler"))
    assert payload["errorType"] == "Runtime.HandlerNotFound"
    assert payload["errorMessage"] == "Handler 'handler' missing on module 'index'"


def test_the_context_says_who_and_how_long(cloud: Cloud) -> None:
    function = cloud.function(
        "def handler(event, context): return [context.function_name, context.invoked_function_arn,"
        " context.memory_limit_in_mb, len(context.aws_request_id), context.get_remaining_time_in_millis()]",
        Timeout=7,
        MemorySize=256,
    )
    _error, (name, arn, memory, request, left) = cloud.invoke(function)
    assert (arn, name) == (function, function.rsplit(":", 1)[-1])
    assert (memory, request) == ("256", 36)
    assert 0 < left <= 7000


def test_the_environment_is_awss_and_the_functions_own(cloud: Cloud) -> None:
    function = cloud.function(
        "import os\ndef handler(event, context): return dict(os.environ)",
        Environment={"Variables": {"CLASSES": "bicycle,motorcycle"}},
    )
    _error, environment = cloud.invoke(function)
    assert environment["CLASSES"] == "bicycle,motorcycle"
    assert environment["AWS_REGION"] == environment["AWS_DEFAULT_REGION"] == "us-east-1"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == function.rsplit(":", 1)[-1]
    assert environment["AWS_EXECUTION_ENV"] == f"AWS_Lambda_python3.{sys.version_info.minor}"
    servers = {"GATEWAY_PORT", "STATE_DIR", "S3_DATA_DIR", "NODE_PATH", "HOME", "AUTH", "PYTHONPATH"}
    assert not servers & environment.keys()


def test_a_function_that_takes_too_long_is_stopped_and_runs_again(cloud: Cloud) -> None:
    function = cloud.function("import time\ndef handler(event, context): time.sleep(event)\n", Timeout=1)
    error, payload = cloud.invoke(function, 30)
    assert error == "Unhandled"
    assert payload["errorType"] == "Sandbox.Timedout"
    assert payload["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert cloud.invoke(function, 0) == (None, None)


def test_a_function_that_ends_its_process_is_said_to_have_exited(cloud: Cloud) -> None:
    _error, payload = cloud.invoke(cloud.function("import os\ndef handler(event, context): os._exit(3)"))
    assert payload["errorType"] == "Runtime.ExitError"


@pytest.mark.parametrize("event", [b"", b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b"\xff"])
def test_an_event_that_python_cannot_decode_is_refused_as_awss_runtime_does(event: bytes) -> None:
    kind, body = answer(lambda *_: "called", event, Context(aws_request_id="5c3a"))
    assert kind == "error"
    assert json.loads(body)["errorType"] == "Runtime.UnmarshalError"


def test_a_result_that_is_not_json_is_refused(cloud: Cloud) -> None:
    _error, payload = cloud.invoke(cloud.function("def handler(event, context): return {1, 2}"))
    assert payload["errorType"] == "Runtime.MarshalError"
    assert "set is not JSON serializable" in payload["errorMessage"]


def test_a_result_larger_than_awss_limit_is_refused(cloud: Cloud) -> None:
    _error, payload = cloud.invoke(cloud.function("def handler(event, context): return 'x' * 6_300_000"))
    assert payload["errorType"] == "Function.ResponseSizeTooLarge"


def test_what_is_printed_goes_to_the_configured_log_group(cloud: Cloud) -> None:
    group = f"/photos/{uuid4().hex}"
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName=group)
    function = cloud.function(
        "import logging\n"
        "def handler(event, context):\n"
        "    print('looking at', event)\n"
        "    logging.getLogger().error('it is blurred')\n"
        "    raise ValueError('not a photo')",
        LoggingConfig={"LogGroup": group},
    )
    cloud.invoke(function, "a.png")
    messages = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    assert messages[0].startswith("START RequestId: ")
    assert messages[1] == "looking at a.png"
    assert messages[2].startswith("[ERROR]\t")
    assert messages[2].endswith("\tit is blurred")
    assert "[ERROR] ValueError: not a photo" in messages
    assert [message.split()[0] for message in messages[-2:]] == ["END", "REPORT"]


def test_a_log_in_json_holds_an_error_in_json(cloud: Cloud) -> None:
    group = f"/photos/{uuid4().hex}"
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName=group)
    function = cloud.function(
        "def handler(event, context): raise ValueError('not a photo')",
        LoggingConfig={"LogGroup": group, "LogFormat": "JSON"},
    )
    cloud.invoke(function)
    messages = [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]]
    report = json.loads(messages[1])
    assert (report["level"], report["errorType"], report["errorMessage"]) == (
        "ERROR",
        "ValueError",
        "not a photo",
    )


def test_a_warm_function_keeps_its_module_and_concurrent_calls_have_their_own(
    cloud: Cloud, tmp_path: Path
) -> None:
    # Called with a folder, it answers once two calls are there.
    function = cloud.function(
        "import os, time\ncalls = []\n"
        "def handler(folder, context):\n"
        "    calls.append(1)\n"
        "    if folder: os.mkdir(f'{folder}/{context.aws_request_id}')\n"
        "    while folder and len(os.listdir(folder)) < 2: time.sleep(0.01)\n"
        "    return [os.getpid(), len(calls)]"
    )
    _error, (process, calls) = cloud.invoke(function)
    assert (calls, cloud.invoke(function)) == (1, (None, [process, 2]))
    with ThreadPoolExecutor() as pool:
        answers = [answer for _error, answer in pool.map(cloud.invoke, [function] * 2, [str(tmp_path)] * 2)]
    assert answers[0][0] != answers[1][0]


def test_no_part_of_an_event_waits_until_the_function_acknowledges_another() -> None:
    answering = PythonWorker("resize", {}, b"")._build_handler_class(1, Queue())
    assert answering.disable_nagle_algorithm


def test_new_code_is_what_runs_next(cloud: Cloud) -> None:
    function = cloud.function("def handler(event, context): return 'old'")
    assert cloud.invoke(function) == (None, "old")
    newer = zipped({"index.py": "def handler(event, context): return 'new'"})
    cloud.client("lambda").update_function_code(FunctionName=function, ZipFile=newer)
    assert cloud.invoke(function) == (None, "new")


def bundled(name: str, *files: str) -> dict[str, str]:
    """Returns the files of a distribution as pip leaves them in a function's package."""
    information = f"{name}-1.0.dist-info"
    return {
        **dict.fromkeys(files, ""),
        f"{information}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{information}/RECORD": "".join(f"{file},,\n" for file in (*files, f"{information}/RECORD")),
    }


@pytest.mark.parametrize("build", ["cpython-399-x86_64-linux-gnu", "cpython-311-riscv64-linux-gnu"])
def test_what_is_compiled_for_another_python_or_machine_is_replaced_whole_by_this_ones(
    build: str, tmp_path: Path
) -> None:
    sources = {
        **bundled("pillow", "PIL/__init__.py", f"PIL/_imaging.{build}.so", "pillow.libs/libjpeg.so.62"),
        **bundled("pillow_heif", "pillow_heif/__init__.py", f"_pillow_heif.{build}.so"),
        **bundled("plain", "plain/__init__.py"),
        "lambdas/__init__.py": "",
    }
    root = unpack(zipped(sources), tmp_path)
    code = "import _pillow_heif, pillow_heif, PIL.Image; print(PIL.__file__, pillow_heif.__file__)"
    loaded = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(root)!r}); {code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.split() == [str(root / "PIL/__init__.py"), str(root / "pillow_heif/__init__.py")]
    assert not list(root.rglob(f"*{build}*"))
    assert not (root / "plain").is_symlink()
    assert not (root / "lambdas").is_symlink()
    assert [path.name for path in tmp_path.iterdir()] == [root.parent.name]


def test_what_is_compiled_for_another_python_and_not_installed_here_is_left(tmp_path: Path) -> None:
    root = unpack(zipped(bundled("elsewhere", "elsewhere.cpython-399-darwin.so")), tmp_path)
    assert (root / "elsewhere.cpython-399-darwin.so").exists()


def test_what_is_compiled_for_this_python_is_unpacked_as_it_is(tmp_path: Path) -> None:
    module = f"PIL/_imaging{EXTENSION_SUFFIXES[0]}"
    root = unpack(zipped(bundled("pillow", module)), tmp_path)
    assert not (root / "PIL").is_symlink()
    assert (root / module).stat().st_size == 0
