"""The settings of the app: every knob, typed and checked. The only reader of the CDK's context."""

import difflib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stacks.configuration import setting_types as types
from stacks.configuration.endpoint import find_contradiction
from stacks.configuration.hyperparameters import find_fault, suggest_name

CDK_JSON = Path(__file__).resolve().parents[2] / "cdk.json"
CONTEXT_KEY = "scones"
AUTO = "auto"
# Lambda allows 4 KB for all of a function's environment; the rest is for the other variables.
LONGEST_CLASSES = 3800


class SettingError(ValueError):
    """A setting has a value that cannot be; the message is one line for the user."""


class Settings(BaseModel):
    """All settings, each with its default; ``-c NAME=VALUE`` overrides one on the command line.

    The descriptions are Markdown: README's table of the settings is made from them.

    Raises:
        SettingError: A name is unknown, a value is not allowed, or two contradict each other.
    """

    # Rust's regular expressions, the default, cannot look ahead.
    model_config = ConfigDict(frozen=True, extra="forbid", regex_engine="python-re")

    name: types.Name = Field(
        "scones", description="The prefix of every name, so that several copies live in one account."
    )
    classes: types.ClassNames = Field(
        ("bicycle", "motorcycle"),
        description="The classes of CIFAR-100, or the subfolders of your own pictures, in label order: the "
        "first is label 0.",
    )
    other_class: types.OtherClass = Field(
        "",
        description="The name of one more class, such as `other`: of pictures that show none of `classes`, "
        "drawn from CIFAR-100's other classes or a subfolder of your own. A photo whose most probable class "
        "it is is refused ([what that is worth](docs/training.md#photos-of-something-else)). Empty for none: "
        "the model calls every photo one of `classes`.",
    )
    validation_fraction: types.OpenShare = Field(
        0.1,
        description="The share of the training images that is kept from training, to choose the epoch and "
        "for the gate.",
    )
    confidence_threshold: types.ShareOrAuto = Field(
        0.8,
        description="A photo whose confidence is below this is refused; at exactly this it is routed. With "
        "`auto` it is the lowest threshold for which the model's answers for the validation split prove what "
        "the next two settings ask for. Where they prove none, the deploy ends before the model serves, with "
        "a line that says how many more photos it takes: model and threshold stay as they were.",
    )
    routed_error_target: types.OpenShare = Field(
        0.05,
        description="For `auto`: at most this share of the routed photos is wrong. A proof takes photos: "
        "0.05 some 90 validation photos without a mistake among them, 0.01 some 500.",
    )
    routed_error_confidence: types.OpenShare = Field(
        0.9, description="For `auto`: the probability that the target is kept to."
    )
    accuracy_gate: types.Share = Field(
        0.8, description="A model whose validation accuracy is below this is not deployed."
    )
    hyperparameters: types.Object = Field(
        {"resize": "224"},
        description="The hyperparameters of the built-in algorithm, without the two that come from the "
        "data; `cdk.json` has those of a deploy. On the command line "
        """`-c 'hyperparameters={"epochs": "5"}'` replaces one, `null` takes one away, and the others """
        "stay.",
    )
    model_artifact: types.ModelArtifact = Field(
        "",
        description="The path of a `model.tar.gz`, or `s3://BUCKET/KEY`: this model is served and none is "
        "trained ([how](docs/aws.md#train-here-serve-on-aws)). It has to pass the gate as well.",
    )
    evaluation_instance_type: types.TransformType = Field(
        "ml.m5.large",
        description="Where batch transform has a model, trained or given, classify the validation images for "
        "the gate. Takes the quota of 1 for transform job usage.",
    )
    training_instance_type: types.TrainingType = Field(
        "ml.g4dn.xlarge",
        description="By its documentation, the built-in algorithm trains on GPU instances only: g4dn, g5, p2 "
        "and p3.",
    )
    training_instance_count: types.InstanceCount = Field(
        1, description="More than one needs the hyperparameter `kv_store`."
    )
    training_mode: types.TrainingMode = Field(
        "on-demand", description="`spot` costs less, and may wait for capacity or be interrupted."
    )
    training_max_seconds: types.TrainingSeconds = Field(
        2700,
        description="The longest training. It is part of a deploy, as its evaluation is, and CloudFormation "
        "waits an hour at most.",
    )
    endpoint_mode: types.EndpointMode = Field(
        "instance",
        description="`serverless` costs nothing while idle; SageMaker captures no traffic there "
        "([how to change it](docs/aws.md#another-endpoint_mode)). `off`: all is there but the endpoint, "
        "until `python -m console endpoint on`.",
    )
    endpoint_instance_type: types.HostingType = Field(
        "ml.t2.medium",
        description="The instances of an endpoint in the mode `instance`. Of the default a new account may "
        "have two, of [most others none](docs/aws.md#what-a-new-account-has-to-ask-for).",
    )
    endpoint_min_instances: types.InstanceCount = Field(
        1, description="How many of them there are. Two or more are spread over availability zones."
    )
    endpoint_max_instances: types.InstanceCount = Field(
        1, description="Up to so many there are under load; no more than the least: their number is fixed."
    )
    endpoint_invocations_per_instance: types.Invocations = Field(
        300,
        description="Photos a minute that one instance is to answer: above it autoscaling adds instances, "
        "far below it takes some away.",
    )
    endpoint_baking_seconds: types.BakingSeconds = Field(
        180,
        description="How long a new model's instances are watched, the former ones kept, before an update of "
        "the endpoint is done: an alarm in this time rolls it back.",
    )
    endpoint_schedule: types.Schedule = Field(
        {},
        description='When the endpoint is switched off and on: `{"off": "0 20 ? * MON-FRI *", "on": '
        '"0 7 ? * MON-FRI *", "time_zone": "Europe/Berlin"}`, as EventBridge Scheduler has cron.',
    )
    endpoint_serverless_memory_mb: types.ServerlessMemory = Field(
        3072,
        description="The memory of an endpoint in the mode `serverless`; a new account's quota is 3072.",
    )
    batch_max_concurrency: types.Concurrency = Field(
        4,
        description="How many parts of a batch are asked for at once, some photos of each at a time. More "
        "only helps where the endpoint answers more ([what bounds a batch](docs/scale.md)).",
    )
    batch_tolerated_failures: types.Share = Field(
        0.05,
        description="The share of a batch's photos for which the endpoint or S3 may not answer, whatever was "
        "tried, before the rest is given up. A photo that is no photo is an outcome and does not count.",
    )
    capture_days: types.Days = Field(
        30,
        description="The age at which photos uploaded to be routed (`incoming/`, `batches/`) and captured "
        "traffic expire. The bucket is versioned: for good they are gone up to two days later.",
    )
    model_days: types.Days = Field(
        90,
        description="The age at which a model that a newer one has replaced expires, gone for good up to two "
        "days later, and what is overwritten or deleted is removed.",
    )
    outcome_days: types.Days = Field(
        90,
        description="The age at which the table forgets what became of a photo that was routed or failed. "
        "What waits for a person, and what a person decided, stays.",
    )
    labels_in_training: types.TrueOrFalse = Field(
        True,
        description="Whether staging takes the photos that people labelled into the training split.",
    )
    retrain_after_labels: types.Labels = Field(
        0,
        description="From so many labels since the last training on, the page and `python -m console review` "
        "say that `make deploy` trains anew; with 0 they never do.",
    )
    alarm_email: types.Email = Field(
        "",
        description="Who is told of alarms, once SNS's first mail is confirmed; empty for nobody "
        "([what each means](docs/runbook.md)).",
    )
    alarm_failed_photos: types.Alarming = Field(
        5, description="So many failed photos within a quarter of an hour are an alarm."
    )
    alarm_review_hours: types.Alarming = Field(
        72, description="A refused photo that has waited longer for a person is an alarm."
    )
    alarm_latency_ms: types.Alarming = Field(
        2000,
        description="It is an alarm when one photo in ten takes the model longer: two of three times five "
        "minutes.",
    )
    alarm_no_traffic_hours: types.TrafficHours = Field(
        0, description="So many hours without a photo are an alarm; with 0 they never are."
    )
    monthly_budget_usd: types.Budget = Field(
        0,
        description="What the deployment may cost a month before a budget tells of it; 0 for none. It counts "
        "nothing until its tag is [activated](docs/runbook.md#budget).",
    )
    log_days: types.LogDays = Field(
        30, description="The age at which logs of functions and state machines are removed."
    )
    remove_data_on_destroy: types.TrueOrFalse = Field(
        True, description="Whether `make destroy` removes the bucket with all its contents."
    )

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingError(_describe_first(error, values)) from None
        if self.other_class in self.classes:
            raise SettingError(
                f"Setting 'other_class' is \"{self.other_class}\", which is one of the classes: it must be "
                "empty, or another name, as other"
            )
        if fault := find_fault(self.hyperparameters, len(self.model_classes)):
            raise SettingError(f"Setting 'hyperparameters': {fault}")
        length = len(",".join(self.model_classes))
        if length > LONGEST_CLASSES:
            raise SettingError(
                f"Setting 'classes' has {len(self.model_classes)} names of {length} characters with their "
                f"commas: it must have {LONGEST_CLASSES} at most, for Lambda functions get them in their "
                "environment"
            )
        if self.training_instance_count > 1 and "kv_store" not in self.hyperparameters:
            raise SettingError(
                f"Setting 'training_instance_count' is {self.training_instance_count}: training on several "
                "instances needs the hyperparameter kv_store (dist_sync or dist_async)"
            )
        if contradiction := find_contradiction(self):
            raise SettingError(contradiction)

    @property
    def model_classes(self) -> tuple[str, ...]:
        """The model's classes in label order: ``other_class`` comes last, if there is one."""
        return (*self.classes, self.other_class) if self.other_class else self.classes


