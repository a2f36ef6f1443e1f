"""A deploy, an evaluation and the page read a data set with labelled photos as they read any other."""

import pytest

from console.traffic.known_pictures import KnownPictures
from evaluation.deployment import Deployment
from evaluation.staged_photos import DataSet
from lambdas.workflow import places
from tests.data_staging.deployment_on_moto import BUCKET, staged_id
from tests.data_staging.labelled.outcomes_on_moto import CLASSES, label_photo, png, stage, staged_manifest
from tests.data_staging.own_pictures.photo_files import shapes

pytestmark = pytest.mark.usefixtures("deployed", "archive")


@pytest.fixture
def labelled() -> str:
    """Path of a labelled photo, a motorcycle, in the data set that is staged."""
    label_photo(png(shapes(1)), "motorcycle")
    stage()
    (path,) = staged_manifest()["source"]["labelled"]
    return str(path)


def test_a_deploy_counts_it_among_the_training_pictures_and_not_those_of_the_gate(labelled: str) -> None:
    # These modules make their clients when they are imported, which takes a region.
    from lambdas.deploy.data_set import read_manifest, read_validation_labels
    from lambdas.deploy.training_inputs import check_batch_size

    manifest = read_manifest(BUCKET, staged_id(), CLASSES)
    properties = {"Hyperparameters": '{"mini_batch_size": "2"}', "Dataset": staged_id()}
    check_batch_size(properties, manifest)
    assert manifest["splits"]["train"]["count"] == 19
    assert labelled.split("/", 1)[1] not in read_validation_labels(BUCKET, staged_id())


def test_an_evaluation_finds_it_in_the_training_split_alone(labelled: str) -> None:
    staged = DataSet.in_bucket(Deployment("scones"))
    found = {
        split: [
            photo.label
            for photo in staged.map_photos(split, split, lambda photo: photo)
            if f"{split}/{photo.file}" == labelled
        ]
        for split in ("train", "validation", "test")
    }
    assert found == {"train": [1], "validation": [], "test": []}


def test_the_page_knows_its_class(labelled: str) -> None:
    key = places.data_set_key(staged_id(), labelled)
    assert KnownPictures(staged_manifest()).find_label_by_key(key) == 1
