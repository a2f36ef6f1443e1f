"""What AWS documents as allowed for the hyperparameters of its built-in image-classification algorithm.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/IC-Hyperparameter.html
"""

import difflib
import math
import re
from collections.abc import Mapping

DEFAULT_EPOCHS = "30"
# The data say what these are: the training job's starter counts them in the manifest.
SET_FROM_DATA = ("num_classes", "num_training_samples")

SMALL_PICTURE_LAYERS = ("20", "32", "44", "56", "110")

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
        "channels,height,width such as 3,224,224",
        re.compile(r"[1-9]\d*,\s*[1-9]\d*,\s*[1-9]\d*"),
    ),
    "kv_store": ("dist_sync or dist_async", re.compile(r"dist_a?sync")),
    "lr_scheduler_step": ("epochs such as 10,20", re.compile(r"[1-9]\d*(,\s*[1-9]\d*)*")),
    "mini_batch_size": _POSITIVE,
    "multi_label": _ZERO_OR_ONE,
    "num_layers": (
        "one of 18, 34, 50, 101, 152, 200, or 20, 32, 44, 56, 110 for small pictures",
        re.compile(r"18|34|50|101|152|200|20|32|44|56|110"),
    ),
    "optimizer": ("sgd, adam, rmsprop or nag", re.compile(r"sgd|adam|rmsprop|nag")),
    "precision_dtype": ("float32 or float16", re.compile(r"float32|float16")),
    "resize": _POSITIVE,
    "top_k": ("an integer above 1", re.compile(r"[2-9]|[1-9][0-9]{1,8}")),
    "use_pretrained_model": _ZERO_OR_ONE,
    "use_weighted_loss": _ZERO_OR_ONE,
}
_FROM_0_TO_1 = (
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


def hyperparameter_fault(name: str, value: str, all_values: Mapping[str, str]) -> str | None:
    """Says in one line what is wrong with a hyperparameter, or None.

    Args:
        name: Its name.
        value: Its value, as the string that SageMaker is given.
        all_values: All hyperparameters, for what depends on another.
    """
    if name in SET_FROM_DATA:
        return f"{name!r} is counted from the staged data; leave it out"
    if name in _FROM_0_TO_1:
        return None if _between_0_and_1(value) else f"{name!r} is {value!r}: it must be a number from 0 to 1"
    if name not in _PATTERNS:
        known = (*_PATTERNS, *_FROM_0_TO_1)
        near = difflib.get_close_matches(name, known, n=1)
        return f"unknown name {name!r}: " + (
            f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
        )
    allowed, pattern = _PATTERNS[name]
    if not pattern.fullmatch(value):
        return f"{name!r} is {value!r}: it must be {allowed}"
    epochs = all_values.get("epochs", DEFAULT_EPOCHS)
    if name == "checkpoint_frequency" and epochs.isdecimal() and int(value) > int(epochs):
        return f"{name!r} is {value!r}: it must not exceed epochs ({epochs})"
    if name == "multi_label" and value == "1":
        return "'multi_label' is '1': it must be 0, a photo has one class here"
    if name == "use_pretrained_model" and value == "1":
        return _pretrained_fault(all_values)
    return None


def _pretrained_fault(all_values: Mapping[str, str]) -> str | None:
    if all_values.get("num_layers") in SMALL_PICTURE_LAYERS:
        return (
            f"'num_layers' is '{all_values['num_layers']}': with use_pretrained_model it must be "
            "one of 18, 34, 50, 101, 152, 200"
        )
    shape = all_values.get("image_shape", "3,224,224")
    if shape.replace(" ", "") != "3,224,224":
        return f"'image_shape' is '{shape}': with use_pretrained_model it must be 3,224,224"
    return None


def _between_0_and_1(value: str) -> bool:
    try:
        number = float(value)
    except ValueError:
        return False
    return math.isfinite(number) and 0 <= number <= 1
