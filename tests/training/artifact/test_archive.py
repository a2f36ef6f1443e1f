"""model.tar.gz: the files of a model come out of it, and nothing else, whoever made it."""

import io
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training.artifact import archive as model_archive
from training.artifact.archive import InvalidArchive, unpack

FILES = {
    "image-classification-0007.params": b"weights" * 1000,
    "image-classification-symbol.json": b"{}",
    "model-shapes.json": b"[]",
}


def packed(files, prefix="", kind=tarfile.REGTYPE):
    """Returns the tar.gz; the members that are no files of a model are of another kind."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(prefix + name)
            if name not in FILES:
                member.type = kind
                member.linkname = "/etc/hostname"
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def unpacked(tmp_path):
    """Returns a function that unpacks bytes and gives what was written, by name."""

    def call(content):
        archive = tmp_path / "model.tar.gz"
        archive.write_bytes(content)
        folder = tmp_path / "unpacked"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        unpack(archive, folder)
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    return call


def test_the_files_of_a_model_come_out(unpacked):
    assert unpacked(packed(FILES)) == FILES


def test_names_may_begin_with_the_folder_that_tar_was_called_in(unpacked, tmp_path):
    (tmp_path / "model").mkdir()
    for name, content in FILES.items():
        (tmp_path / "model" / name).write_bytes(content)
    with tarfile.open(tmp_path / "made.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "model", "./")
    assert unpacked((tmp_path / "made.tar.gz").read_bytes()) == FILES


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
@pytest.mark.parametrize("name", ["image-classification-0001.params", "link"])
def test_a_link_or_device_is_refused_whatever_its_name(unpacked, kind, name):
    with pytest.raises(InvalidArchive, match="is no file of a model"):
        unpacked(packed({name: b""}, kind=kind))


@pytest.mark.parametrize(
    "name",
    ["../model-shapes.json", "/model-shapes.json", "folder/model-shapes.json", "code/inference.py", "a\nb"],
)
def test_another_file_is_refused_in_one_line(unpacked, name, tmp_path):
    with pytest.raises(InvalidArchive, match="is no file of a model") as caught:
        unpacked(packed({name: b"x"}))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "model-shapes.json").exists()


def test_a_file_that_is_there_twice_is_refused(unpacked):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("model-shapes.json"))
    with pytest.raises(InvalidArchive, match="is no file of a model, or is there twice"):
        unpacked(buffer.getvalue())


def test_an_archive_that_unpacks_to_too_much_is_refused(unpacked, monkeypatch):
    monkeypatch.setattr(model_archive, "MAX_BYTES", 30_000)
    assert unpacked(packed(FILES)) == FILES
    with pytest.raises(InvalidArchive, match="it unpacks to more than 30000 bytes"):
        unpacked(packed({**FILES, "image-classification-0008.params": bytes(1 << 20)}))


@pytest.mark.parametrize("sparse", ["0,1", "nothing"])
def test_a_file_with_holes_is_refused(unpacked, sparse):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("model-shapes.json")
        member.pax_headers = {"GNU.sparse.map": sparse, "GNU.sparse.size": "99999999999999"}
        archive.addfile(member)
    with pytest.raises(InvalidArchive):
        unpacked(buffer.getvalue())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=20), st.integers(0, 400))
def test_a_damaged_archive_is_one_line(unpacked, damage, where):
    whole = packed(FILES)
    content = whole[:where] + damage + whole[where + len(damage) :]
    try:
        unpacked(content)
    except InvalidArchive as error:
        assert len(str(error).splitlines()) == 1


def test_a_cut_archive_is_noticed(unpacked):
    whole = packed(FILES)
    for size in range(0, len(whole), 5):
        with pytest.raises(InvalidArchive):
            unpacked(whole[:size])
