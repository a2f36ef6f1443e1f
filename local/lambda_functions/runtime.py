"""Runs Python functions over a true Lambda Runtime API, as AWS does, where MiniStack has a shortcut.

MiniStack has such an API for custom runtimes alone; through its shortcut a function's errors lose their class
name, by which a state machine catches them, and a function sees every package of the server.
"""

import os
import queue
import time
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.lambda_functions.memory import measure
from local.lambda_functions.metrics import note_start
from local.lambda_functions.packages import make_runtime, unpack
from local.lambda_functions.runtime_client import END_OF_OUTPUT
from local.patching import find_original, wrap

OUTPUT_SECONDS = 1.0
HOST_VARIABLES = ("PATH", "TMPDIR", "NO_PROXY", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""Variables of the server's environment that a function on this machine needs."""


class _PythonCode(bytes):
    """The zip of a Python function, as a type that tells it from the zip of a custom runtime."""


class PythonWorker(lambda_runtime.ProvidedWorker):
    """One execution environment of a Python function.

    Attributes:
        megabytes: The most memory that its process took, once it has ended.
    """

    megabytes = 0

    def __init__(self, function_name: str, config: dict[str, Any], code: bytes) -> None:
        super().__init__(function_name, config, _PythonCode(code))

    def invoke(self, event: Any, request_id: str, **invocation: Any) -> dict[str, Any]:
        """Runs one invocation; words a time-out as AWS does."""
        result = super().invoke(event, request_id, **invocation)
        error = result.get("error_payload")
        if isinstance(error, dict) and error["errorType"] == "Sandbox.Timedout":
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            result["log"] += f"\n{stamp} {request_id} {error['errorMessage']}"
            error["errorMessage"] = f"RequestId: {request_id} Error: {error['errorMessage']}"
        return result

    def _build_handler_class(self, *generation: Any) -> Any:
        """Returns the class that answers the function; it sends an event without a pause."""
        handler = super()._build_handler_class(*generation)
        # Sent in two parts, the second of which would wait 40 ms for the first to be acknowledged.
        handler.disable_nagle_algorithm = True
        return handler

    def _spawn(self, init_timeout: float | None = None) -> None:
        began = time.monotonic()
        try:
            super()._spawn(init_timeout)
        finally:
            note_start(time.monotonic() - began)

    def _teardown(self) -> None:
        """Ends the process, and keeps what memory it took."""
        if self._proc is not None:
            self.megabytes = measure(self._proc.pid)
        super()._teardown()

    def _await_init(self, init_timeout: float | None = None) -> None:
        try:
            super()._await_init(init_timeout)
        except RuntimeError:
            if not isinstance(self._init_error, dict):
                raise
            message, kind = self._init_error["errorMessage"], self._init_error["errorType"]
            raise lambda_runtime.ProvidedRuntimeError(message, kind) from None

    def _drain_stderr_bounded(self, first_line_wait: float = OUTPUT_SECONDS, **_waits: float) -> str:
        """Returns the lines that the function printed, up to the mark of its end."""
        lines: list[str] = []
        deadline = time.monotonic() + first_line_wait
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._stderr_queue.get(timeout=left)
            except queue.Empty:
                break
            if line.startswith(END_OF_OUTPUT):
                break
            lines.append(line)
        return "\n".join(lines)


def install(folder: Path) -> None:
    """Sends Python functions through the Runtime API.

    Args:
        folder: Empty folder for the runtime and the unpacked functions.
    """
    for method in (
        "invoke",
        "_build_handler_class",
        "_spawn",
        "_teardown",
        "_await_init",
        "_drain_stderr_bounded",
    ):
        find_original(lambda_runtime.ProvidedWorker, method)
    make_runtime(folder / "runtime")
    packages = folder / "packages"
    packages.mkdir()
    execute_over_api = find_original(lambda_svc, "_execute_function_provided_warm")
    code_lock = find_original(lambda_svc, "_provided_code_lock")

    def prepare_code(prepare: Any, code: bytes) -> str:
        if not isinstance(code, _PythonCode):
            return str(prepare(code))
        with code_lock:
            home = unpack(code, packages).parent
            bootstrap = home / "bootstrap"
            if not bootstrap.is_symlink():
                bootstrap.symlink_to(folder / "runtime" / "bootstrap")
        return str(home)

    def build_environment(build: Any, config: dict[str, Any], home: str, port: int) -> dict[str, str]:
        variables: dict[str, str] = build(config, home, port)
        if not _is_python(config):
            return variables
        return _select_variables(config, variables) | {
            "LAMBDA_TASK_ROOT": str(Path(home) / "task"),
            "LAMBDA_RUNTIME_DIR": str(folder / "runtime" / "packages"),
        }

    def execute(execute_in_shortcut: Any, function: dict[str, Any], event: Any, request_id: str) -> Any:
        over_api = _is_python(function.get("config") or function)
        return (execute_over_api if over_api else execute_in_shortcut)(function, event, request_id)

    def choose_worker(choose: Any, config: dict[str, Any]) -> Any:
        return PythonWorker if _is_python(config) else choose(config)

    wrap(lambda_svc, "_provided_runtime_code_dir", prepare_code)
    wrap(lambda_svc, "_provided_worker_env", build_environment)
    wrap(lambda_svc, "_execute_function_warm", execute)
    wrap(lambda_runtime, "_worker_class_for", choose_worker)


def _is_python(config: dict[str, Any]) -> bool:
    return str(config.get("Runtime", "")).startswith("python")


def _select_variables(config: dict[str, Any], variables: dict[str, str]) -> dict[str, str]:
    """Returns the variables that a function has on AWS: AWS's, and those of its own settings."""
    settings = (config.get("Environment") or {}).get("Variables") or {}
    logging = config.get("LoggingConfig") or {}
    name = variables["AWS_LAMBDA_FUNCTION_NAME"]
    selected = {
        key: value
        for key, value in variables.items()
        if key not in os.environ or key in settings or key in HOST_VARIABLES or key.startswith("AWS_")
    }
    return selected | {
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config['Runtime']}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": logging.get("LogFormat", "Text"),
        "AWS_LAMBDA_LOG_GROUP_NAME": logging.get("LogGroup") or f"/aws/lambda/{name}",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
    }
