"""Reads and writes /opt/ml: where a SageMaker container finds its input and leaves its output."""

import json
from pathlib import Path

from training.contract import CustomerError

ROOT = Path("/opt/ml")


class ContainerPaths:
    """The folders and files under ``root``, which stands for /opt/ml.

    Source: AWS, "How Amazon SageMaker AI provides training information".
    """

    def __init__(self, root: Path = ROOT) -> None:
        root = root.absolute()  # a relative one may stand anywhere in a text
        self._root = root
        self._data = root / "input" / "data"
        self.hyperparameters = root / "input" / "config" / "hyperparameters.json"
        self.input_data_config = root / "input" / "config" / "inputdataconfig.json"
        self.model = root / "model"
        self.failure = root / "output" / "failure"

    def name_in_container(self, text: str) -> str:
        """Returns a text in which each file under the root is named as it is on AWS, under /opt/ml."""
        return text.replace(f"{self._root}/", f"{ROOT}/")

    def find_channel(self, name: str) -> Path:
        """Returns the folder of an input channel; it exists only if the job has that channel."""
        return self._data / name

    def read_hyperparameters(self) -> dict[str, str]:
        """Returns the job's own hyperparameters: names and values, both strings.

        Raises:
            CustomerError: The file is absent, or is not a JSON object of strings.
        """
        try:
            given = _read_json(self.hyperparameters)
        except FileNotFoundError:
            raise CustomerError(f"Customer Error: There is no {self.hyperparameters}.") from None
        if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
            raise CustomerError(f"Customer Error: {self.hyperparameters} must map names to strings.")
        return given

    def read_input_data_config(self) -> dict[str, dict[str, str]]:
        """Returns the settings of each channel, such as ContentType; none if that file is not there.

        Raises:
            CustomerError: The file is not a JSON object of objects of strings.
        """
        try:
            given = _read_json(self.input_data_config)
        except FileNotFoundError:
            return {}
        match given:
            case dict() if all(isinstance(settings, dict) for settings in given.values()):
                if all(isinstance(value, str) for settings in given.values() for value in settings.values()):
                    return given
        raise CustomerError(f"Customer Error: {self.input_data_config} must map channels to their settings.")

    def write_failure(self, message: str) -> None:
        """Writes the reason of a failed job; SageMaker shows its first 1024 characters."""
        self.failure.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.failure.with_name("failure.unfinished")
        unfinished.write_text(message[:1024], encoding="utf-8")
        unfinished.replace(self.failure)


def _read_json(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CustomerError(f"Customer Error: {file} is not JSON: {error}") from None
