"""Data moves between S3 and folders under AWS's names, and nothing of it leaves its folder."""

import contextlib
import io
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local.sagemaker.containers import s3_data
from local.sagemaker.containers.algorithm import check_image
from training import tar_gz


@pytest.fixture(scope="module")
def account() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("s3", region_name="us-east-1")


@pytest.fixture
def s3(account: Any) -> Iterator[Any]:
    """A client of an account with an empty bucket."""
    account.create_bucket(Bucket="bucket")
    yield account
    for item in account.list_objects_v2(Bucket="bucket").get("Contents", []):
        account.delete_object(Bucket="bucket", Key=item["Key"])
    account.delete_bucket(Bucket="bucket")


@pytest.mark.parametrize(
    ("prefix", "places"),
    [
        ("data/train/", ["bicycle/a.png"]),
        ("data/train", ["bicycle/a.png", "train.lst", "train_more/b.png"]),
        ("data/train.lst", ["train.lst"]),
        ("data/tr", ["train.lst", "train/bicycle/a.png", "train_more/b.png"]),
        ("", ["data/train.lst", "data/train/bicycle/a.png", "data/train_more/b.png"]),
    ],
)
def test_file_mode_puts_objects_where_aws_puts_them(
    s3: Any, tmp_path: Path, prefix: str, places: list[str]
) -> None:
    for key in ("data/train/", "data/train/bicycle/a.png", "data/train.lst", "data/train_more/b.png"):
        s3.put_object(Bucket="bucket", Key=key, Body=key.encode())
    assert s3_data.download_prefix(s3, f"s3://bucket/{prefix}", tmp_path) == len(places)
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert found == sorted(places)


def test_a_key_that_would_leave_the_folder_is_refused(s3: Any, tmp_path: Path) -> None:
    s3.put_object(Bucket="bucket", Key="data/../../escaped", Body=b"x")
    with pytest.raises(s3_data.DataError, match="would leave"):
        s3_data.download_prefix(s3, "s3://bucket/data/", tmp_path / "in")
    assert not list(tmp_path.rglob("escaped"))


def test_a_key_may_hold_what_ends_a_path_in_other_addresses(s3: Any, tmp_path: Path) -> None:
    s3_data.upload(s3, "s3://bucket/out/a?b#c.png", b"x", "Output")
    assert s3_data.download_prefix(s3, "s3://bucket/out/a?b#c.png", tmp_path) == 1
    assert (tmp_path / "a?b#c.png").read_bytes() == b"x"


def test_an_object_that_is_also_a_folder_is_named(s3: Any, tmp_path: Path) -> None:
    for key in ("data/a", "data/a/b"):
        s3.put_object(Bucket="bucket", Key=key, Body=b"x")
    with pytest.raises(s3_data.DataError, match="The key 'data/a' is an object and a folder"):
        s3_data.download_prefix(s3, "s3://bucket/data/", tmp_path)


@pytest.mark.parametrize("uri", ["s3://bucket/none/", "s3://no-such-bucket/x", "https://bucket/x", "s3://"])
def test_data_that_cannot_be_had_is_said_in_one_line(s3: Any, tmp_path: Path, uri: str) -> None:
    with pytest.raises(s3_data.DataError) as caught:
        s3_data.download_prefix(s3, uri, tmp_path)
    assert "\n" not in str(caught.value)


