"""What AWS documents as allowed for the hyperparameters of its built-in image-classification algorithm.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html
"""

import difflib
import re
from collections.abc import Mapping

# The data say what these are: the training job's starter counts them in the manifest.
SET_FROM_DATA = ("num_classes", "num_training_samples")

SMALL_PICTURE_LAYERS = ("20", "32", "44", "56", "110")
LARGE_PICTURE_LAYERS = ("18", "34", "50", "101", "152", "200")
LONGEST_SIDE = 4096

_POSITIVE = ("a positive integer", re.compile(r"[1-9][0-9]{0,8}"))
_ZERO_OR_ONE = ("0 or 1", re.compile(r"[01]"))
_PATTERNS = {
    "augmentation_type": (
        "crop, crop_color or crop_color_transform",
        re.compile(r"crop(_color(_transform)?)?"),
    ),
    "checkpoint_frequency": _POSITIVE,
    "early_stopping": ("True or False", re.compile(r"True|False")),
    "early_stopping_min_epochs": _POSITIVE,
    "early_stopping_patience": _POSITIVE,
    "epochs": _POSITIVE,
    "image_shape": (
        f"3,height,width such as 3,224,224, with sides of 1 to {LONGEST_SIDE}",
        re.compile("3, *([1-9][0-9]{0,3}), *([1-9][0-9]{0,3})"),
    ),
    "kv_store": ("dist_sync or dist_async", re.compile(r"dist_a?sync")),
    "lr_scheduler_step": ("rising epochs such as 10,20", re.compile("[1-9][0-9]{0,8}(, *[1-9][0-9]{0,8})*")),
    "mini_batch_size": _POSITIVE,
    "multi_label": _ZERO_OR_ONE,
    "num_layers": (
        "one of 18, 34, 50, 101, 152, 200, or 20, 32, 44, 56, 110 for small pictures",
        re.compile("|".join((*LARGE_PICTURE_LAYERS, *SMALL_PICTURE_LAYERS))),
    ),
    "optimizer": ("sgd, adam, rmsprop or nag", re.compile(r"sgd|adam|rmsprop|nag")),
    "precision_dtype": ("float32 or float16", re.compile(r"float32|float16")),
    "resize": _POSITIVE,
    "top_k": ("an integer above 1", re.compile(r"[2-9]|[1-9][0-9]{1,8}")),
    "use_pretrained_model": _ZERO_OR_ONE,
    "use_weighted_loss": _ZERO_OR_ONE,
}
_FRACTION = ("a number from 0 to 1", re.compile(r"[0-9]*\.?[0-9]+([eE]-?[0-9]+)?|[0-9]+\."))
_FRACTIONS = (
    "beta_1",
    "beta_2",
    "early_stopping_tolerance",
    "eps",
    "gamma",
    "learning_rate",
    "lr_scheduler_factor",
    "momentum",
    "weight_decay",
)
# Of those that a contradiction may be about.
_DEFAULTS = {
    "beta_1": "0.9",
    "beta_2": "0.999",
    "checkpoint_frequency": "1",
    "epochs": "30",
    "image_shape": "3,224,224",
    "num_layers": "152",
    "optimizer": "sgd",
    "resize": str(LONGEST_SIDE),
    "use_pretrained_model": "0",
}


def hyperparameter_fault(values: Mapping[str, str]) -> str | None:
    """Says in one line what is wrong with the hyperparameters, or None.

    Args:
        values: Their names, and their values as the strings that SageMaker is given.
    """
    for name, value in values.items():
        if fault := _value_fault(name, value):
            return fault
    return _contradiction({**_DEFAULTS, **values})


def _value_fault(name: str, value: str) -> str | None:
    if name in SET_FROM_DATA:
        return f"{name!r} is counted from the staged data; leave it out"
    if name not in (*_PATTERNS, *_FRACTIONS):
        known = (*_PATTERNS, *_FRACTIONS)
        near = difflib.get_close_matches(name, known, n=1)
        return f"unknown name {name!r}: " + (
            f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
        )
    allowed, pattern = _FRACTION if name in _FRACTIONS else _PATTERNS[name]
    if not pattern.fullmatch(value) or not _in_range(name, value):
        return f"{name!r} is {value!r}: it must be {allowed}"
    if name == "multi_label" and value == "1":
        return "'multi_label' is '1': it must be 0, a photo has one class here"
    return None


def _in_range(name: str, value: str) -> bool:
    """Of a value that looks as it must."""
    if name in _FRACTIONS:
        return float(value) <= 1
    if name == "image_shape":
        return max(_numbers(value)) <= LONGEST_SIDE
    if name == "lr_scheduler_step":
        return _numbers(value) == sorted(set(_numbers(value)))
    return True


def _numbers(value: str) -> list[int]:
    return [int(number) for number in value.split(",")]


def _contradiction(chosen: Mapping[str, str]) -> str | None:
    """Of values that are allowed each by itself."""
    shape, layers, epochs = chosen["image_shape"], chosen["num_layers"], chosen["epochs"]
    _, height, width = _numbers(shape)
    large, small = ", ".join(LARGE_PICTURE_LAYERS), ", ".join(SMALL_PICTURE_LAYERS)
    pretrained = chosen["use_pretrained_model"] == "1"
    if int(chosen["checkpoint_frequency"]) > int(epochs):
        name, rule = "checkpoint_frequency", f"it must not exceed epochs ({epochs})"
    elif pretrained and layers in SMALL_PICTURE_LAYERS:
        name, rule = "num_layers", f"with use_pretrained_model it must be one of {large}"
    elif pretrained and (height, width) != (224, 224):
        name, rule = "image_shape", "with use_pretrained_model it must be 3,224,224"
    elif layers in SMALL_PICTURE_LAYERS and height > 32:
        name, rule = "num_layers", f"for the image_shape {shape} it must be one of {large}"
    elif layers in LARGE_PICTURE_LAYERS and height <= 28:
        name, rule = "num_layers", f"for the image_shape {shape} it must be one of {small}"
    elif int(chosen["resize"]) < min(height, width):
        name, rule = "resize", f"it must be at least {min(height, width)} for the image_shape {shape}"
    elif chosen["optimizer"] == "adam" and float(chosen["beta_1"]) == 1:
        name, rule = "beta_1", "it must be below 1 for the optimizer adam"
    elif chosen["optimizer"] == "adam" and float(chosen["beta_2"]) == 1:
        name, rule = "beta_2", "it must be below 1 for the optimizer adam"
    else:
        return None
    return f"{name!r} is {chosen[name]!r}: {rule}"
