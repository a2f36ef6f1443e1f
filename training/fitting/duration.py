"""Tells before a training about how long it takes on this machine, from some seconds of the same work."""

import copy
import time
from collections.abc import Callable

import torch

from training.fitting.epochs import SCORING_BATCH, TrainingPlan
from training.hyperparameters import Hyperparameters
from training.network.fixed_network import FixedNetwork

LONG_ENOUGH = 1.0  # seconds of a run from which the time of longer ones is told
# Minutes on two cores, with accuracy to match: docs/training.md says what they make of a network here.
QUICK = {
    "use_pretrained_model": "1",
    "num_layers": "50",
    "image_shape": "3,224,224",
    "resize": "224",
    "augmentation_type": "crop_color",
    "epochs": "8",
    "mini_batch_size": "32",
    "optimizer": "adam",
    "learning_rate": "0.0005",
    "lr_scheduler_step": "4,6",
    "lr_scheduler_factor": "0.3",
}


def announce(
    estimate: Callable[[], float],
    hyperparameters: Hyperparameters,
    generator: torch.Generator,
    *,
    from_scratch: bool = True,
) -> None:
    """Prints one line, which AWS's container does not have: about how long it takes, and what is quick here.

    ``estimate`` returns seconds; what it draws from ``generator`` is drawn again in training.
    """
    state = generator.get_state()
    seconds = max(1, round(estimate()))
    generator.set_state(state)
    length = _count(round(seconds / 60), "minute") if seconds >= 120 else _count(seconds, "second")
    most = "at most " if hyperparameters.early_stopping else ""
    epochs = _count(hyperparameters.epochs, "epoch")
    line = f"This training takes {most}about {length} on this machine, for {epochs}."
    if from_scratch:
        line += " Quick here: " + ", ".join(f"{name}={value}" for name, value in QUICK.items())
    print(line, flush=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def estimate_epochs(plan: TrainingPlan, hyperparameters: Hyperparameters) -> float:
    """Returns about how many seconds all epochs of a plan take; its networks stay as they are."""
    network = copy.deepcopy(plan.network).train()
    size, examples = hyperparameters.mini_batch_size, len(plan.validation.labels)
    scored = min(SCORING_BATCH, examples)

    def train(count: int) -> None:
        network.zero_grad()
        network(plan.training.load_batch(torch.arange(count))).sum().backward()

    fixed = FixedNetwork(plan.averaged, network.trained_from)

    def score(count: int) -> None:
        fixed.compute_all(plan.validation.load_batch(torch.arange(count)).numpy())

    updates = len(plan.training.labels) // size
    epoch = updates * estimate_seconds(train, size) + examples / scored * estimate_seconds(score, scored)
    return hyperparameters.epochs * epoch


def estimate_seconds(run: Callable[[int], object], size: int) -> float:
    """Returns about how long ``run(size)`` takes, from runs on fewer examples.

    A run takes a fixed time, and more for each example; both are told apart by its last two lengths.
    """
    count = min(2, size)
    run(count)  # the first one also prepares memory and code
    shorter = None
    while True:
        started = time.perf_counter()
        run(count)
        seconds = time.perf_counter() - started
        if count == size or seconds >= LONG_ENOUGH:
            break
        shorter = count, seconds
        count = min(2 * count, size)
    each = seconds / count
    if shorter:
        each = min(each, max(0.0, (seconds - shorter[1]) / (count - shorter[0])))
    return seconds + each * (size - count)
