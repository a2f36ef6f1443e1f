"""Archives to stage: a drawn one, the one a developer has, and any that a test puts together."""

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from data_staging.dataset import DataSet
from data_staging.sample import CLASS_NAMES, KINDS, pickle_as_python_2, write_sample
from data_staging.steps import read_data_set
from tests.data_staging.own_pictures.photo_files import fill
from tests.data_staging.own_pictures.staged_pictures import CLASSES

TRAIN_PER_CLASS, TEST_PER_CLASS = 10, 2

Members = dict[str, bytes]


@pytest.fixture(autouse=True)
def no_archive_at_hand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test meets the developer's archive or cache unless it asks for it."""
    monkeypatch.delenv("SCONES_CIFAR100", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small drawn archive: 10 training and 2 test pictures of bicycle and of motorcycle."""
    path = tmp_path_factory.mktemp("drawn") / "drawn.tar.gz"
    write_sample(path, TRAIN_PER_CLASS, TEST_PER_CLASS)
    return path


@pytest.fixture(scope="session")
def data_set(drawn: Path) -> DataSet:
    """The drawn archive's 24 bicycles and motorcycles."""
    return read_data_set(drawn, ["bicycle", "motorcycle"], 0.1)


DEVELOPERS_ARCHIVE = os.environ.get("SCONES_CIFAR100")


@pytest.fixture(scope="session")
def cifar100(drawn: Path) -> Path:
    """The archive that SCONES_CIFAR100 names, or else the drawn one."""
    return Path(DEVELOPERS_ARCHIVE) if DEVELOPERS_ARCHIVE else drawn


@pytest.fixture
def meta() -> bytes:
    """The pickle ``meta`` as it should be."""
    return pickle_as_python_2({"fine_label_names": CLASS_NAMES, "coarse_label_names": KINDS})


@pytest.fixture
def archive_of(tmp_path: Path) -> Callable[..., Path]:
    """Returns a function that packs members, by name or as TarInfo, into an archive."""

    def pack(members: Members, *headers: tarfile.TarInfo) -> Path:
        path = tmp_path / "packed.tar.gz"
        with gzip.open(path, "wb", 1) as zipped, tarfile.open(fileobj=zipped, mode="w") as packed:
            for header in headers:
                packed.addfile(header)
            for name, content in members.items():
                header = tarfile.TarInfo(name)
                header.size = len(content)
                packed.addfile(header, io.BytesIO(content))
        return path

    return pack


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with six different own pictures of each of three classes."""
    return fill(tmp_path / "pictures", CLASSES)
