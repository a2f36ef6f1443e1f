"""Checks a model artifact on this machine before it is uploaded."""

import re
from pathlib import Path

from stacks.configuration.settings import SettingError
from training.tar_gz import InvalidArchive, open_files

# What AWS's algorithm leaves in an artifact.
EXPECTED = ("image-classification-NNNN.params", "image-classification-symbol.json", "model-shapes.json")


def check_artifact(path: Path) -> None:
    """Makes sure that a file is a model artifact: a tar, packed with gzip, with the three files at its root.

    Nothing is unpacked, and what the files hold is for the container to judge.

    Raises:
        SettingError: It is none; the message is one line for the user.
    """
    if fault := _find_fault(path):
        raise SettingError(
            f"Setting 'model_artifact' is \"{str(path)[:200]}\", and {fault}: it must be the path of a "
            "model.tar.gz as training leaves it, or s3://BUCKET/KEY"
        )


def _find_fault(path: Path) -> str | None:
    if not path.is_file():
        return "there is no such file"
    try:
        with open_files(path) as files:
            found = {re.sub(r"-[0-9]{4}\.params$", "-NNNN.params", name) for name, _ in files}
    except InvalidArchive as error:
        return str(error)
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return next((f"it holds no {name} outside of any folder" for name in EXPECTED if name not in found), None)
