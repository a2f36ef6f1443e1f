"""Finds what a job's channels hold, by their content types: image files with a list, or RecordIO."""

import logging
from collections.abc import Sequence
from pathlib import Path

from training.container_paths import ContainerPaths
from training.contract import CHANNELS, IMAGE_CONTENT_TYPES, RECORD_CONTENT_TYPE, CustomerError
from training.data.labels import LabelledImage
from training.data.list_file import read_list
from training.data.record_file import read_records
from training.hyperparameters import Hyperparameters

log = logging.getLogger("training")


def read_channel(
    paths: ContainerPaths, channel: str, hyperparameters: Hyperparameters
) -> Sequence[LabelledImage]:
    """Returns the images of ``train`` or ``validation`` with their labels; none of them is decoded yet.

    Raises:
        CustomerError: A channel is missing, of another content type, or its list or record file is not as it
            must be.
    """
    _require(paths, channel)
    folder = paths.find_channel(channel)
    if _holds_records(paths, channel):
        log.info("Searching for .rec files in %s.", folder)
        return read_records(_find_one(folder, "rec", channel), folder, hyperparameters)
    list_channel = f"{channel}_lst"
    _require(paths, list_channel)
    log.info("Searching for .lst files in %s.", paths.find_channel(list_channel))
    file = _find_one(paths.find_channel(list_channel), "lst", channel)
    log.info("Creating record files for %s", file.name)
    images = read_list(file, folder, hyperparameters)
    log.info("Done creating record files...")
    return images


def _find_one(folder: Path, kind: str, channel: str) -> Path:
    """Returns a folder's one file of a kind, whatever its name.

    Raises:
        CustomerError: There is none, or more than one; for a list the text begins as AWS's does.
    """
    found = sorted(path for path in folder.rglob(f"*.{kind}") if path.is_file())
    if len(found) != 1:
        raise CustomerError(
            f"Customer Error: Invalid {kind} file in the {channel} channel. "
            f"Expected one .{kind} in {folder.name}, found {len(found)}."
        )
    return found[0]


def _require(paths: ContainerPaths, channel: str) -> None:
    if not paths.find_channel(channel).is_dir():
        raise CustomerError(
            f"Customer Error: There is no {channel} channel. The channels must be {', '.join(CHANNELS)}, "
            f"each with the content type application/x-image; or train and validation, {RECORD_CONTENT_TYPE}."
        )


def _holds_records(paths: ContainerPaths, channel: str) -> bool:
    """Tells by the content type; without one by whether there is a ``.rec`` file."""
    settings = paths.read_input_data_config().get(channel, {})
    if settings.get("TrainingInputMode") == "Pipe":
        raise CustomerError(
            f"Customer Error: The {channel} channel is in Pipe mode, which is not supported here; "
            "use File mode."
        )
    if "ContentType" not in settings:
        return any(paths.find_channel(channel).rglob("*.rec"))
    content_type, _, parameters = settings["ContentType"].lower().replace(" ", "").partition(";")
    if content_type not in (*IMAGE_CONTENT_TYPES, RECORD_CONTENT_TYPE):
        raise CustomerError(
            f"Customer Error: The content type {repr(settings['ContentType'])[:100]} of the {channel} "
            f"channel is not one of {', '.join((RECORD_CONTENT_TYPE, *IMAGE_CONTENT_TYPES))}."
        )
    if "label-format=class-id" in parameters:
        raise CustomerError(
            f"Customer Error: label-format=class-id of the {channel} channel is not supported here; "
            "use label-format=multi-hot, a 0 or 1 for each class."
        )
    return content_type == RECORD_CONTENT_TYPE
