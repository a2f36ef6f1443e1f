"""A folder of own pictures through the whole workflow, with the real CDK CLI on the embedded cloud.

The tests of this file depend on one another and run in the order written.
"""

import json
import random
import subprocess
import sys
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image, ImageDraw

from tests.end_to_end.deployed_home import NAME, SETTINGS
from tests.end_to_end.embedded_cloud import REPOSITORY, App, EmbeddedCloud, execute, succeeded
from tests.end_to_end.quick_training import QUICK_TRAINING

pytestmark = pytest.mark.end_to_end

pillow_heif.register_heif_opener()

COLOURS = {"red_disc": (200, 40, 40), "green_square": (40, 170, 60), "blue_bars": (40, 60, 200)}
CLASSES = tuple(COLOURS)
FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "TIFF", "GIF", "BMP")
SIZES = ((64, 48), (300, 400), (1200, 900), (700, 700), (90, 260))
PER_CLASS = 36
NEW_PER_CLASS = 3
MOST = 7
"""How many of the new photos a model of so few pictures has to tell."""
EPOCHS = "14"


def photo(class_name: str, number: int) -> Image.Image:
    """Returns a photo of the class, of a size and before a background that the number decides."""
    chance = random.Random(f"{class_name} {number}")
    width, height = SIZES[number % len(SIZES)]
    grey = chance.randint(150, 240)
    image = Image.new("RGB", (width, height), (grey, grey, grey))
    draw = ImageDraw.Draw(image)
    side = min(width, height) * chance.uniform(0.6, 0.8)
    left, top = (width - side) / 2, (height - side) / 2
    colour = tuple(max(0, min(255, value + chance.randint(-25, 25))) for value in COLOURS[class_name])
    if class_name == "red_disc":
        draw.ellipse((left, top, left + side, top + side), fill=colour)
    elif class_name == "green_square":
        draw.rectangle((left, top, left + side, top + side), fill=colour)
    else:
        for bar in range(3):
            start = left + bar * side / 3
            draw.rectangle((start, top, start + side / 5, top + side), fill=colour)
    return image


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three classes of photos of various sizes and formats, and what does not belong there."""
    folder = tmp_path_factory.mktemp("own") / "my pictures"
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
        for number in range(PER_CLASS):
            photo(name, number).save(folder / name / f"{number}.photo", FORMATS[number % len(FORMATS)])
    (folder / "red_disc" / "copy of 0.png").write_bytes((folder / "red_disc" / "0.photo").read_bytes())
    (folder / "blue_bars" / "notes.txt").write_text("not a photo")
    return folder


@pytest.fixture(scope="module")
def app(cloud: EmbeddedCloud, tmp_path_factory: pytest.TempPathFactory) -> App:
    hyperparameters = {
        **QUICK_TRAINING,
        "epochs": EPOCHS,
        # The last epoch's model: so few validation pictures choose no better one.
        "checkpoint_frequency": EPOCHS,
    }
    settings = {
        **SETTINGS,
        "hyperparameters": hyperparameters,
        "classes": list(CLASSES),
        # The model is at least so sure of every photo.
        "confidence_threshold": 0.33,
    }
    return App(cloud, NAME, settings, tmp_path_factory.mktemp("assembly"))


def stage(app: App, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the staging command for the app, its three classes given on the command line."""
    script = str(REPOSITORY / "data_staging" / "stage.py")
    return succeeded(
        app.cloud.run(sys.executable, script, "--name", app.name, "--classes", ",".join(CLASSES), *arguments)
    )


def test_own_pictures_are_staged_but_for_what_is_none(app: App, pictures: Path) -> None:
    staged = stage(app, "--images", str(pictures))
    assert "(81 train, 9 validation, 18 test pictures of red_disc, green_square, blue_bars)" in staged.stdout
    assert "Left out: 'red_disc/copy of 0.png'" in staged.stderr
    assert "Left out: 'blue_bars/notes.txt'" in staged.stderr


def test_a_model_of_three_classes_is_trained_on_them_and_served(app: App) -> None:
    # What serves so far is a model of other classes.
    succeeded(app.console("endpoint", "off"))
    succeeded(app.deploy())
    succeeded(app.console("endpoint", "on"))
    endpoint = app.cloud.client("sagemaker").describe_endpoint(EndpointName=app.parameter("endpoint"))
    assert endpoint["EndpointStatus"] == "InService"


def test_new_photos_of_each_class_are_routed_as_that(app: App, tmp_path: Path) -> None:
    predicted = {}
    for name in CLASSES:
        for number in range(PER_CLASS, PER_CLASS + NEW_PER_CLASS):
            file = tmp_path / "photo"
            photo(name, number).save(file, FORMATS[number % len(FORMATS)])
            bucket, key = app.parameter("bucket"), f"incoming/{name}-{number}"
            app.cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=file.read_bytes())
            ended = execute(app, {"image_data": "", "s3_bucket": bucket, "s3_key": key})
            assert ended["status"] == "SUCCEEDED", ended
            output = json.loads(ended["output"])
            assert len(output["inferences"]) == len(CLASSES)
            assert output["confidence"] == max(output["inferences"])
            assert output["predicted_class"] == CLASSES[output["inferences"].index(output["confidence"])]
            predicted[name, number] = output["predicted_class"]
    right = [name for (name, _), said in predicted.items() if said == name]
    assert len(right) >= MOST, predicted
    assert set(right) == set(CLASSES)


def test_a_photo_of_something_else_is_refused_once_its_class_is_no_class_of_its_own(
    app: App, pictures: Path, tmp_path: Path
) -> None:
    *classes, other = CLASSES
    former = app.parameter("dataset")
    staged = stage(app, "--images", str(pictures), "--classes", ",".join(classes), "--other-class", other)
    assert "(81 train, 9 validation, 18 test pictures of red_disc, green_square, blue_bars)" in staged.stdout
    assert app.parameter("dataset") != former
    app.settings.update(classes=classes, other_class=other)
    succeeded(app.deploy())
    files = {name: tmp_path / f"{name}.png" for name in CLASSES}
    for name, file in files.items():
        photo(name, PER_CLASS).save(file)
    ended = app.console("route", *map(str, files.values()))
    outcomes = dict(zip(CLASSES, ended.stdout.splitlines()[1:], strict=True))
    assert "refused: no red_disc or green_square" in outcomes[other], ended
    assert [" routed " in outcomes[name] for name in classes] == [True, True], ended
    assert f"refuses a photo that looks more like something else ({other})" in ended.stderr
    bucket = app.parameter("bucket")
    s3 = app.cloud.client("s3")
    s3.put_object(Bucket=bucket, Key="incoming/stranger", Body=files[other].read_bytes())
    refused = execute(app, {"image_data": "", "s3_bucket": bucket, "s3_key": "incoming/stranger"})
    assert (refused["status"], refused["error"]) == ("FAILED", "NoneOfTheClasses")
    assert refused["cause"].startswith("The photo shows no red_disc or green_square: ")


def test_staging_again_without_naming_the_folder_keeps_them(app: App) -> None:
    before = app.parameter("dataset")
    kept = stage(app, "--classes", ",".join(CLASSES[:-1]), "--other-class", CLASSES[-1])
    assert kept.stdout.startswith("Kept: ")
    assert app.parameter("dataset") == before