def read_settings(context: Mapping[str, Any]) -> Settings:
    """Reads the settings from the CDK's context: the object ``scones``, and what ``-c`` laid beside it.

    Args:
        context: All of the app's context; values from the command line are text.

    Raises:
        SettingError: A name is unknown, or a value is not allowed.
    """
    written = context.get(CONTEXT_KEY, {})
    if not isinstance(written, Mapping):
        raise SettingError(
            f"Context '{CONTEXT_KEY}' is no object of settings: override one with -c NAME=VALUE"
        )
    overrides = {name: value for name, value in context.items() if _is_meant_as_setting(name)}
    values = {**written, **overrides}
    default = Settings.model_fields["hyperparameters"].default
    layers = [
        types.read_object(written.get("hyperparameters", default)),
        types.read_object(overrides.get("hyperparameters", {})),
    ]
    # A value that is no object stays as it is, to be refused by name. A null takes a hyperparameter away.
    if all(isinstance(layer, Mapping) for layer in layers):
        merged = {**layers[0], **layers[1]}
        values["hyperparameters"] = {name: value for name, value in merged.items() if value is not None}
    return Settings(**values)


def read_cdk_json(path: Path = CDK_JSON) -> Settings:
    """Reads the settings that cdk.json gives: those of a deploy without ``-c``.

    Raises:
        SettingError: The file cannot be read or is no JSON object, or a setting in it is unknown or wrong.
    """
    return read_settings({CONTEXT_KEY: _read_written(path)})


