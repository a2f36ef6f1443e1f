"""Trains as the built-in's container does: from the channels under /opt/ml/input to /opt/ml/model."""

import copy
import logging
import os
import re
import signal
from pathlib import Path
from types import FrameType

import torch
from torch import Tensor

from training import contract
from training.artifact import files as artifact
from training.artifact.channel import load_model
from training.container_paths import ContainerPaths
from training.contract import CustomerError
from training.data.augmentation import augment
from training.data.channels import read_channel
from training.data.examples import Examples
from training.fitting.epochs import Inputs, Score, Start, fit
from training.fitting.transfer import start_from_imagenet
from training.hyperparameters import Hyperparameters, merge, parse
from training.network.residual import randomly_initialised, residual_symbol
from training.network.symbol_network import SymbolNetwork

TERMINATED = 143

log = logging.getLogger("training")


class Terminated(BaseException):
    """SIGTERM came: StopTrainingJob, or the job's time is up. No `except Exception` may swallow it."""


def train(paths: ContainerPaths) -> int:
    """Returns the exit status: 0, or 143 when SIGTERM ended it with the best model so far stored.

    Raises:
        CustomerError: hyperparameters or data are not what the algorithm takes.
    """
    signal.signal(signal.SIGTERM, _terminate)
    paths.failure.unlink(missing_ok=True)
    paths.model.mkdir(parents=True, exist_ok=True)
    _clear(paths.model, "*.params")
    try:
        _train(paths)
    except Terminated:
        log.info("Stopped by SIGTERM; the best model so far, if any, is in %s", paths.model)
        return TERMINATED
    finally:
        _clear(paths.model, "*.unfinished")
    return 0