def archive_with(path: Path, member: tarfile.TarInfo, content: bytes = b"x") -> Path:
    member.size = len(content) if member.isreg() else 0
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(member, io.BytesIO(content))
    return path


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def sparse(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": str(size)}
    return member


@pytest.mark.parametrize(
    "member",
    [
        tarfile.TarInfo("../escaped"),
        tarfile.TarInfo("/../../escaped"),
        tarfile.TarInfo("//etc/escaped"),
        tarfile.TarInfo("inner/../../escaped"),
        link("link", "/etc/passwd"),
        link("link", "../../escaped"),
        link("link", "weights"),
        link("link", "../../escaped", tarfile.LNKTYPE),
        link("pipe", "", tarfile.FIFOTYPE),
        sparse("weights", 1 << 40),
    ],
    ids=lambda member: f"{member.name} {member.linkname}",
)
def test_a_hostile_model_archive_is_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    archive = archive_with(tmp_path / "model.tar.gz", member)
    with pytest.raises(s3_data.DataError, match="cannot be unpacked"):
        s3_data.unpack(archive, tmp_path / "in" / "model")
    assert [path for path in tmp_path.rglob("*") if path not in (archive, tmp_path / "in")] == [
        tmp_path / "in" / "model"
    ]


def test_nothing_is_written_through_a_link_of_the_same_archive(tmp_path: Path) -> None:
    archive = tmp_path / "model.tar.gz"
    with tarfile.open(archive, "w:gz") as opened:
        opened.addfile(link("away", ".."))
        opened.addfile(tarfile.TarInfo("away/escaped"))
    with pytest.raises(s3_data.DataError, match="cannot be unpacked"):
        s3_data.unpack(archive, tmp_path / "in" / "model")
    assert not list(tmp_path.rglob("escaped"))


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00truncated"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.tar.gz").write_bytes(content)
    with pytest.raises(s3_data.DataError, match="cannot be unpacked"):
        s3_data.unpack(tmp_path / "model.tar.gz", tmp_path / "model")


def test_an_archive_of_which_a_byte_changed_is_refused(tmp_path: Path) -> None:
    archive = archive_with(
        tmp_path / "model.tar.gz", tarfile.TarInfo("weights"), random.Random(1).randbytes(9000)
    )
    damaged = bytearray(archive.read_bytes())
    damaged[4000] ^= 1
    archive.write_bytes(damaged)
    with pytest.raises(s3_data.DataError, match="cannot be unpacked"):
        s3_data.unpack(archive, tmp_path / "model")


@pytest.mark.parametrize("header", [{"GNU.sparse.map": "a,b"}, {"GNU.sparse.size": "x"}, {"path": "a\0b"}])
def test_a_header_that_makes_no_sense_is_refused(tmp_path: Path, header: dict[str, str]) -> None:
    member = tarfile.TarInfo("weights")
    member.pax_headers = header
    archive = archive_with(tmp_path / "model.tar.gz", member)
    with pytest.raises(s3_data.DataError, match="cannot be unpacked"):
        s3_data.unpack(archive, tmp_path / "model")


def test_an_archive_that_unpacks_to_too_much_is_refused_before_the_disk_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tar_gz, "MAX_BYTES", 100_000)
    archive = archive_with(tmp_path / "model.tar.gz", tarfile.TarInfo("weights"), bytes(1 << 20))
    with pytest.raises(s3_data.DataError, match="more than"):
        s3_data.unpack(archive, tmp_path / "model")
    assert sum(path.stat().st_size for path in (tmp_path / "model").iterdir()) <= 100_000


def test_a_model_archive_is_flat_and_comes_back_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "weights").write_bytes(b"1")
    assert s3_data.pack(tmp_path / "in", tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        assert archive.getnames() == ["weights"]
    s3_data.unpack(tmp_path / "model.tar.gz", tmp_path / "out")
    assert (tmp_path / "out" / "weights").read_bytes() == b"1"


def test_an_empty_folder_gives_no_archive(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    assert not s3_data.pack(tmp_path / "in", tmp_path / "model.tar.gz")
    assert not (tmp_path / "model.tar.gz").exists()


@pytest.mark.parametrize(
    ("image", "runs"),
    [
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1", True),
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification@sha256:00", True),
        ("image-classification", True),
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification-neo:1", False),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", False),
        ("", False),
    ],
)
def test_only_the_built_in_image_classification_runs(image: str, runs: bool) -> None:
    refused = contextlib.nullcontext() if runs else pytest.raises(s3_data.DataError, match="cannot be run")
    with refused:
        check_image(image)
