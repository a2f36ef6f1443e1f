"""The settings of the app: every knob, typed and checked. The only reader of the CDK's context."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from stacks.configuration.hyperparameters import hyperparameter_fault
from stacks.configuration.setting_kinds import (
    SettingError,
    checked,
    choice,
    names,
    share,
    share_or_word,
    strings_by_name,
    text,
    truth,
    whole_number,
)

CDK_JSON = Path(__file__).resolve().parents[2] / "cdk.json"
CONTEXT_KEY = "scones"
AUTO = "auto"
INSTANCE_TYPE = r"ml\.[a-z0-9-]+\.[a-z0-9]+"
GPU_INSTANCE_TYPE = r"ml\.[gp][0-9][a-z0-9-]*\.[a-z0-9]+"
# Lambda allows 4 KB for all of a function's environment; the rest is for the other variables.
LONGEST_CLASSES = 3800
# What CloudWatch Logs takes as retention.
LOG_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)


@dataclass(frozen=True)
class Settings:
    """All settings, each with its default; ``-c NAME=VALUE`` overrides one on the command line.

    Raises:
        SettingError: A value is not allowed, or two contradict each other.
    """

    name: str = text(
        "scones",
        # Parameter Store keeps names that start with aws or ssm for AWS.
        r"(?=.{2,32}$)(?!aws|ssm)[a-z]+(-?[a-z0-9]+)*",
        "2 to 32 of a-z, 0-9 and single hyphens, starting with a letter, not with aws or ssm",
    )
    """Prefix of everything, so that several copies live in one account."""

    classes: tuple[str, ...] = names(
        ("bicycle", "motorcycle"),
        r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}",
        "two or more different class names of 1 to 64 letters, digits, _ and -, as bicycle,motorcycle",
    )
    """CIFAR-100 classes, or those of your own pictures, in label order: the first is label 0."""

    validation_fraction: float = share(0.1, bounds_included=False)
    """Share of the training images that is kept from training, to choose the epoch and for the gate."""

    confidence_threshold: float | str = share_or_word(0.8, AUTO)
    """A photo whose confidence is below this is refused. With auto it is the lowest threshold for which the
    validation split proves, on the endpoint in service, what the next two settings ask for."""

    routed_error_target: float = share(0.05, bounds_included=False)
    """Of confidence_threshold auto: at most this share of the routed photos is to be wrong. It takes photos
    to prove: 0.05 some 90 validation photos without a mistake among them, 0.01 some 500."""

    routed_error_confidence: float = share(0.9, bounds_included=False)
    """Of confidence_threshold auto: the probability that the target is kept to."""

    accuracy_gate: float = share(0.8, bounds_included=True)
    """A model whose validation accuracy is below this is not deployed."""

    hyperparameters: dict[str, str] = strings_by_name(  # noqa: RUF009, it makes a field
        'a JSON object such as {"epochs": "10"}'
    )
    """Of the built-in algorithm, without the two that come from the data. On the command line those named
    are replaced, or with null taken away, and the others kept."""

    model_artifact: str = text(
        "",
        # No wildcard or variable of IAM, for the key is part of a permission.
        r"|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.()/=@+ -]{1,1000}|(?![a-z0-9]+://)[^\x00-\x1f]+",
        "empty to train a model, the path of a model.tar.gz, or s3://BUCKET/KEY",
    )
    """A model to serve in place of training one. It has to pass the gate as well."""

    evaluation_instance_type: str = text(
        "ml.m5.large", INSTANCE_TYPE, "an instance type of batch transform such as ml.m5.large"
    )
    """Where model_artifact classifies the validation split for the gate."""

    training_instance_type: str = text(
        "ml.g4dn.xlarge", GPU_INSTANCE_TYPE, "a GPU instance type such as ml.g4dn.xlarge"
    )
    """The algorithm trains on GPU instances only, by its documentation."""

    training_instance_count: int = whole_number(1, 1, 100)
    """More than one needs the hyperparameter kv_store."""

    training_mode: str = choice("on-demand", "on-demand", "spot")
    """Spot costs less, and may wait for capacity or be interrupted."""

    training_max_seconds: int = whole_number(3000, 60, 3000, of="seconds")
    """Longest training. It is part of a deploy, and CloudFormation waits for an hour at most."""

    endpoint_mode: str = choice("instance", "instance", "serverless")
    """Serverless costs nothing while idle; SageMaker captures no traffic there."""

    endpoint_instance_type: str = text("ml.m5.large", INSTANCE_TYPE, "an instance type such as ml.m5.large")
    """Of an endpoint in the mode instance."""

    endpoint_instance_count: int = whole_number(1, 1, 100)
    """Two or more are spread over availability zones."""

    endpoint_serverless_memory_mb: int = choice(4096, 1024, 2048, 3072, 4096, 5120, 6144)
    """Of an endpoint in the mode serverless."""

    capture_days: int = whole_number(30, 1, 3650, of="days")
    """Age at which captured traffic is removed."""

    model_days: int = whole_number(90, 1, 3650, of="days")
    """Age at which a model is removed that a newer one has replaced, and every overwritten object."""

    log_days: int = choice(30, *LOG_DAYS)
    """Age in days at which logs of functions and state machines are removed."""

    remove_data_on_destroy: bool = truth(True)
    """Whether ``cdk destroy`` removes the bucket with all that is in it."""

    def __post_init__(self) -> None:
        for entry in fields(self):
            object.__setattr__(self, entry.name, checked(entry, getattr(self, entry.name)))
        present = {name: value for name, value in self.hyperparameters.items() if value is not None}
        object.__setattr__(self, "hyperparameters", present)
        if fault := hyperparameter_fault(self.hyperparameters):
            raise SettingError(f"Setting 'hyperparameters': {fault}")
        length = len(",".join(self.classes))
        if length > LONGEST_CLASSES:
            raise SettingError(
                f"Setting 'classes' has {len(self.classes)} names of {length} characters with their commas: "
                f"it must have {LONGEST_CLASSES} at most, for Lambda functions get them in their environment"
            )
        if self.training_instance_count > 1 and "kv_store" not in self.hyperparameters:
            raise SettingError(
                f"Setting 'training_instance_count' is {self.training_instance_count}: training on several "
                "instances needs the hyperparameter kv_store (dist_sync or dist_async)"
            )


def read_settings(context: Mapping[str, Any]) -> Settings:
    """Reads the settings from the CDK's context: the object ``scones``, and what ``-c`` laid beside it.

    Args:
        context: All of the app's context; values from the command line are text.

    Raises:
        SettingError: A name is unknown, or a value is not allowed.
    """
    given = context.get(CONTEXT_KEY, {})
    if not isinstance(given, Mapping):
        raise SettingError(
            f"Context '{CONTEXT_KEY}' is no object of settings: override one with -c NAME=VALUE"
        )
    known = {entry.name: entry for entry in fields(Settings)}
    for name in (*given, *_meant_as_settings(context, known)):
        if name not in known:
            raise SettingError(f"Unknown setting {name!r}{_nearest(name, known)}")
    values = {name: checked(known[name], value) for name, value in given.items()}
    for name in known.keys() & context.keys():
        override = checked(known[name], context[name])
        if name == "hyperparameters":
            override = {**values.get(name, {}), **override}
        values[name] = override
    return Settings(**values)


def read_cdk_json(path: Path = CDK_JSON) -> Settings:
    """Reads the settings that cdk.json gives: those of a deploy without ``-c``.

    Raises:
        SettingError: The file can not be read or is no JSON object, or a setting in it is unknown or wrong.
    """
    try:
        context = json.loads(path.read_text())["context"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise SettingError(f"{path} has no context of the CDK ({type(error).__name__}): mend it") from None
    return read_settings({CONTEXT_KEY: context.get(CONTEXT_KEY, {})})


def _meant_as_settings(context: Mapping[str, Any], known: Iterable[str]) -> list[str]:
    """Names beside the object ``scones``, without the CDK's own: these have hyphens, colons or slashes."""
    return [
        name
        for name in context
        if name != CONTEXT_KEY
        and (re.fullmatch(r"[a-z0-9_]+", name) or difflib.get_close_matches(name, known, n=1))
    ]


def _nearest(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f": did you mean '{near[0]}'?" if near else f": the settings are {', '.join(known)}"
