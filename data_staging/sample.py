"""Writes a stand-in for CIFAR-100, drawn by a program: ``python data_staging/sample.py PATH.tar.gz``."""

import argparse
import gzip
import io
import itertools
import random
import struct
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

if __package__ in (None, ""):  # run by its path: the room is on the search path, the project is not
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from data_staging.cifar100.archive import FOLDER, GENERATED_MARKER
from data_staging.cifar100.drawing import draw_picture

# CIFAR-100's 20 superclasses ("coarse") and their five classes each, as in the meta of its archive.
CLASSES_BY_KIND = {
    "aquatic_mammals": "beaver dolphin otter seal whale",
    "fish": "aquarium_fish flatfish ray shark trout",
    "flowers": "orchid poppy rose sunflower tulip",
    "food_containers": "bottle bowl can cup plate",
    "fruit_and_vegetables": "apple mushroom orange pear sweet_pepper",
    "household_electrical_devices": "clock keyboard lamp telephone television",
    "household_furniture": "bed chair couch table wardrobe",
    "insects": "bee beetle butterfly caterpillar cockroach",
    "large_carnivores": "bear leopard lion tiger wolf",
    "large_man-made_outdoor_things": "bridge castle house road skyscraper",
    "large_natural_outdoor_scenes": "cloud forest mountain plain sea",
    "large_omnivores_and_herbivores": "camel cattle chimpanzee elephant kangaroo",
    "medium_mammals": "fox porcupine possum raccoon skunk",
    "non-insect_invertebrates": "crab lobster snail spider worm",
    "people": "baby boy girl man woman",
    "reptiles": "crocodile dinosaur lizard snake turtle",
    "small_mammals": "hamster mouse rabbit shrew squirrel",
    "trees": "maple_tree oak_tree palm_tree pine_tree willow_tree",
    "vehicles_1": "bicycle bus motorcycle pickup_truck train",
    "vehicles_2": "lawn_mower rocket streetcar tank tractor",
}
KINDS = list(CLASSES_BY_KIND)
KIND_OF = {name: kind for kind, names in enumerate(CLASSES_BY_KIND.values()) for name in names.split()}
CLASS_NAMES = sorted(KIND_OF)
DRAWN = ("bicycle", "motorcycle")
BATCH = 1000
"""So many items of a list Python 2 writes at once."""

Pickled = dict[str, "list[str] | list[int] | str | npt.NDArray[np.uint8]"]


def write_sample(path: Path, train_per_class: int = 500, test_per_class: int = 100) -> None:
    """Writes an archive in CIFAR-100's layout with drawn pictures of two of its classes.

    The same arguments give the same pictures. The archive appears whole or not at all.

    Args:
        path: The ``.tar.gz`` to write; its folder is made if need be.
        train_per_class: How many training pictures each of the two gets.
        test_per_class: How many test pictures each gets.

    Raises:
        OSError: It cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    halves = {
        "train": _draw_half("train", train_per_class, "training batch 1 of 1"),
        "test": _draw_half("test", test_per_class, "testing batch 1 of 1"),
    }
    write_archive(path, halves)


def write_archive(path: Path, halves: dict[str, Pickled]) -> None:
    """Writes an archive in CIFAR-100's layout, marked as generated.

    Args:
        path: The ``.tar.gz`` to write; its folder exists.
        halves: The dictionaries that the pickles ``train`` and ``test`` hold.
    """
    meta: Pickled = {"fine_label_names": CLASS_NAMES, "coarse_label_names": KINDS}
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".unfinished-") as folder:
        unfinished = Path(folder) / path.name
        with (
            unfinished.open("wb") as file,
            gzip.GzipFile("", "wb", 1, file, mtime=0) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as archive,
        ):
            _add(archive, GENERATED_MARKER, b"Drawn by a program, in the layout of CIFAR-100.\n")
            for name, content in {"meta": meta, **halves}.items():
                _add(archive, name, pickle_as_python_2(content))
        unfinished.replace(path)


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(f"{FOLDER}/{name}")
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _draw_half(half: str, per_class: int, batch_label: str) -> Pickled:
    which = [(name, number) for name in DRAWN for number in range(per_class)]
    random.Random(half).shuffle(which)
    pictures = [draw_picture(name, random.Random(f"{half} {name} {number}")) for name, number in which]
    return {
        "filenames": [f"drawn_{name}_{half[0]}_{number:06}.png" for name, number in which],
        "batch_label": batch_label,
        "fine_labels": [CLASS_NAMES.index(name) for name, _ in which],
        "coarse_labels": [KIND_OF[name] for name, _ in which],
        "data": np.array(pictures, np.uint8).reshape(-1, 32, 32, 3).transpose(0, 3, 1, 2).reshape(-1, 3072),
    }


def pickle_as_python_2(content: Pickled) -> bytes:
    """Returns a dictionary as Python 2 pickles it with protocol 2, which Python 3 no longer does.

    As there, each string and list is put into the memo, though nothing asks for it again.
    """
    file, memo = io.BytesIO(), itertools.count()
    file.write(b"\x80\x02}")
    _memorise(file, memo)
    file.write(b"(")
    for key, value in content.items():
        _put(file, memo, key)
        _put(file, memo, value)
    file.write(b"u.")
    return file.getvalue()


def _put(
    file: IO[bytes], memo: Iterator[int], value: "str | int | list[str] | list[int] | npt.NDArray[np.uint8]"
) -> None:
    if isinstance(value, str):
        file.write(b"U" + struct.pack("<B", len(value)) + value.encode("ascii"))
        _memorise(file, memo)
    elif isinstance(value, int):
        file.write(b"K" + struct.pack("<B", value))
    elif isinstance(value, list):
        file.write(b"]")
        _memorise(file, memo)
        for start in range(0, len(value), BATCH):
            file.write(b"(")
            for item in value[start : start + BATCH]:
                _put(file, memo, item)
            file.write(b"e")
    else:
        rows, columns = value.shape
        file.write(b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR(K\x01")
        file.write(b"J" + struct.pack("<i", rows) + b"J" + struct.pack("<i", columns) + b"\x86")
        file.write(
            b"cnumpy\ndtype\n(U\x02u1K\x00K\x01tR(K\x03U\x01|NNN" + 2 * b"J\xff\xff\xff\xff" + b"K\x00tb"
        )
        file.write(b"\x89T" + struct.pack("<I", value.size))
        file.write(np.ascontiguousarray(value).data)
        file.write(b"tb")


def _memorise(file: IO[bytes], memo: Iterator[int]) -> None:
    index = next(memo)
    file.write(b"q" + struct.pack("<B", index) if index < 256 else b"r" + struct.pack("<I", index))


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python data_staging/sample.py",
        description="Writes an archive in CIFAR-100's layout with drawn bicycles and motorcycles: a stand-in "
        "for a machine that has neither the archive nor a network. Stage it with stage.py --archive PATH.",
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="the .tar.gz to write")
    options = parser.parse_args(arguments)
    try:
        write_sample(options.path)
    except KeyboardInterrupt:
        print("sample.py: interrupted, nothing was written", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"sample.py: {str(options.path)[:200]} cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
