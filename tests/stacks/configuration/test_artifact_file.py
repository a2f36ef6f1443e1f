"""A model artifact is checked before anything is uploaded: what is none is one clear line."""

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.configuration.artifact_file import check_artifact
from stacks.configuration.settings import SettingError
from training import tar_gz

NAMES = ("image-classification-0007.params", "image-classification-symbol.json", "model-shapes.json")


def tar(*members: tarfile.TarInfo | str) -> bytes:
    """Returns a tar.gz of the members; a name stands for a small file."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for member in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            if isinstance(member, str):
                info.size = 3
            archive.addfile(info, io.BytesIO(b"abc") if info.isreg() else None)
    return content.getvalue()


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def refusal(path: Path) -> str:
    with pytest.raises(SettingError) as refused:
        check_artifact(path)
    message = str(refused.value)
    assert message.startswith(f"Setting 'model_artifact' is \"{path}\", and ")
    assert len(message.splitlines()) == 1
    return message


@pytest.fixture
def written(tmp_path: Path) -> Callable[[bytes], Path]:
    """Writes an artifact and returns its path."""

    def write(content: bytes) -> Path:
        path = tmp_path / "model.tar.gz"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(
    "members",
    [
        NAMES,
        (*NAMES, "image-classification-0010.params"),
        (*NAMES, "a-note.txt"),
        (special("./", tarfile.DIRTYPE), *(f"./{name}" for name in NAMES)),
    ],
)
def test_an_artifact_as_training_or_tar_makes_it_is_taken(
    written: Callable[[bytes], Path], members: tuple[tarfile.TarInfo | str, ...]
) -> None:
    check_artifact(written(tar(*members)))


@pytest.mark.parametrize("missing", NAMES)
def test_each_of_the_three_files_is_needed(written: Callable[[bytes], Path], missing: str) -> None:
    message = refusal(written(tar(*(name for name in NAMES if name != missing))))
    assert f"holds no {missing.replace('0007', 'NNNN')}" in message


def test_files_in_a_folder_are_not_where_the_container_looks(written: Callable[[bytes], Path]) -> None:
    assert "outside of any folder" in refusal(written(tar(*(f"model/{name}" for name in NAMES))))


@pytest.mark.parametrize(
    "member",
    [
        special("model-shapes.json", tarfile.SYMTYPE, "/etc/passwd"),
        special("model-shapes.json", tarfile.LNKTYPE, "other"),
        special("pipe", tarfile.FIFOTYPE),
    ],
)
def test_links_and_devices_are_refused(written: Callable[[bytes], Path], member: tarfile.TarInfo) -> None:
    assert f"its member {member.name!r} is neither a plain file nor a folder" in refusal(
        written(tar(*NAMES, member))
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip at all",
        tar(*NAMES)[:-40],
        tar(*NAMES)[:-2],
        tar(*NAMES)[:-8] + bytes(8),
        gzip.compress(b"no tar"),
        gzip.decompress(tar(*NAMES)),
    ],
    ids=[
        "empty",
        "text",
        "cut off",
        "cut off at its end",
        "of another checksum",
        "gzip of text",
        "tar without gzip",
    ],
)
def test_what_is_no_whole_tar_packed_with_gzip_is_refused(
    written: Callable[[bytes], Path], content: bytes
) -> None:
    message = refusal(written(content))
    assert "it is no whole .tar.gz file" in message or "it ends too early" in message


@pytest.mark.parametrize(
    "header", [{"GNU.sparse.map": "a,b"}, {"GNU.sparse.size": "x"}, {"GNU.sparse.map": "0,1,2"}]
)
def test_a_header_that_makes_no_sense_is_refused(
    written: Callable[[bytes], Path], header: dict[str, str]
) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", format=tarfile.PAX_FORMAT) as archive:
        member = tarfile.TarInfo("model-shapes.json")
        member.pax_headers = header
        archive.addfile(member)
    refusal(written(content.getvalue()))


def test_what_is_not_there_or_a_folder_is_no_file(tmp_path: Path) -> None:
    assert "there is no such file" in refusal(tmp_path / "absent.tar.gz")
    assert "there is no such file" in refusal(tmp_path)


def test_what_unpacks_to_too_much_is_refused_however_small_it_is_packed(
    written: Callable[[bytes], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    large = tarfile.TarInfo(NAMES[0])
    large.size = 1_000_000
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        archive.addfile(large, io.BytesIO(bytes(large.size)))
    monkeypatch.setattr(tar_gz, "MAX_BYTES", large.size + 1000)
    assert len(content.getvalue()) < 10_000
    assert "unpacks to more than 1,001,000 bytes" in refusal(written(content.getvalue()))


@given(content=st.binary(max_size=2000), packed=st.booleans())
def test_whatever_bytes_there_are_they_are_refused_in_a_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, packed: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "hypothesis.tar.gz"
    path.write_bytes(gzip.compress(content) if packed else content)
    refusal(path)


@given(position=st.integers(0, 2**31), bit=st.integers(0, 7))
def test_a_damaged_artifact_is_taken_or_refused_in_a_line(
    tmp_path_factory: pytest.TempPathFactory, position: int, bit: int
) -> None:
    unpacked = bytearray(gzip.decompress(tar(*NAMES)))
    unpacked[position % len(unpacked)] ^= 1 << bit
    path = tmp_path_factory.getbasetemp() / "damaged.tar.gz"
    path.write_bytes(gzip.compress(bytes(unpacked), compresslevel=1))
    try:
        check_artifact(path)
    except SettingError as error:
        assert len(str(error).splitlines()) == 1
