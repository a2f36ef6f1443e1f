"""The hyperparameters of a training that takes seconds, and the model that says the opposite of its own."""

import tarfile
from pathlib import Path

from training.artifact.parameters import read_parameters, write_parameters

# The built-in's smallest network on small pictures: a real training, in seconds. A null takes a default away.
QUICK_TRAINING = {
    "use_pretrained_model": "0",
    "image_shape": "3,28,28",
    "num_layers": "20",
    "epochs": "10",
    # The tests' validation splits are not smaller.
    "mini_batch_size": "8",
    "optimizer": "sgd",
    "learning_rate": "0.05",
    "augmentation_type": None,
    "resize": "32",
    "lr_scheduler_step": None,
    "lr_scheduler_factor": None,
}


def turned_round(artifact: Path, folder: Path) -> Path:
    """Writes an artifact whose model says of every picture what the given one deems least probable."""
    with tarfile.open(artifact) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (weights,) = (folder / "unpacked").glob("*.params")
    arrays = read_parameters(weights)
    last = [name for name in arrays if name.startswith("arg:fc")]
    assert last
    write_parameters(weights, {name: -array if name in last else array for name, array in arrays.items()})
    path = folder / "turned-round.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for file in sorted((folder / "unpacked").iterdir()):
            archive.add(file, file.name)
    return path
