"""Writes the photos that people labelled as the folder that ``data_staging/stage.py --images`` takes."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from console.photo import NoPhoto
from console.reviews.errors import MalformedOutcome
from console.reviews.labels import list_labelled
from console.reviews.photos import Judged
from console.reviews.pictures import read_picture
from evaluation.deployment import Deployment
from lambdas.workflow.errors import ImageTooLarge

_DOWNLOADS = 8


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        written: How many files are new, by class.
        kept: How many were there already.
        undoable: How many labels can still be undone, so that their photos are not written yet.
        faults: A line for each photo that could not be written.
    """

    written: Counter[str]
    kept: int
    undoable: int
    faults: list[str]


def export_labelled(
    deployment: Deployment, folder: Path, follow: Callable[[Iterator[str], int], Iterable[str]]
) -> Exported:
    """Writes each labelled photo, as it was uploaded, to ``folder/CLASS/NAME-ID``, whole or not at all.

    A file that is there is not written again: what was stopped goes on.

    Args:
        deployment: Whose photos.
        folder: The folder; made if absent.
        follow: Gets an iterator that writes a photo at each step, and how many it will write; returns one
            like it, which may show the progress.

    Raises:
        NotDeployed, TableBusy: As ``OutcomeTable`` says.
        OSError: A file cannot be written.
    """
    photos: list[Judged] = []
    faults: list[str] = []
    kept = undoable = 0
    for judged in list_labelled(deployment):
        if isinstance(judged, MalformedOutcome):
            faults.append(str(judged))
        elif judged.untold:
            undoable += 1
        elif (folder / name_file(judged)).exists():
            kept += 1
        else:
            photos.append(judged)
    folder.mkdir(parents=True, exist_ok=True)

    def write(judged: Judged) -> str:
        try:
            content = read_picture(deployment, judged)
        except (NoPhoto, ImageTooLarge) as error:
            return f"Photo {judged.photo} is left out: {error}"
        _write(folder / name_file(judged), content)
        return ""

    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        try:
            ends = list(follow(pool.map(write, photos), len(photos)))
        finally:
            pool.shutdown(cancel_futures=True)
    written = Counter(str(judged.label) for judged, fault in zip(photos, ends, strict=True) if not fault)
    return Exported(written, kept, undoable, faults + [fault for fault in ends if fault])


def name_file(judged: Judged) -> Path:
    """Returns the path of a labelled photo in the folder: safe everywhere, and no other photo's."""
    path = PurePosixPath(judged.key.rpartition("/")[2])
    readable = re.sub(r"[^A-Za-z0-9_]+", "-", path.stem)[:40].strip("-")
    extension = path.suffix.lower() if re.fullmatch(r"\.[A-Za-z0-9]{1,5}", path.suffix) else ""
    return Path(str(judged.label), f"{readable or 'photo'}-{judged.photo}{extension}")


def _write(file: Path, content: bytes) -> None:
    # Staging passes over hidden files, so that a killed run leaves nothing that could be taken for a photo.
    part = file.with_name(f".{file.name}.part")
    file.parent.mkdir(exist_ok=True)
    part.write_bytes(content)
    part.replace(file)
