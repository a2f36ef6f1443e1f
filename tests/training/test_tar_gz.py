"""A .tar.gz of whatever origin: plain files come out of it, and nothing else, whoever made it."""

import gzip
import io
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from training import tar_gz
from training.tar_gz import DamagedArchive, InvalidArchive, open_files, unpack

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
        unpack(archive, folder, lambda name: name in FILES)
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
    with pytest.raises(InvalidArchive, match="is neither a plain file nor a folder"):
        unpacked(packed({name: b""}, kind=kind))


@pytest.mark.parametrize(
    "name",
    ["../model-shapes.json", "/model-shapes.json", "folder/model-shapes.json", "code/inference.py", "a\nb"],
)
def test_another_file_is_refused_in_one_line(unpacked, name, tmp_path):
    with pytest.raises(InvalidArchive, match=r"has no business in it|points out of the archive") as caught:
        unpacked(packed({name: b"x"}))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "model-shapes.json").exists()


def test_a_file_that_is_there_twice_is_refused(unpacked):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("model-shapes.json"))
    with pytest.raises(InvalidArchive, match="is there twice"):
        unpacked(buffer.getvalue())


def test_an_archive_that_unpacks_to_too_much_is_refused(unpacked, monkeypatch):
    monkeypatch.setattr(tar_gz, "MAX_BYTES", 30_000)
    assert unpacked(packed(FILES)) == FILES
    with pytest.raises(InvalidArchive, match=r"it unpacks to more than 30,000 bytes|has 1048576 bytes"):
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


def read_through(archive):
    with open_files(archive) as files:
        return [(name, content.read()) for name, content in files]


def long_names_of_long_names(count):
    """Returns so many headers of a long name, each for the next."""
    header = tarfile.TarInfo("name of a name")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 4
    return count * (header.tobuf(tarfile.GNU_FORMAT) + b"name".ljust(512, b"\0"))


def extended(record):
    """Returns an extended header with one record, as it is."""
    header = tarfile.TarInfo("extended")
    header.type, header.size = tarfile.XHDTYPE, len(record)
    return header.tobuf(tarfile.PAX_FORMAT) + record.ljust(512, b"\0")


@pytest.mark.parametrize(
    "headers",
    [
        long_names_of_long_names(5000),
        extended(b"1" * 400 + b" path=x\n"),
        extended(b"19 size=" + b"9" * 10 + b"\n"),
    ],
    ids=["long names", "a length of 400 digits", "a huge size"],
)
def test_headers_that_make_no_sense_are_one_line(headers, tmp_path):
    archive = tmp_path / "model.tar.gz"
    member = tarfile.TarInfo("image-classification-0007.params")
    archive.write_bytes(gzip.compress(headers + member.tobuf(tarfile.GNU_FORMAT) + bytes(1024)))
    with pytest.raises(InvalidArchive) as caught:
        read_through(archive)
    assert len(str(caught.value)) < 200
    assert "\n" not in str(caught.value)


def test_no_chain_of_links_leads_out_of_the_folder(tmp_path):
    # CVE-2025-4517: resolved, the links are longer than a path may be, so that "..", at its end, is not seen.
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as opened:
        folder, path = "d" * 247, ""
        for link in "abcdefghijklmnop":
            entry = tarfile.TarInfo(f"{path}{folder}")
            entry.type = tarfile.DIRTYPE
            opened.addfile(entry)
            entry = tarfile.TarInfo(f"{path}{link}")
            entry.type, entry.linkname = tarfile.SYMTYPE, folder
            opened.addfile(entry)
            path += f"{folder}/"
        entry = tarfile.TarInfo("/".join("abcdefghijklmnop") + "/" + "l" * 254)
        entry.type, entry.linkname = tarfile.SYMTYPE, "../" * 16
        opened.addfile(entry)
        entry = tarfile.TarInfo("escape")
        entry.type, entry.linkname = tarfile.SYMTYPE, f"{entry.name}/.."
        opened.addfile(entry)
        opened.addfile(tarfile.TarInfo("escape/pwned"))
    with pytest.raises(InvalidArchive, match="is neither a plain file nor a folder"):
        unpack(archive, tmp_path / "in" / "model")
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.SYMTYPE])
@pytest.mark.parametrize("name", ["x" * 5000, "\U0001f6b2" * 1000, "/" + "\x01" * 3000])
def test_however_long_a_member_s_name_is_the_error_is_short(unpacked, name, kind):
    with pytest.raises(InvalidArchive) as refused:
        unpacked(packed({name: b"content"}, kind=kind))
    assert len(str(refused.value)) < 250


def test_a_flood_of_files_is_refused(tmp_path):
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as opened:
        for number in range(tar_gz.MAX_FILES + 1):
            opened.addfile(tarfile.TarInfo(f"{number}.txt"))
    with pytest.raises(InvalidArchive, match="holds more than 100 files"):
        read_through(archive)


def test_a_file_below_a_file_is_refused(tmp_path):
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as opened:
        opened.addfile(tarfile.TarInfo("a"))
        opened.addfile(tarfile.TarInfo("a/b/c"))
    with pytest.raises(InvalidArchive, match="is there twice"):
        unpack(archive, tmp_path / "model")


def test_a_tar_that_was_cut_before_it_was_packed_is_noticed(tmp_path):
    archive = tmp_path / "model.tar.gz"
    member = tarfile.TarInfo("image-classification-0007.params")
    member.size = 5000
    archive.write_bytes(gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + bytes(2000)))
    with pytest.raises(DamagedArchive):
        read_through(archive)


def test_a_wrong_checksum_is_told_however_much_follows_the_files(tmp_path):
    # The checksum comes after more than is unpacked at once.
    content = bytearray(gzip.compress(gzip.decompress(packed(FILES)) + bytes(4 << 20)))
    whole = tmp_path / "whole.tar.gz"
    whole.write_bytes(content)
    unpack(whole, tmp_path / "unpacked")
    content[-5] ^= 1
    wrong = tmp_path / "wrong.tar.gz"
    wrong.write_bytes(content)
    with pytest.raises(DamagedArchive):
        unpack(wrong, tmp_path / "refused")
