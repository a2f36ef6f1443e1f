"""Measures what a model makes of photos of something else: ``benchmarks.model.strangers DIR PHOTOS``.

DIR is what ``python data_staging/stage.py --out DIR`` wrote, with or without ``other_class``; PHOTOS is a
folder of photos of none of its classes, nor any that were trained on. Each is asked about whole and at CROPS,
as the workflow shows it to the model. Each seed's model is trained with the hyperparameters of cdk.json.
Prints one JSON object: of the crops, how many are refused, routed at the setting's threshold and which photos
those are of; and of the staged test pictures of the classes how many are right and how many right and routed.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from benchmarks.environment import describe_machine
from benchmarks.model.job_folder import find_data_set, lay_out, read_split, train
from data_staging.dataset import encode_png
from data_staging.photos import read_photo
from lambdas.workflow.prediction import find_most_probable
from stacks.configuration.settings import read_cdk_json
from training.artifact import files as artifact
from training.serving.predictor import Predictor

CROPS = 4
"""Squares of half a photo's shorter side, from one end of its diagonal to the other."""


OTHER, UNSURE = REFUSED = ("taken for something else", "below the threshold")


@dataclass(frozen=True)
class Crop:
    """A part of a photo, and the photo's name."""

    photo: str
    content: bytes


def cut(photo: Image.Image) -> Iterator[Image.Image]:
    """Yields a photo whole, and its crops."""
    yield photo
    side = min(photo.size) // 2
    for step in range(CROPS):
        left, top = ((length - side) * step // (CROPS - 1) for length in photo.size)
        yield photo.crop((left, top, left + side, top + side))


def read_crops(folder: Path) -> list[Crop]:
    """Returns the crops of all photos of a folder.

    Raises:
        SystemExit: There is none.
    """
    files = sorted(file for file in folder.iterdir() if file.is_file())
    if not files:
        sys.exit(f"{folder} holds no photo")
    return [Crop(file.name, encode_png(part)) for file in files for part in cut(read_photo(file))]


def name_fates(
    answers: Sequence[Sequence[float]], classes: Sequence[str], other_class: str | None, threshold: float
) -> list[str]:
    """Returns what becomes of each answer: one of REFUSED, or the class that it is routed as."""
    fates = []
    for probabilities in answers:
        name, confidence = find_most_probable(list(probabilities), tuple(classes))
        fates.append(OTHER if name == other_class else UNSURE if confidence < threshold else name)
    return fates


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--seeds", type=int, default=2, help="models (default 2)")
    arguments = parser.parse_args()
    data_set, settings = find_data_set(arguments.data), read_cdk_json()
    manifest = json.loads((data_set / "manifest.json").read_text())
    classes, other_class = manifest["classes"], manifest.get("other_class")
    threshold = 0.8 if settings.confidence_threshold == "auto" else float(settings.confidence_threshold)
    channels = {split: read_split(data_set, split) for split in ("train", "validation")}
    test = [each for each in read_split(data_set, "test") if classes[each.label] != other_class]
    crops = read_crops(arguments.photos)
    runs = []
    for seed in range(arguments.seeds):
        with tempfile.TemporaryDirectory() as folder:
            lay_out(Path(folder), channels, settings.hyperparameters)
            train(Path(folder), seed)
            predictor = Predictor(artifact.load(Path(folder) / "model"))
            known = [predictor.predict(each.path.read_bytes()) for each in test]
            strange = [predictor.predict(crop.content) for crop in crops]
        fates = name_fates(strange, classes, other_class, threshold)
        right = [
            find_most_probable(list(answer), tuple(classes))[0] == classes[each.label]
            for answer, each in zip(known, test, strict=True)
        ]
        routed = [fate not in REFUSED for fate in name_fates(known, classes, other_class, threshold)]
        named = Counter(crop.photo for crop, fate in zip(crops, fates, strict=True) if fate not in REFUSED)
        run = {
            "refused_strangers": statistics.mean(fate in REFUSED for fate in fates),
            "fates": dict(Counter(fates)),
            "routed_crops_by_photo": dict(named.most_common()),
            "accuracy": statistics.mean(right),
            "right_and_routed": statistics.mean(map(bool.__and__, right, routed)),
        }
        print(f"seed {seed}: {run}", file=sys.stderr, flush=True)
        runs.append(run)
    figures = ("refused_strangers", "accuracy", "right_and_routed")
    report = {
        "machine": describe_machine(),
        "dataset": data_set.name,
        "classes": classes,
        "other_class": other_class,
        "trained_on": manifest["splits"]["train"]["classes"],
        "threshold": threshold,
        "photos": len({crop.photo for crop in crops}),
        "crops": len(crops),
        "test_pictures": len(test),
        **{f"mean_{name}": statistics.mean(run[name] for run in runs) for name in figures},
        "runs": runs,
    }
    print(json.dumps(report, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
