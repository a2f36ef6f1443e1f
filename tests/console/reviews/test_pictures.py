"""Where the picture of a photo under review comes from."""

import pytest

from console.photo import NoPhoto
from console.reviews.photos import Waiting
from console.reviews.pictures import read_picture
from console.reviews.queue import Reviews
from evaluation.deployment import Deployment
from lambdas.workflow.places import review_key
from tests.console.reviews.waiting_photos import BUCKET, client, draw, refuse


def claim(deployment: Deployment) -> Waiting:
    (waiting,) = Reviews(deployment, "arn:ann#tab").claim(None, 1).photos
    return waiting


def test_the_copy_for_review_is_shown_where_there_is_one(deployment: Deployment) -> None:
    photo = refuse("incoming/1/bike.png")
    client("s3").put_object(Bucket=BUCKET, Key=review_key(photo, "incoming/1/bike.png"), Body=draw(7))
    assert read_picture(deployment, claim(deployment)) == draw(7)


def test_without_a_copy_the_photo_itself_is_shown_in_the_version_that_was_refused(
    deployment: Deployment,
) -> None:
    s3 = client("s3")
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    try:
        refuse("incoming/1/bike.png", 3)
        s3.put_object(Bucket=BUCKET, Key="incoming/1/bike.png", Body=draw(9))
        assert read_picture(deployment, claim(deployment)) == draw(3)
    finally:
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Suspended"})


def test_a_photo_that_is_gone_is_a_line_that_names_both_places(deployment: Deployment) -> None:
    photo = refuse("incoming/1/bike.png")
    client("s3").delete_object(Bucket=BUCKET, Key="incoming/1/bike.png")
    with pytest.raises(NoPhoto) as error:
        read_picture(deployment, claim(deployment))
    assert str(error.value) == (
        f"s3://{BUCKET}/review/{photo}/bike.png cannot be read: NoSuchKey, and "
        f"s3://{BUCKET}/incoming/1/bike.png cannot be read: NoSuchKey"
    )
