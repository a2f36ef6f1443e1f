"""What a batch may route, and what it is called by."""

import os
from pathlib import Path

import pytest

from console.batches.naming import name_batch
from console.batches.sources import WrongSource, find_batch, read_source
from evaluation.deployment import Deployment
from lambdas.workflow import places
from tests.console.batches.batch_machine import BUCKET

OTHER = "photos-of-somebody"


@pytest.fixture
def s3(deployment: Deployment) -> object:
    """A second bucket, and photos in both."""
    s3 = deployment.client("s3")
    s3.create_bucket(Bucket=OTHER)
    for bucket in (BUCKET, OTHER):
        for key in (
            "trucks/one.jpg",
            "trucks-old/two.jpg",
            "batches/trucks-0a1b2c3d/photos/one.jpg",
            "marker/",
        ):
            s3.put_object(Bucket=bucket, Key=key, Body=b"" if key.endswith("/") else b"photo")
    return s3


@pytest.mark.usefixtures("s3")
def test_a_prefix_is_a_folder_with_or_without_its_last_slash(deployment: Deployment) -> None:
    source = read_source(deployment, f"s3://{BUCKET}/trucks")
    assert (source.bucket, source.prefix, source.folder) == (BUCKET, "trucks/", None)
    assert source.batch == read_source(deployment, f"s3://{BUCKET}/trucks/").batch
    assert source.batch.startswith("trucks-")


@pytest.mark.usefixtures("s3")
def test_another_bucket_may_be_routed_whole(deployment: Deployment) -> None:
    source = read_source(deployment, f"s3://{OTHER}")
    assert (source.bucket, source.prefix) == (OTHER, "")
    assert source.batch.startswith(f"{OTHER}-")


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "/",
        *(places.MODELS, places.CAPTURED, places.EVALUATIONS, places.REPORTS, places.REVIEW, places.VERDICTS),
        *("models/one", "batches", "batches/trucks-0a1b2c3d", "batches/trucks-0a1b2c3d/results"),
    ],
)
@pytest.mark.usefixtures("s3")
def test_what_the_deployment_keeps_for_itself_is_refused(deployment: Deployment, prefix: str) -> None:
    with pytest.raises(WrongSource, match="which the deployment keeps for itself"):
        read_source(deployment, f"s3://{BUCKET}/{prefix}")


@pytest.mark.parametrize(
    ("prefix", "told"),
    [
        ("", "covers batches/, "),
        ("", "reports/, review/, "),
        ("models/one", "lies in models/, which"),
        ("batches", "covers batches/, which the deployment keeps for itself: name a prefix of photos"),
        ("batches/trucks-0a1b2c3d", f": name s3://{BUCKET}/batches/trucks-0a1b2c3d/photos/"),
    ],
)
@pytest.mark.usefixtures("s3")
def test_a_refusal_names_all_that_is_kept_there_and_where_a_batch_s_photos_are(
    deployment: Deployment, prefix: str, told: str
) -> None:
    with pytest.raises(WrongSource) as refused:
        read_source(deployment, f"s3://{BUCKET}/{prefix}")
    assert told in str(refused.value)


@pytest.mark.usefixtures("s3")
def test_the_photos_of_a_batch_may_be_routed_and_what_others_keep_under_such_a_name(
    deployment: Deployment,
) -> None:
    own = "batches/trucks-0a1b2c3d/photos"
    assert read_source(deployment, f"s3://{BUCKET}/{own}").prefix == f"{own}/"
    assert read_source(deployment, f"s3://{OTHER}/batches").prefix == "batches/"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("s3://", "names no bucket"),
        ("s3:///trucks", "names no bucket"),
        ("s3://no-such-bucket-anywhere/trucks", "There is no bucket"),
        (f"s3://{BUCKET}/nothing", "Nothing lies under"),
        (f"s3://{BUCKET}/marker", "Nothing lies under"),
        (f"s3://{BUCKET}/trucks/one.jpg", "python -m console route"),
        ("s3://My Bucket/x", "'My Bucket' is no bucket's name: write s3://BUCKET/PREFIX"),
        ("s3://\udcff/x", "is no bucket's name"),
        (f"s3://{BUCKET}/\udcff", "holds bytes that are no text"),
        (f"S3://{BUCKET}/trucks", f"begin with s3:// in small letters: write s3://{BUCKET}/trucks"),
        ("no/such/folder", "is no folder and no prefix of S3"),
        (__file__, f"is a file: name its folder, or for one photo python -m console route {__file__}"),
        ("", "An empty text names no photos"),
        (" ", "An empty text names no photos"),
    ],
)
@pytest.mark.usefixtures("s3")
def test_what_is_not_there_is_said_in_one_line(deployment: Deployment, text: str, fault: str) -> None:
    with pytest.raises(WrongSource, match=fault) as refused:
        read_source(deployment, text)
    assert "\n" not in str(refused.value)


def test_a_bucket_that_the_user_may_not_list_is_left_to_the_state_machine(deployment: Deployment) -> None:
    denied = {"Error": {"Code": "AccessDenied", "Message": "no"}}
    client = deployment.client("s3")

    def deny(**_: object) -> None:
        raise client.exceptions.ClientError(denied, "ListObjectsV2")

    client.meta.events.register("before-call.s3.ListObjectsV2", deny)
    try:
        assert read_source(deployment, f"s3://{OTHER}/trucks").prefix == "trucks/"
    finally:
        client.meta.events.unregister("before-call.s3.ListObjectsV2", deny)


def test_a_folder_is_known_by_its_absolute_path(
    deployment: Deployment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "My Trucks").mkdir()
    monkeypatch.chdir(tmp_path)
    source = read_source(deployment, "My Trucks/")
    assert source.batch.startswith("my-trucks-")
    assert source.batch == read_source(deployment, str(tmp_path / "My Trucks")).batch
    assert source.named == str(tmp_path / "My Trucks")
    assert (source.bucket, source.prefix) == (BUCKET, places.batch_photos_prefix(source.batch))
    assert find_batch(deployment, "My Trucks") == find_batch(deployment, source.batch) == source.batch


def test_a_folder_whose_name_is_no_text_is_named_by_one(deployment: Deployment, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"trucks \xff")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes no such name")
    source = read_source(deployment, str(folder))
    assert source.named == str(tmp_path / "trucks \ufffd")
    assert source.folder == folder
    assert source.batch != name_batch(folder.name, source.named), "another folder's, which is called so"
