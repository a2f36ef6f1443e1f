"""Trains as the built-in's container does: from the channels under /opt/ml/input to /opt/ml/model.

An image's path, file by file: ``data/channels.py`` finds it by a list (``data/list_file.py``) or in RecordIO
(``data/record_file.py``), ``data/examples.py`` reads it (``data/images.py``) into a batch, which
``data/augmentation.py`` changes; ``network/trained_network.py`` computes the logits, ``fitting/objective.py``
the loss, and ``fitting/epochs.py`` the next weights, which ``artifact/files.py`` stores.
"""

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
from training.fitting.duration import Announcement
from training.fitting.epochs import Batches, Score, TrainingPlan, fit
from training.fitting.transfer import plan_fine_tuning
from training.hyperparameters import Hyperparameters, merge, parse
from training.network.graph import Network
from training.network.residual import build_resnet, initialise_randomly
from training.network.symbol import InvalidSymbol
from training.network.trained_network import TrainedNetwork

TERMINATED = 143

log = logging.getLogger("training")


class Terminated(BaseException):
    """SIGTERM came: StopTrainingJob, or the job's time is up. No ``except Exception`` may swallow it."""


def train(paths: ContainerPaths) -> int:
    """Returns the exit status: 0, or 143 when SIGTERM ended it with the best model so far stored.

    Raises:
        CustomerError: Hyperparameters or data are not what the algorithm takes.
    """
    signal.signal(signal.SIGTERM, _terminate)
    paths.failure.unlink(missing_ok=True)
    paths.model.mkdir(parents=True, exist_ok=True)
    _remove(paths.model, "*.params")
    try:
        _train(paths)
    except Terminated:
        log.info("Stopped by SIGTERM; the best model so far, if any, is in %s", paths.model)
        return TERMINATED
    finally:
        _remove(paths.model, "*.unfinished")
    return 0


def _remove(folder: Path, pattern: str) -> None:
    for path in folder.glob(pattern):
        path.unlink()


def _terminate(number: int, _: FrameType | None) -> None:
    signal.signal(number, signal.SIG_IGN)  # a second one would break into tidying up
    raise Terminated


def _train(paths: ContainerPaths) -> None:
    print("Docker entrypoint called with argument(s): train", flush=True)
    hyperparameters = _read_hyperparameters(paths)
    generator = _seed_generator()
    model_channel = paths.find_channel("model")
    given = load_model(model_channel, hyperparameters) if model_channel.is_dir() else None
    training_images = read_channel(paths, "train", hyperparameters)
    validation_images = read_channel(paths, "validation", hyperparameters)
    for channel, images in (("train", training_images), ("validation", validation_images)):
        if len(images) < hyperparameters.mini_batch_size:
            raise CustomerError(
                "ClientError: The number of input images must be bigger or equal to the mini_batch_size. "
                f"The {channel} channel has {len(images)} images, and mini_batch_size is "
                f"{hyperparameters.mini_batch_size}."
            )
    training = Examples(training_images, "train", hyperparameters)
    validation = Examples(validation_images, "validation", hyperparameters)
    log.info("use_pretrained_model: %d", hyperparameters.use_pretrained_model)
    log.info("multi_label: %d", hyperparameters.multi_label)
    if given:
        log.info("Training on from the model in the model channel, in all its layers")
    elif hyperparameters.use_pretrained_model:
        log.info("Using pretrained model for initializing weights and transfer learning.")
        log.info("The pretrained model here is EfficientNet-Lite2, whatever num_layers says")
    else:
        log.info("Performing random weight initialization")
    _log_parameters(hyperparameters)
    if hyperparameters.use_pretrained_model and not given:
        plan = plan_fine_tuning(training, validation, hyperparameters, generator)
    else:
        network = given or initialise_network(hyperparameters)
        plan = plan_all_layers(network, training, validation, hyperparameters, generator)
    image_shape, batch = hyperparameters.image_shape, hyperparameters.mini_batch_size
    artifact.describe(paths.model, plan.averaged.graph.symbol, image_shape, batch)
    store = CheckpointStore(paths.model, plan.averaged, hyperparameters.checkpoint_frequency)
    announcement = Announcement(hyperparameters, len(training), len(validation))
    fit(plan, hyperparameters, generator, announcement.finish_update, store.finish_epoch)


def initialise_network(hyperparameters: Hyperparameters) -> Network:
    """Returns the residual network of the hyperparameters with randomly drawn weights.

    Raises:
        CustomerError: It asks for too much memory or work.
    """
    num_layers, image_shape = hyperparameters.num_layers, hyperparameters.image_shape
    multi_label = bool(hyperparameters.multi_label)
    symbol = build_resnet(num_layers, image_shape, hyperparameters.num_classes, multi_label)
    try:
        return initialise_randomly(symbol, image_shape)
    except InvalidSymbol as error:
        _, height, width = image_shape
        raise CustomerError(
            f"Customer Error: A network of {num_layers} layers cannot be trained here on images of "
            f"{width}x{height} pixels: {error}."
        ) from None