def read_settings_of_deploy(path: Path = CDK_JSON, environment: Mapping[str, str] = os.environ) -> Settings:
    """Reads the settings that ``make deploy`` would take: ``CDK_CONTEXT=NAME=VALUE`` is the CDK CLI's ``-c``.

    Raises:
        SettingError: As ``read_cdk_json``, or the variable has no equals sign or gives the deployment's name.
    """
    override = environment.get("CDK_CONTEXT", "")
    name, equals, value = override.partition("=")
    if override and not equals:
        raise SettingError(f"CDK_CONTEXT is {override[:100]!r}: it must be NAME=VALUE")
    if name == "name":
        # The other commands of a deploy, and all those after it, look for the name there.
        raise SettingError(f"CDK_CONTEXT is {override[:100]!r}: set the name in cdk.json")
    return read_settings({CONTEXT_KEY: _read_written(path), **({name: value} if override else {})})


def read_name(path: Path = CDK_JSON) -> str:
    """Reads the deployment's name that cdk.json gives, whatever else stands there.

    Raises:
        SettingError: The file cannot be read or is no JSON object, or the name is wrong.
    """
    written = _read_written(path)
    given = {"name": written["name"]} if isinstance(written, Mapping) and "name" in written else {}
    return Settings(**given).name


def _read_written(path: Path) -> Any:
    """Returns what cdk.json gives as settings, unchecked."""
    try:
        return json.loads(path.read_text())["context"].get(CONTEXT_KEY, {})
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise SettingError(f"{path} has no context of the CDK ({type(error).__name__}): mend it") from None


def _is_meant_as_setting(name: str) -> bool:
    """Tells whether a name beside the object ``scones`` is no name of the CDK's own.

    Those have hyphens, colons or slashes.
    """
    near = difflib.get_close_matches(name, Settings.model_fields, n=1)
    return name != CONTEXT_KEY and bool(near or re.fullmatch(r"[a-z0-9_]+", name))


def _describe_first(error: ValidationError, values: Mapping[str, Any]) -> str:
    """Says in one line what the first fault that pydantic found is: setting, value and what is allowed."""
    name, *place = error.errors()[0]["loc"]
    field = Settings.model_fields.get(str(name))
    if field is None:
        return f"Unknown setting {repr(name)[:100]}: {suggest_name(str(name), Settings.model_fields)}"
    value = values[str(name)]
    if isinstance(value, Mapping) and place and place[0] in value:
        value = {place[0]: value[place[0]]}
    shown = json.dumps(value, default=str)
    shown = shown if len(shown) <= 100 else f"{shown[:97]}..."
    allowed = next(text for text in field.metadata if isinstance(text, str))
    cause = error.errors()[0].get("ctx", {}).get("error")
    fault = f"{cause}; " if isinstance(cause, types.WrongPart) else ""
    return f"Setting '{name}' is {shown}: {fault}it must be {allowed}"
