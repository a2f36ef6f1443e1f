"""Trains a network for some epochs: optimizer, learning-rate schedule, averaged weights, early stopping.

After each epoch it is scored on the validation channel, and calibrated: one temperature for all logits makes
its confidence mean what it says (Guo et al., arXiv:1706.04599).
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from training.contract import CustomerError
from training.fitting.gradients import Gradients
from training.fitting.mixing import mix
from training.fitting.objective import Objective, choose_objective
from training.hyperparameters import Hyperparameters
from training.network.fixed_network import FixedNetwork
from training.network.graph import Float32, Network
from training.network.trained_network import TrainedNetwork

BATCHES_BETWEEN_LINES = 20
SCORING_BATCH = 64
AVERAGED_UPDATES = 50
TEMPERATURES = torch.logspace(-1, 1, 201)
# A few images tell little about the temperature: a log-normal prior around 1, worth about as much as twenty
# images, keeps it from running away. This is the standard deviation of the temperature's logarithm.
PRIOR_DEVIATION = 0.5

log = logging.getLogger("training")


@dataclass(frozen=True)
class Batches:
    """A channel as the part of a network behind its frozen layers takes it.

    The labels are int64 (n,), or float32 (n, classes) with multi_label; ``load_batch`` returns the input for
    the examples at the indices (b,).
    """

    labels: Tensor
    load_batch: Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class TrainingPlan:
    """The network that is trained, the averaged one that is scored and stored, and both channels.

    Both networks are the same graph, each with its own weights. ``mixes`` says whether the first is trained
    on mixtures of two examples.
    """

    network: TrainedNetwork
    averaged: Network
    training: Batches
    validation: Batches
    mixes: bool = False


@dataclass(frozen=True)
class Score:
    """A network's share of right answers on a channel, and the temperature that calibrates its logits."""

    accuracy: float
    temperature: float


def build_optimizer(
    parameters: list[nn.Parameter], hyperparameters: Hyperparameters
) -> torch.optim.Optimizer:
    """Returns the documented optimizer; momentum and weight_decay are for sgd and nag only."""
    rate, eps = hyperparameters.learning_rate, hyperparameters.eps
    if hyperparameters.optimizer == "adam":
        betas = (hyperparameters.beta_1, hyperparameters.beta_2)
        return torch.optim.Adam(parameters, lr=rate, betas=betas, eps=eps)
    if hyperparameters.optimizer == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=rate, alpha=hyperparameters.gamma, eps=eps)
    return torch.optim.SGD(
        parameters,
        lr=rate,
        momentum=hyperparameters.momentum,
        weight_decay=hyperparameters.weight_decay,
        nesterov=hyperparameters.optimizer == "nag" and hyperparameters.momentum > 0,
    )


