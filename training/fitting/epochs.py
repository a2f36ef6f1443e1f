"""Fits a network's trainable part: optimizers, learning-rate schedule, epochs, early stopping."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from training.contract import CustomerError
from training.fitting.calibration import temperature
from training.fitting.objective import Objective, objective_for
from training.hyperparameters import Hyperparameters
from training.network.symbol_network import SymbolNetwork

BATCHES_BETWEEN_LINES = 20
SCORING_BATCH = 64
AVERAGED_UPDATES = 50

log = logging.getLogger("training")


@dataclass(frozen=True)
class Inputs:
    """What the trainable part learns from or is scored on.

    `labels` is int64 (n,), or float32 (n, classes) with multi_label; `batch` gives what the network's tail
    takes for the examples at the indices (b,) that it is given.
    """

    labels: Tensor
    batch: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Start:
    """The network to train, the one that is stored and follows it, and both channels as their inputs.

    Both networks have the same parameters, each its own copy, but need not be the same graph.
    """

    network: SymbolNetwork
    stored: SymbolNetwork
    training: Inputs
    validation: Inputs


@dataclass(frozen=True)
class Score:
    """Of one epoch on the validation channel: the share of right answers, and what calibrates the logits."""

    accuracy: float
    temperature: float

    def replaces(self, other: "Score | None") -> bool:
        """At least as many right answers: of epochs that validation cannot tell apart, the later one."""
        return other is None or self.accuracy >= other.accuracy


def optimizer_for(parameters: list[nn.Parameter], chosen: Hyperparameters) -> torch.optim.Optimizer:
    """Returns the documented optimizer; momentum and weight_decay are for sgd and nag only."""
    if chosen.optimizer == "adam":
        betas = (chosen.beta_1, chosen.beta_2)
        return torch.optim.Adam(parameters, lr=chosen.learning_rate, betas=betas, eps=chosen.eps)
    if chosen.optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=chosen.learning_rate, alpha=chosen.gamma, eps=chosen.eps)
    return torch.optim.SGD(
        parameters,
        lr=chosen.learning_rate,
        momentum=chosen.momentum,
        weight_decay=chosen.weight_decay,
        nesterov=chosen.optimizer == "nag" and chosen.momentum > 0,
    )


def _share_of_learning_rate(chosen: Hyperparameters) -> Callable[[int], float]:
    """Returns what gives, by the number of updates so far, the share of `learning_rate` for the next one.

    Steps are counted, as AWS does, in updates of the declared number of samples. With a pretrained network
    the rate rises over the first epoch: at once in full it would undo what ImageNet taught.
    """
    updates_an_epoch = max(1, chosen.num_training_samples // chosen.mini_batch_size)

    def share(updates: int) -> float:
        passed = sum(updates >= step * updates_an_epoch for step in chosen.lr_scheduler_step)
        rise = min(1, (updates + 1) / updates_an_epoch) if chosen.use_pretrained_model else 1
        return rise * chosen.lr_scheduler_factor**passed

    return share


class EarlyStopping:
    """Stops when the validation accuracy has not risen by the tolerance for `patience` epochs."""

    def __init__(self, chosen: Hyperparameters) -> None:
        self._chosen = chosen
        self._best = 0.0
        self._waited = 0

    def met(self, epoch: int, accuracy: float) -> bool:
        """Takes the epoch (from 0) and its accuracy, in order."""
        if accuracy > self._best * (1 + self._chosen.early_stopping_tolerance):
            self._best, self._waited = accuracy, 0
        else:
            self._waited += 1
        enough = epoch + 1 >= self._chosen.early_stopping_min_epochs
        return self._chosen.early_stopping and enough and self._waited >= self._chosen.early_stopping_patience


def fit(
    start: Start,
    chosen: Hyperparameters,
    random: torch.Generator,
    finish_epoch: Callable[[int, Score, SymbolNetwork, bool], None],
) -> None:
    """Trains `start.network` and calls `finish_epoch` after each epoch.

    It gets the epoch's number (from 0), and `start.stored` with its score: the average of the latest weights,
    which is as good as a lower learning rate, and whose accuracy jumps about less. Last it gets whether
    training ends with this epoch.

    Raises:
        CustomerError: the weights, or what they give, are no longer finite.
    """
    network, average = start.network, start.stored
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = optimizer_for(parameters, chosen)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _share_of_learning_rate(chosen))
    objective = objective_for(chosen, start.training.labels)
    average.requires_grad_(False)
    stopping = EarlyStopping(chosen)
    updates = 0

    def update() -> None:
        nonlocal updates
        optimizer.step()
        schedule.step()
        updates += 1
        _move_average(average, network, updates)

    for epoch in range(chosen.epochs):
        started = time.monotonic()
        network.train()
        _train_epoch(network, start.training, objective, chosen, update, random, epoch)
        log.info("Epoch[%d] Time cost=%.3f", epoch, time.monotonic() - started)
        score = score_on(average, start.validation, objective)
        log.info("Epoch[%d] Validation-accuracy=%.6f", epoch, score.accuracy)
        stops = stopping.met(epoch, score.accuracy)
        finish_epoch(epoch, score, average, stops or epoch + 1 == chosen.epochs)
        if stops:
            log.info("Early stopping criteria met.")
            return


def _train_epoch(
    network: SymbolNetwork,
    training: Inputs,
    objective: Objective,
    chosen: Hyperparameters,
    update: Callable[[], None],
    random: torch.Generator,
    epoch: int,
) -> None:
    size = chosen.mini_batch_size
    order = torch.randperm(len(training.labels), generator=random)
    batches = order[: len(order) - len(order) % size].split(size)
    right = 0.0
    in_top_k = seen = 0
    started = time.monotonic()
    for number, indices in enumerate(batches):
        labels = training.labels[indices]
        logits = network.tail(training.batch(indices))
        network.zero_grad()
        objective.loss(logits, labels).mean().backward()
        update()
        right += float(objective.accuracy(logits, labels).sum())
        if chosen.top_k:
            in_top_k += int((logits.topk(chosen.top_k).indices == labels[:, None]).sum())
        seen += size
        if number and number % BATCHES_BETWEEN_LINES == 0:
            speed = BATCHES_BETWEEN_LINES * size / (time.monotonic() - started)
            line = "Epoch[%d] Batch [%d]\tSpeed: %.3f samples/sec\taccuracy=%.6f"
            log.info(line, epoch, number, speed, right / seen)
            started = time.monotonic()
    log.info("Epoch[%d] Train-accuracy=%.6f", epoch, right / seen)
    if chosen.top_k:
        log.info("Epoch[%d] Train-top_k_accuracy_%d=%.6f", epoch, chosen.top_k, in_top_k / seen)


def _move_average(average: SymbolNetwork, network: SymbolNetwork, updates: int) -> None:
    """Weights and statistics follow the network's, at first quickly, then at 1 in `AVERAGED_UPDATES`."""
    rate = max(1 / AVERAGED_UPDATES, 9 / (10 + updates))
    newest = network.state_dict()
    with torch.no_grad():
        for name, value in average.state_dict().items():
            value.lerp_(newest[name], rate)


def score_on(network: SymbolNetwork, inputs: Inputs, objective: Objective) -> Score:
    """Returns how the network does on every one of the inputs.

    Raises:
        CustomerError: its weights, or what they give, are not finite.
    """
    network.eval()
    every = torch.arange(len(inputs.labels))
    with torch.no_grad():
        batches = [network.tail(inputs.batch(part)) for part in every.split(SCORING_BATCH)]
        logits = torch.cat(batches)
        if not all(torch.isfinite(value).all() for value in (logits, *network.state_dict().values())):
            raise CustomerError(
                "Customer Error: Training diverged: weights or logits are no longer finite. Set a smaller "
                "learning_rate, and the optimizer's other values nearer to their defaults."
            )
        cooled = temperature(logits, inputs.labels, objective)
        accuracy = objective.accuracy(logits, inputs.labels).mean()
    return Score(float(accuracy), cooled)