def _clear(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        path.unlink()


def _terminate(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # a second one would break into tidying up
    raise Terminated


def _train(paths: ContainerPaths) -> None:
    print("Docker entrypoint called with argument(s): train", flush=True)
    chosen = _read_hyperparameters(paths)
    random = _seeded_generator()
    channel = paths.channel("model")
    given = load_model(channel, chosen) if channel.is_dir() else None
    training_images = read_channel(paths, "train", chosen)
    validation_images = read_channel(paths, "validation", chosen)
    if len(training_images) < chosen.mini_batch_size:
        raise CustomerError(
            "ClientError: The number of input images must be bigger or equal to the mini_batch_size. "
            f"There are {len(training_images)} images, and mini_batch_size is {chosen.mini_batch_size}."
        )
    training = Examples(training_images, "train", chosen)
    validation = Examples(validation_images, "validation", chosen)
    log.info("use_pretrained_model: %d", chosen.use_pretrained_model)
    log.info("multi_label: %d", chosen.multi_label)
    if given:
        log.info("Training on from the model in the model channel, in all its layers")
        _log_parameters(chosen)
        start = _whole(given, training, validation, chosen, random)
    elif chosen.use_pretrained_model:
        log.info("Using pretrained model for initializing weights and transfer learning.")
        log.info("The pretrained model here is EfficientNet-Lite2, whatever num_layers says")
        _log_parameters(chosen)
        start = start_from_imagenet(training, validation, chosen, random)
    else:
        log.info("Performing random weight initialization")
        _log_parameters(chosen)
        symbol = residual_symbol(
            chosen.num_layers, chosen.image_shape, chosen.num_classes, bool(chosen.multi_label)
        )
        start = _whole(randomly_initialised(symbol, chosen.image_shape), training, validation, chosen, random)
    artifact.describe(paths.model, start.stored.symbol, chosen.image_shape, chosen.mini_batch_size)
    fit(start, chosen, random, _Keeper(paths, chosen))


def _whole(
    network: SymbolNetwork,
    training: Examples,
    validation: Examples,
    chosen: Hyperparameters,
    random: torch.Generator,
) -> Start:
    """Returns a network of which every layer is trained, and both channels as its inputs."""

    def augmented(indices: Tensor) -> Tensor:
        kind = chosen.augmentation_type
        return augment(training.batch(indices, random if kind else None), kind, random)

    taught = Inputs(training.labels, augmented)
    return Start(network, copy.deepcopy(network), taught, Inputs(validation.labels, validation.batch))


class _Keeper:
    """Stores the best model of the epochs so far, or one every `checkpoint_frequency` epochs and the last."""

    def __init__(self, paths: ContainerPaths, chosen: Hyperparameters) -> None:
        self._folder = paths.model
        self._frequency = chosen.checkpoint_frequency
        self._best: Score | None = None

    def __call__(self, epoch: int, score: Score, network: SymbolNetwork, ends: bool) -> None:
        if self._frequency:
            # The latest checkpoint is what serves, and the last accuracy what the job's metric tells.
            if ends or (epoch + 1) % self._frequency == 0:
                self._store(epoch, network, score.temperature)
        elif score.replaces(self._best):
            log.info("Storing the best model with validation accuracy: %.6f", score.accuracy)
            self._best = score
            stored = self._store(epoch, network, score.temperature)
            for older in set(self._folder.glob("*.params")) - {stored}:
                older.unlink()

    def _store(self, epoch: int, network: SymbolNetwork, temperature: float) -> Path:
        stored = artifact.store_weights(self._folder, network.values(temperature), epoch)
        log.info('Saved checkpoint to "%s"', stored)
        log.info("Logits are divided by %.3f, calibrated on the validation channel", temperature)
        return stored


def _read_hyperparameters(paths: ContainerPaths) -> Hyperparameters:
    given = paths.read_hyperparameters()
    log.info("Reading default configuration from %s: %s", contract.__file__, contract.DEFAULT_INPUT)
    log.info("Merging with provided configuration from %s: %s", paths.hyperparameters, given)
    log.info("Final configuration: %s", merge(given))
    return parse(given)


def _seeded_generator() -> torch.Generator:
    """Returns the generator of every draw; SCONES_SEED, a whole number, makes a run repeatable."""
    random = torch.Generator()
    seed = os.environ.get("SCONES_SEED", "")
    if not seed:
        random.seed()
    elif re.fullmatch("[0-9]{1,18}", seed):
        random.manual_seed(int(seed))
    else:
        raise CustomerError(
            f"SCONES_SEED is {seed[:40]!r}; it must be a whole number of at most 18 digits, such as 1."
        )
    torch.manual_seed(random.initial_seed())
    return random


def _log_parameters(chosen: Hyperparameters) -> None:
    log.info("---- Parameters ----")
    log.info("num_layers: %d", chosen.num_layers)
    log.info("data type: <class 'numpy.float32'>")
    log.info("epochs: %d", chosen.epochs)
    log.info("optimizer: %s", chosen.optimizer)
    if chosen.optimizer in ("sgd", "nag"):
        log.info("momentum: %s", chosen.momentum)
        log.info("weight_decay: %s", chosen.weight_decay)
    log.info("learning_rate: %s", chosen.learning_rate)
    if chosen.lr_scheduler_step:
        log.info("lr_scheduler_step: %s", ",".join(map(str, chosen.lr_scheduler_step)))
        log.info("lr_scheduler_factor: %s", chosen.lr_scheduler_factor)
    log.info("num_training_samples: %d", chosen.num_training_samples)
    log.info("mini_batch_size: %d", chosen.mini_batch_size)
    log.info("image_shape: %s", ",".join(map(str, chosen.image_shape)))
    log.info("num_classes: %d", chosen.num_classes)
    log.info("augmentation_type: %s", chosen.augmentation_type)
    log.info("kv_store: device")
    if chosen.early_stopping:
        log.info("Using early stopping for training")
        log.info("Early stopping minimum epochs: %d", chosen.early_stopping_min_epochs)
        log.info("Early stopping patience: %d", chosen.early_stopping_patience)
        log.info("Early stopping tolerance: %s", chosen.early_stopping_tolerance)
    if chosen.checkpoint_frequency is None:
        log.info("checkpoint_frequency not set, will store the best model")
    log.info("--------------------")
    log.info("Setting number of threads: %d", torch.get_num_threads())