def _build_schedule(
    optimizer: torch.optim.Optimizer, hyperparameters: Hyperparameters
) -> torch.optim.lr_scheduler.LambdaLR:
    """Returns the learning-rate schedule, which is stepped after each update.

    Steps are counted, as AWS does, in updates of the declared number of samples. With a pretrained network
    the rate rises over the first epoch: at once in full it would undo what ImageNet taught.
    """
    updates_an_epoch = max(1, hyperparameters.num_training_samples // hyperparameters.mini_batch_size)

    def compute_factor(updates: int) -> float:
        passed = sum(updates >= step * updates_an_epoch for step in hyperparameters.lr_scheduler_step)
        warm_up = min(1, (updates + 1) / updates_an_epoch) if hyperparameters.use_pretrained_model else 1
        return warm_up * hyperparameters.lr_scheduler_factor**passed

    return torch.optim.lr_scheduler.LambdaLR(optimizer, compute_factor)


class EarlyStopping:
    """Stops when the validation accuracy has not risen by the tolerance for ``patience`` epochs."""

    def __init__(self, hyperparameters: Hyperparameters) -> None:
        self._hyperparameters = hyperparameters
        self._best = 0.0
        self._waited = 0

    def is_met(self, epoch: int, accuracy: float) -> bool:
        """Takes the epoch (from 0) and its accuracy, in order."""
        if accuracy > self._best * (1 + self._hyperparameters.early_stopping_tolerance):
            self._best, self._waited = accuracy, 0
        else:
            self._waited += 1
        return (
            self._hyperparameters.early_stopping
            and epoch + 1 >= self._hyperparameters.early_stopping_min_epochs
            and self._waited >= self._hyperparameters.early_stopping_patience
        )


def fit(
    plan: TrainingPlan,
    hyperparameters: Hyperparameters,
    generator: torch.Generator,
    finish_update: Callable[[int], None],
    finish_epoch: Callable[[int, Score, bool], None],
) -> None:
    """Trains ``plan.network``, and after each epoch scores ``plan.averaged``, which can then be stored.

    The average of the latest weights is as good as a lower learning rate, and its accuracy jumps about less.
    ``finish_update`` takes how many updates there have been, ``finish_epoch`` an epoch's number (from 0), its
    score, and whether training ends with it.

    Raises:
        CustomerError: The weights or the logits are no longer finite.
    """
    optimizer = build_optimizer([p for p in plan.network.parameters() if p.requires_grad], hyperparameters)
    schedule = _build_schedule(optimizer, hyperparameters)
    objective = choose_objective(hyperparameters, plan.training.labels)
    stopping = EarlyStopping(hyperparameters)
    gradients = Gradients(plan.network, hyperparameters.mini_batch_size)

    def update(x: Tensor, labels: Tensor) -> Tensor:
        if plan.mixes:
            x, labels = mix(x, labels, hyperparameters.num_classes, generator)
        logits = gradients.compute(x, labels, objective.compute_loss)
        optimizer.step()
        schedule.step()
        _move_average(plan.averaged, plan.network, schedule.last_epoch)
        finish_update(schedule.last_epoch)
        return logits

    for epoch in range(hyperparameters.epochs):
        started = time.monotonic()
        _train_epoch(plan, objective, hyperparameters, update, generator, epoch)
        log.info("Epoch[%d] Time cost=%.3f", epoch, time.monotonic() - started)
        score = score_averaged(plan, objective)
        log.info("Epoch[%d] Validation-accuracy=%.6f", epoch, score.accuracy)
        stops = stopping.is_met(epoch, score.accuracy)
        finish_epoch(epoch, score, stops or epoch + 1 == hyperparameters.epochs)
        if stops:
            log.info("Early stopping criteria met.")
            return


def _train_epoch(
    plan: TrainingPlan,
    objective: Objective,
    hyperparameters: Hyperparameters,
    update: Callable[[Tensor, Tensor], Tensor],
    generator: torch.Generator,
    epoch: int,
) -> None:
    size, top_k = hyperparameters.mini_batch_size, hyperparameters.top_k
    order = torch.randperm(len(plan.training.labels), generator=generator)
    batches = order[: len(order) - len(order) % size].split(size)
    right = 0.0
    in_top_k = seen = 0
    started = time.monotonic()
    for number, indices in enumerate(batches):
        labels = plan.training.labels[indices]
        logits = update(plan.training.load_batch(indices), labels)
        right += float(objective.compute_accuracy(logits, labels).sum())
        if top_k:
            in_top_k += int((logits.topk(top_k).indices == labels[:, None]).sum())
        seen += size
        if number and number % BATCHES_BETWEEN_LINES == 0:
            speed = BATCHES_BETWEEN_LINES * size / (time.monotonic() - started)
            line = "Epoch[%d] Batch [%d]\tSpeed: %.3f samples/sec\taccuracy=%.6f"
            log.info(line, epoch, number, speed, right / seen)
            started = time.monotonic()
    log.info("Epoch[%d] Train-accuracy=%.6f", epoch, right / seen)
    if top_k:
        log.info("Epoch[%d] Train-top_k_accuracy_%d=%.6f", epoch, top_k, in_top_k / seen)


def _move_average(averaged: Network, network: TrainedNetwork, updates: int) -> None:
    """Moves weights and statistics to the network's: quickly at first, then at 1 in ``AVERAGED_UPDATES``."""
    rate = max(1 / AVERAGED_UPDATES, 9 / (10 + updates))
    for name, newest in network.state_dict().items():
        torch.from_numpy(averaged.values[name]).lerp_(newest, rate)


def score_averaged(plan: TrainingPlan, objective: Objective) -> Score:
    """Scores the averaged network on all examples of the validation channel.

    Raises:
        CustomerError: Its weights or its logits are not finite.
    """
    network, labels = plan.averaged, plan.validation.labels
    logits_node = network.graph.symbol.nodes[network.graph.logits].name
    fixed = FixedNetwork(network, plan.network.trained_from, logits_node)
    found = compute_in_batches(fixed, plan.validation)
    if not all(np.isfinite(value).all() for value in (found, *network.values.values())):
        raise CustomerError(
            "Customer Error: Training diverged: weights or logits are no longer finite. Set a smaller "
            "learning_rate, and the optimizer's other values nearer to their defaults."
        )
    logits = torch.from_numpy(found)
    accuracy = objective.compute_accuracy(logits, labels).mean()
    return Score(float(accuracy), fit_temperature(logits, labels, objective))


def compute_in_batches(network: FixedNetwork, channel: Batches) -> Float32:
    """Returns (n, …): what a part of a network gives for all examples of a channel, in their order."""
    parts = torch.arange(len(channel.labels)).split(SCORING_BATCH)
    return np.concatenate([network.compute_all(channel.load_batch(indices).numpy()) for indices in parts])


def fit_temperature(logits: Tensor, labels: Tensor, objective: Objective) -> float:
    """Returns the temperature, from 0.1 to 10, under which the labels are most probable.

    The logits are float32 (n, classes), of images that the network was not trained on.
    """
    losses = torch.stack(
        [objective.compute_loss(logits / candidate, labels).sum() for candidate in TEMPERATURES]
    )
    penalties = (TEMPERATURES.log() / PRIOR_DEVIATION).square() / 2
    return float(TEMPERATURES[(losses + penalties).argmin()])
