"""Hyperparameters arrive as strings; here they get their documented types, ranges and defaults."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from training.contract import DEFAULT_INPUT, CustomerError

SMALL_NETWORKS = (20, 32, 44, 56, 110)
LARGE_NETWORKS = (18, 34, 50, 101, 152, 200)
Parser = Callable[[str], object]


def _integer(minimum: int) -> tuple[str, Parser]:
    def parse(text: str) -> int:
        if not re.fullmatch("[1-9][0-9]{0,8}", text) or int(text) < minimum:
            raise ValueError
        return int(text)

    return f"an integer greater than or equal to {minimum}", parse


def _fraction() -> tuple[str, Parser]:
    def parse(text: str) -> float:
        if not re.fullmatch(r"[0-9]*\.?[0-9]+([eE]-?[0-9]+)?|[0-9]+\.", text) or not 0 <= float(text) <= 1:
            raise ValueError
        return float(text)

    return "a float from 0 to 1", parse


def _one_of(*allowed: str) -> tuple[str, Parser]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError
        return text

    return "one of the following: " + ", ".join(f'"{value}"' for value in allowed), parse


def _one_of_integers(*allowed: int) -> tuple[str, Parser]:
    expected, _ = _one_of(*map(str, allowed))

    def parse(text: str) -> int:
        if text not in map(str, allowed):
            raise ValueError
        return int(text)

    return expected, parse


def _boolean() -> tuple[str, Parser]:
    def parse(text: str) -> bool:
        return {"True": True, "False": False}[text]

    return 'one of the following: "True", "False"', parse


def _image_shape() -> tuple[str, Parser]:
    def parse(text: str) -> tuple[int, int, int]:
        sides = re.fullmatch("3, *([1-9][0-9]{0,3}), *([1-9][0-9]{0,3})", text)
        if not sides or max(map(int, sides.groups())) > 4096:
            raise ValueError
        return 3, int(sides[1]), int(sides[2])

    return 'a string "3,height,width" with sides of 1 to 4096', parse


def _epoch_steps() -> tuple[str, Parser]:
    def parse(text: str) -> tuple[int, ...]:
        if not re.fullmatch("[1-9][0-9]{0,8}(, *[1-9][0-9]{0,8})*", text):
            raise ValueError
        steps = tuple(int(step) for step in text.split(","))
        if list(steps) != sorted(set(steps)):
            raise ValueError
        return steps

    return 'a string of rising epochs such as "10,20"', parse


DOCUMENTED: dict[str, tuple[str, Parser]] = {
    "num_classes": _integer(1),
    "num_training_samples": _integer(1),
    "augmentation_type": _one_of("crop", "crop_color", "crop_color_transform"),
    "beta_1": _fraction(),
    "beta_2": _fraction(),
    "checkpoint_frequency": _integer(1),
    "early_stopping": _boolean(),
    "early_stopping_min_epochs": _integer(1),
    "early_stopping_patience": _integer(1),
    "early_stopping_tolerance": _fraction(),
    "epochs": _integer(1),
    "eps": _fraction(),
    "gamma": _fraction(),
    "image_shape": _image_shape(),
    "kv_store": _one_of("dist_sync", "dist_async"),
    "learning_rate": _fraction(),
    "lr_scheduler_factor": _fraction(),
    "lr_scheduler_step": _epoch_steps(),
    "mini_batch_size": _integer(1),
    "momentum": _fraction(),
    "multi_label": _one_of_integers(0, 1),
    "num_layers": _one_of_integers(*LARGE_NETWORKS, *SMALL_NETWORKS),
    "optimizer": _one_of("sgd", "adam", "rmsprop", "nag"),
    "precision_dtype": _one_of("float32", "float16"),
    "resize": _integer(1),
    "top_k": _integer(2),
    "use_pretrained_model": _one_of_integers(0, 1),
    "use_weighted_loss": _one_of_integers(0, 1),
    "weight_decay": _fraction(),
}


@dataclass(frozen=True)
class Hyperparameters:
    """One job's hyperparameters, checked; the defaults are AWS's documented ones.

    Shapes are (channels, height, width) in pixels; `lr_scheduler_step` and the early-stopping counts are
    in epochs.
    """

    num_classes: int
    num_training_samples: int
    augmentation_type: str | None = None
    beta_1: float = 0.9
    beta_2: float = 0.999
    checkpoint_frequency: int | None = None
    early_stopping: bool = False
    early_stopping_min_epochs: int = 10
    early_stopping_patience: int = 5
    early_stopping_tolerance: float = 0.0
    epochs: int = 30
    eps: float = 1e-8
    gamma: float = 0.9
    image_shape: tuple[int, int, int] = (3, 224, 224)
    kv_store: str | None = None
    learning_rate: float = 0.1
    lr_scheduler_factor: float = 0.1
    lr_scheduler_step: tuple[int, ...] = ()
    mini_batch_size: int = 32
    momentum: float = 0.9
    multi_label: int = 0
    num_layers: int = 152
    optimizer: str = "sgd"
    precision_dtype: str = "float32"
    resize: int | None = None
    top_k: int | None = None
    use_pretrained_model: int = 0
    use_weighted_loss: int = 0
    weight_decay: float = 0.0001


def merge(given: Mapping[str, str]) -> dict[str, int | float | str]:
    """Returns the container's defaults overlaid with the job's own values, as its log prints them."""
    return {**DEFAULT_INPUT, **given}


def parse(given: Mapping[str, str]) -> Hyperparameters:
    """Checks each name and value, and the values against each other.

    Raises:
        CustomerError: one line that names the hyperparameter, its value and what is allowed.
    """
    unknown = sorted(set(given) - set(DOCUMENTED))
    if unknown:
        raise CustomerError(
            f"Customer Error: Additional hyperparameters are not allowed ({_quoted(unknown)} "
            f"{'was' if len(unknown) == 1 else 'were'} unexpected) (caused by ValidationError)"
        )
    missing = [name for name in ("num_classes", "num_training_samples") if name not in given]
    if missing:
        raise CustomerError(
            f"Customer Error: {_quoted(missing)} {'is a' if len(missing) == 1 else 'are'} required "
            f"hyperparameter{'' if len(missing) == 1 else 's'} (caused by ValidationError)"
        )
    values = {}
    for name, text in given.items():
        expected, parse_value = DOCUMENTED[name]
        try:
            values[name] = parse_value(text)
        except (ValueError, KeyError):
            raise CustomerError(
                f"Customer Error: The value {text!r} is not valid for the '{name}' hyperparameter "
                f"which expects {expected} (caused by ValidationError)"
            ) from None
    hyperparameters = Hyperparameters(**values)  # type: ignore[arg-type]
    _refuse_contradictions(hyperparameters)
    _refuse_unsupported(hyperparameters)
    return hyperparameters


def _quoted(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _refuse_contradictions(chosen: Hyperparameters) -> None:
    _, height, width = chosen.image_shape
    if chosen.use_pretrained_model and (height, width) != (224, 224):
        raise CustomerError(
            f"Customer Error: The image_shape is '3,{height},{width}', but a pretrained model takes "
            "'3,224,224'; set image_shape to that, or use_pretrained_model to 0."
        )
    if chosen.use_pretrained_model and chosen.num_layers in SMALL_NETWORKS:
        raise CustomerError(
            f"Customer Error: There is no pretrained model of {chosen.num_layers} layers; "
            f"num_layers must be one of {', '.join(map(str, LARGE_NETWORKS))}."
        )
    if chosen.num_layers in SMALL_NETWORKS and height > 32:
        raise CustomerError(
            f"Customer Error: num_layers {chosen.num_layers} is for images of at most 32 pixels, and "
            f"image_shape is '3,{height},{width}'; "
            f"num_layers must be one of {', '.join(map(str, LARGE_NETWORKS))}."
        )
    if chosen.num_layers in LARGE_NETWORKS and height <= 28:
        raise CustomerError(
            f"Customer Error: num_layers {chosen.num_layers} is for images above 28 pixels, and image_shape "
            f"is '3,{height},{width}'; num_layers must be one of {', '.join(map(str, SMALL_NETWORKS))}."
        )
    if chosen.checkpoint_frequency is not None and chosen.checkpoint_frequency > chosen.epochs:
        raise CustomerError(
            f"Customer Error: checkpoint_frequency {chosen.checkpoint_frequency} is above "
            f"epochs {chosen.epochs}; it must be from 1 to {chosen.epochs}."
        )
    if chosen.top_k is not None and chosen.top_k > chosen.num_classes:
        raise CustomerError(
            f"Customer Error: top_k {chosen.top_k} is above num_classes {chosen.num_classes}; "
            "lower or remove it."
        )
    if chosen.resize is not None and chosen.resize < min(height, width):
        raise CustomerError(
            f"Customer Error: resize {chosen.resize} makes images smaller than image_shape "
            f"'3,{height},{width}'; resize must be at least {max(height, width)}."
        )
    if chosen.optimizer == "adam" and 1 in (chosen.beta_1, chosen.beta_2):
        raise CustomerError(
            f"Customer Error: beta_1 {chosen.beta_1:g} and beta_2 {chosen.beta_2:g} must be below 1 for the "
            "optimizer adam, which divides by what is left."
        )
    if chosen.multi_label and chosen.top_k is not None:
        raise CustomerError(
            f"Customer Error: top_k {chosen.top_k} is for images of one class, and multi_label is 1; "
            "remove either."
        )


def _refuse_unsupported(chosen: Hyperparameters) -> None:
    refusals = (
        (chosen.precision_dtype == "float16", "precision_dtype float16", "float32"),
        (chosen.kv_store is not None, f"kv_store {chosen.kv_store}", "one machine, without kv_store"),
    )
    for refused, what, instead in refusals:
        if refused:
            raise CustomerError(f"Customer Error: {what} is not supported here; use {instead}.")