def plan_all_layers(
    network: Network,
    training: Examples,
    validation: Examples,
    hyperparameters: Hyperparameters,
    generator: torch.Generator,
) -> TrainingPlan:
    """Plans to train every layer of a network."""
    kind = hyperparameters.augmentation_type

    def draw_batch(indices: Tensor) -> Tensor:
        return augment(training.load_batch(indices, generator if kind else None), kind, generator)

    augmented = Batches(training.labels, draw_batch)
    trained = TrainedNetwork(network)
    return TrainingPlan(trained, trained.fix(), augmented, Batches(validation.labels, validation.load_batch))


class CheckpointStore:
    """Stores the best model so far, or one every ``checkpoint_frequency`` epochs and the last."""

    def __init__(self, folder: Path, network: Network, checkpoint_frequency: int | None) -> None:
        self._folder = folder
        self._network = network
        self._frequency = checkpoint_frequency
        self._best = 0.0

    def finish_epoch(self, epoch: int, score: Score, ends: bool) -> None:
        """Stores the network's weights after an epoch (from 0), if they are to be kept."""
        if self._frequency:
            # The latest checkpoint is what serves, and the last accuracy what the job's metric tells.
            if ends or (epoch + 1) % self._frequency == 0:
                self._store(epoch, score.temperature)
        # Of epochs that validation cannot tell apart, the later one is kept.
        elif score.accuracy >= self._best:
            log.info("Storing the best model with validation accuracy: %.6f", score.accuracy)
            self._best = score.accuracy
            stored = self._store(epoch, score.temperature)
            for older in set(self._folder.glob("*.params")) - {stored}:
                older.unlink()

    def _store(self, epoch: int, temperature: float) -> Path:
        stored = artifact.store_weights(self._folder, self._network.calibrate(temperature).values, epoch)
        log.info('Saved checkpoint to "%s"', stored)
        log.info("Logits are divided by %.3f, calibrated on the validation channel", temperature)
        return stored


def _read_hyperparameters(paths: ContainerPaths) -> Hyperparameters:
    given = paths.read_hyperparameters()
    log.info("Reading default configuration from %s: %s", contract.DEFAULT_INPUT_FILE, contract.DEFAULT_INPUT)
    log.info("Merging with provided configuration from %s: %s", paths.hyperparameters, given)
    log.info("Final configuration: %s", merge(given))
    return parse(given)


def _seed_generator() -> torch.Generator:
    """Returns the generator of every draw; SCONES_SEED, a whole number, makes a run repeatable."""
    generator = torch.Generator()
    seed = os.environ.get("SCONES_SEED", "")
    if not seed:
        generator.seed()
    elif re.fullmatch("[0-9]{1,18}", seed):
        generator.manual_seed(int(seed))
    else:
        raise CustomerError(
            f"SCONES_SEED is {seed[:40]!r}; it must be a whole number of at most 18 digits, such as 1."
        )
    torch.manual_seed(generator.initial_seed())
    return generator


def _log_parameters(hyperparameters: Hyperparameters) -> None:
    def log_values(*names: str) -> None:
        for name in names:
            value = getattr(hyperparameters, name)
            log.info("%s: %s", name, ",".join(map(str, value)) if isinstance(value, tuple) else value)

    log.info("---- Parameters ----")
    log_values("num_layers")
    log.info("data type: <class 'numpy.float32'>")
    log_values("epochs", "optimizer")
    if hyperparameters.optimizer in ("sgd", "nag"):
        log_values("momentum", "weight_decay")
    log_values("learning_rate")
    if hyperparameters.lr_scheduler_step:
        log_values("lr_scheduler_step", "lr_scheduler_factor")
    log_values("num_training_samples", "mini_batch_size", "image_shape", "num_classes", "augmentation_type")
    log.info("kv_store: device")
    if hyperparameters.early_stopping:
        log.info("Using early stopping for training")
        log.info("Early stopping minimum epochs: %d", hyperparameters.early_stopping_min_epochs)
        log.info("Early stopping patience: %d", hyperparameters.early_stopping_patience)
        log.info("Early stopping tolerance: %s", hyperparameters.early_stopping_tolerance)
    if hyperparameters.checkpoint_frequency is None:
        log.info("checkpoint_frequency not set, will store the best model")
    log.info("--------------------")
    log.info("Setting number of threads: %d", torch.get_num_threads())
