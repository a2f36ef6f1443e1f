"""The app synthesised once for all tests of this folder, and otherwise set twice: each takes seconds."""

import pytest

from tests.stacks.synthesis import Assembly, synthesise, synthesise_and_check


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The app as cdk.json sets it."""
    return synthesise_and_check(tmp_path_factory.mktemp("assembly"))


@pytest.fixture(scope="session")
def otherwise_set(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The app under another name, serverless, and with data that stay."""
    return synthesise(
        tmp_path_factory.mktemp("otherwise"),
        name="other",
        endpoint_mode="serverless",
        remove_data_on_destroy="false",
    )


@pytest.fixture(scope="session")
def with_auto(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The app with a threshold that is computed at deploy."""
    return synthesise_and_check(tmp_path_factory.mktemp("auto"), confidence_threshold="auto")


@pytest.fixture(scope="session")
def with_artifact(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """The app with a model artifact in S3 in place of training."""
    return synthesise_and_check(
        tmp_path_factory.mktemp("artifact"), model_artifact="s3://another-bucket/trained/model.tar.gz"
    )
