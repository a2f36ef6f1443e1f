"""The one table of the algorithm's hyperparameters: their names, types, ranges, defaults and contradictions.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html. They arrive as strings.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, get_type_hints

from training.contract import DEFAULT_INPUT, CustomerError

SMALL_NETWORKS = (20, 32, 44, 56, 110)
LARGE_NETWORKS = (18, 34, 50, 101, 152, 200)


class Rule(NamedTuple):
    """What a hyperparameter may be.

    Attributes:
        expected: The allowed values in words, to follow "it must be".
        pattern: A regular expression that the whole string must match.
        convert: Turns such a string into a value.
        is_in_range: Tells whether such a value is allowed.
    """

    expected: str
    pattern: str
    convert: Callable[[str], Any] = str
    is_in_range: Callable[[Any], bool] = lambda value: True

    def parse(self, text: str) -> Any:
        """Returns the value of a string.

        Raises:
            ValueError: The string is not allowed.
        """
        if re.fullmatch(self.pattern, text) and self.is_in_range(value := self.convert(text)):
            return value
        raise ValueError(f"{text!r} is not {self.expected}")


def _allow(*values: str | int) -> Rule:
    texts = [str(value) for value in values]
    expected = "one of the following: " + ", ".join(f'"{text}"' for text in texts)
    return Rule(expected, "|".join(texts), type(values[0]))


def _parse_integers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


_POSITIVE = Rule("an integer greater than or equal to 1", "[1-9][0-9]{0,8}", int)
_FRACTION = Rule(
    "a float from 0 to 1", r"[0-9]*\.?[0-9]+([eE]-?[0-9]+)?|[0-9]+\.", float, lambda value: value <= 1
)
_BOOLEAN = Rule('one of the following: "True", "False"', "True|False", lambda text: text == "True")
_IMAGE_SHAPE = Rule(
    'a string "3,height,width" with sides of 1 to 4096',
    "3(, *[1-9][0-9]{0,3}){2}",
    _parse_integers,
    lambda shape: max(shape) <= 4096,
)
_EPOCHS = Rule(
    'a string of rising epochs such as "10,20"',
    "[1-9][0-9]{0,8}(, *[1-9][0-9]{0,8})*",
    _parse_integers,
    lambda steps: list(steps) == sorted(set(steps)),
)

Integer = Annotated[int, _POSITIVE]
OptionalInteger = Annotated[int | None, _POSITIVE]
Fraction = Annotated[float, _FRACTION]
ZeroOrOne = Annotated[int, _allow(0, 1)]


@dataclass(frozen=True)
class Hyperparameters:
    """The checked hyperparameters of one job, each with its rule and the default that AWS documents.

    Shapes are (channels, height, width) in pixels; ``lr_scheduler_step`` and the early-stopping counts are
    in epochs.
    """

    num_classes: Integer
    num_training_samples: Integer
    augmentation_type: Annotated[str | None, _allow("crop", "crop_color", "crop_color_transform")] = None
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    checkpoint_frequency: OptionalInteger = None
    early_stopping: Annotated[bool, _BOOLEAN] = False
    early_stopping_min_epochs: Integer = 10
    early_stopping_patience: Integer = 5
    early_stopping_tolerance: Fraction = 0.0
    epochs: Integer = 30
    eps: Fraction = 1e-8
    gamma: Fraction = 0.9
    image_shape: Annotated[tuple[int, int, int], _IMAGE_SHAPE] = (3, 224, 224)
    kv_store: Annotated[str | None, _allow("dist_sync", "dist_async")] = None
    learning_rate: Fraction = 0.1
    lr_scheduler_factor: Fraction = 0.1
    lr_scheduler_step: Annotated[tuple[int, ...], _EPOCHS] = ()
    mini_batch_size: Integer = 32
    momentum: Fraction = 0.9
    multi_label: ZeroOrOne = 0
    num_layers: Annotated[int, _allow(*LARGE_NETWORKS, *SMALL_NETWORKS)] = 152
    optimizer: Annotated[str, _allow("sgd", "adam", "rmsprop", "nag")] = "sgd"
    precision_dtype: Annotated[str, _allow("float32", "float16")] = "float32"
    resize: OptionalInteger = None
    top_k: Annotated[
        int | None, Rule("an integer greater than or equal to 2", "[2-9]|[1-9][0-9]{1,8}", int)
    ] = None
    use_pretrained_model: ZeroOrOne = 0
    use_weighted_loss: ZeroOrOne = 0
    weight_decay: Fraction = 0.0001


RULES: dict[str, Rule] = {
    name: hint.__metadata__[0] for name, hint in get_type_hints(Hyperparameters, include_extras=True).items()
}


def find_contradiction(chosen: Hyperparameters, given: Mapping[str, str]) -> str | None:
    """Says in one line which value cannot stand beside the others, or returns None.

    Args:
        chosen: The values, each of which is allowed by itself.
        given: The same as strings, for the message, without those that have their default.
    """
    _, height, width = chosen.image_shape
    shape, shorter = f"3,{height},{width}", min(height, width)
    large, small = (", ".join(map(str, layers)) for layers in (LARGE_NETWORKS, SMALL_NETWORKS))
    is_small = chosen.num_layers in SMALL_NETWORKS
    if (chosen.checkpoint_frequency or 0) > chosen.epochs:
        name, rule = "checkpoint_frequency", f"it must not exceed epochs ({chosen.epochs})"
    elif chosen.use_pretrained_model and is_small:
        name, rule = "num_layers", f"with use_pretrained_model it must be one of {large}"
    elif chosen.use_pretrained_model and (height, width) != (224, 224):
        name, rule = "image_shape", "with use_pretrained_model it must be 3,224,224"
    elif is_small and height > 32:
        name, rule = "num_layers", f"for the image_shape {shape} it must be one of {large}"
    elif not is_small and height <= 28:
        name, rule = "num_layers", f"for the image_shape {shape} it must be one of {small}"
    elif chosen.resize is not None and chosen.resize < shorter:
        name, rule = "resize", f"it must be at least {shorter} for the image_shape {shape}"
    elif chosen.optimizer == "adam" and chosen.beta_1 == 1:
        name, rule = "beta_1", "it must be below 1 for the optimizer adam"
    elif chosen.optimizer == "adam" and chosen.beta_2 == 1:
        name, rule = "beta_2", "it must be below 1 for the optimizer adam"
    elif (chosen.top_k or 0) > chosen.num_classes:
        name, rule = "top_k", f"it must not exceed the number of classes ({chosen.num_classes})"
    elif chosen.multi_label and chosen.top_k:
        name, rule = "top_k", "with multi_label it must be left out"
    else:
        return None
    return f"{name!r} is {given.get(name, str(getattr(chosen, name)))!r}: {rule}"


def merge(given: Mapping[str, str]) -> dict[str, int | float | str]:
    """Returns the container's defaults overlaid with the job's own values, as its log prints them."""
    return {**DEFAULT_INPUT, **given}


def parse(given: Mapping[str, str]) -> Hyperparameters:
    """Checks each name and value, and the values against each other.

    Raises:
        CustomerError: One line that names the hyperparameter, its value and what is allowed.
    """
    if unknown := sorted(set(given) - set(RULES)):
        listed = ", ".join(repr(name)[:100] for name in unknown[:5])
        raise CustomerError(
            f"Customer Error: Additional hyperparameters are not allowed ({listed} "
            f"{'was' if len(unknown) == 1 else 'were'} unexpected) (caused by ValidationError)"
        )
    for name in ("num_classes", "num_training_samples"):
        if name not in given:
            raise CustomerError(
                f"Customer Error: '{name}' is a required hyperparameter (caused by ValidationError)"
            )
    values = {}
    for name, text in given.items():
        try:
            values[name] = RULES[name].parse(text)
        except ValueError:
            raise CustomerError(
                f"Customer Error: The value {repr(text)[:100]} is not valid for the '{name}' hyperparameter "
                f"which expects {RULES[name].expected} (caused by ValidationError)"
            ) from None
    chosen = Hyperparameters(**values)
    if contradiction := find_contradiction(chosen, given):
        raise CustomerError(f"Customer Error: {contradiction}.")
    if chosen.precision_dtype == "float16":
        raise CustomerError("Customer Error: precision_dtype float16 is not supported here; use float32.")
    if chosen.kv_store:
        raise CustomerError(
            f"Customer Error: kv_store {chosen.kv_store[:100]} is not supported here; "
            "use one machine without it."
        )
    return chosen
