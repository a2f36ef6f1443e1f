"""The types of the settings: each takes a JSON value, or its text as ``-c`` gives it.

The string in an ``Annotated`` says what is allowed; in a message it follows "it must be", so that the errors
raised here need no text.
"""

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from stacks.configuration.instance_types import HOSTING, TRAINING, TRANSFORM
from stacks.configuration.schedule import list_weekly_minutes

# What CloudWatch Logs takes as retention.
LOG_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)  # fmt: skip  # noqa: E501


class WrongPart(ValueError):
    """One part of a setting's value is wrong; the message says which, and why."""


def read_object(value: Any) -> Any:
    """Returns the JSON object that a text is, and any other value as it is."""
    try:
        parsed = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
    return parsed if isinstance(parsed, Mapping) else value


def _split_names(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return json.loads(value) if value.lstrip().startswith("[") else value.split(",")


def _refuse_repetition(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) > len(set(names)):
        raise ValueError
    return names


def _read_boolean(value: Any) -> Any:
    # pydantic alone would also take yes, on and 1.
    return {"true": True, "false": False}.get(str(value).lower())


def _refuse_boolean(value: Any) -> Any:
    # pydantic would take true for the number 1.
    if isinstance(value, bool):
        raise ValueError
    return value


def _refuse_types_but(allowed: frozenset[str]) -> Callable[[str], str]:
    def refuse(instance_type: str) -> str:
        if instance_type not in allowed:
            raise ValueError
        return instance_type

    return refuse


def _refuse_half_a_schedule(schedule: dict[str, str]) -> dict[str, str]:
    if not schedule:
        return schedule
    if set(schedule) != {"off", "on", "time_zone"}:
        raise ValueError
    if schedule["time_zone"] not in available_timezones():
        raise WrongPart(f"there is no time_zone {schedule['time_zone'][:40]!r}")
    for which in ("off", "on"):
        try:
            list_weekly_minutes(schedule[which])
        except ValueError as error:
            raise WrongPart(f"{which} is wrong, {error}") from None
    return schedule


def _refuse_other_days(days: int) -> int:
    if days not in LOG_DAYS:
        raise ValueError
    return days


_Integer = Annotated[int, BeforeValidator(_refuse_boolean)]
_Float = Annotated[float, BeforeValidator(_refuse_boolean)]
_ClassName = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")
]
_TextOrNumber = Annotated[str, Field(coerce_numbers_to_str=True)]

Name = Annotated[
    str,
    # Parameter Store keeps names that start with aws or ssm for AWS, S3 buckets' that start with the others.
    # With one of those endings a name would be that of a state machine or endpoint of another copy.
    Field(
        min_length=2,
        max_length=32,
        pattern=r"^(?!aws|ssm|(?:sthree|amzn-s3-demo)(?:-|\Z))(?!.*-(?:training|evaluation|serverless|batch)\Z)"
        r"[a-z]+(-?[a-z0-9]+)*\Z",
    ),
    "2 to 32 of a-z, 0-9 and single hyphens, starting with a letter, not with aws, ssm, sthree- or "
    "amzn-s3-demo-, and not ending in -training, -evaluation, -serverless or -batch",
]
ClassNames = Annotated[
    tuple[_ClassName, ...],
    BeforeValidator(_split_names),
    Field(min_length=2),
    AfterValidator(_refuse_repetition),
    "two or more different class names of 1 to 64 letters, digits, _ and -, as bicycle,motorcycle",
]
OtherClass = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]{0,63})?\Z"),
    "empty for none, or a name of 1 to 64 letters, digits, _ and -, as other",
]
Share = Annotated[_Float, Field(ge=0, le=1), "a number from 0 to 1"]
ShareOrAuto = Annotated[Share | Literal["auto"], "a number from 0 to 1, or auto"]
OpenShare = Annotated[_Float, Field(gt=0, lt=1), "a number above 0 and below 1"]
Object = Annotated[
    dict[str, _TextOrNumber], BeforeValidator(read_object), 'a JSON object such as {"epochs": "10"}'
]
ModelArtifact = Annotated[
    str,
    # No wildcard or variable of IAM, for the key is part of a permission.
    Field(
        pattern=r"^(|s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9!_.()/=@+ -]{1,1000}"
        r"|(?![a-z0-9]+://)[^\x00-\x1f]+)\Z"
    ),
    "empty to train a model, the path of a model.tar.gz, or s3://BUCKET/KEY",
]
HostingType = Annotated[
    str,
    AfterValidator(_refuse_types_but(HOSTING)),
    "a type that SageMaker hosts on and the algorithm's x86-64 image runs on (no Graviton, no Inferentia), "
    "such as ml.t2.medium or ml.m5.large",
]
TransformType = Annotated[
    str,
    AfterValidator(_refuse_types_but(TRANSFORM)),
    "a type of SageMaker's batch transform that the algorithm's x86-64 image runs on, such as ml.m5.large",
]
TrainingType = Annotated[
    str,
    AfterValidator(_refuse_types_but(TRAINING)),
    "a type of the GPU families that the algorithm trains on (g4dn, g5, p2, p3), such as ml.g4dn.xlarge",
]
InstanceCount = Annotated[_Integer, Field(ge=1, le=100), "a whole number from 1 to 100"]
TrainingMode = Annotated[Literal["on-demand", "spot"], "one of on-demand, spot"]
TrainingSeconds = Annotated[_Integer, Field(ge=60, le=2700), "a whole number of seconds from 60 to 2700"]
EndpointMode = Annotated[Literal["instance", "serverless", "off"], "one of instance, serverless, off"]
BakingSeconds = Annotated[_Integer, Field(ge=0, le=3600), "a whole number of seconds from 0 to 3600"]
Invocations = Annotated[_Integer, Field(ge=1, le=1_000_000), "a whole number from 1 to 1000000"]
Schedule = Annotated[
    dict[str, str],
    BeforeValidator(read_object),
    AfterValidator(_refuse_half_a_schedule),
    'empty, or off, on and time_zone, as {"off": "0 20 ? * MON-FRI *", "on": "0 7 ? * MON-FRI *", '
    '"time_zone": "Europe/Berlin"}',
]
Concurrency = Annotated[_Integer, Field(ge=1, le=1000), "a whole number from 1 to 1000"]
ServerlessMemory = Annotated[
    _Integer, Field(ge=1024, le=6144, multiple_of=1024), "one of 1024, 2048, 3072, 4096, 5120, 6144"
]
Days = Annotated[_Integer, Field(ge=1, le=3650), "a whole number of days from 1 to 3650"]
Labels = Annotated[_Integer, Field(ge=0, le=1_000_000), "a whole number from 0 to 1000000"]
Email = Annotated[
    str,
    Field(max_length=254, pattern=r"^(|[^@\s\x00-\x1f,;<>]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+)\Z"),
    "empty for nobody, or one address such as someone@example.org",
]
Alarming = Annotated[_Integer, Field(ge=1, le=1_000_000), "a whole number from 1 to 1000000"]
# CloudWatch looks back for a week at most.
TrafficHours = Annotated[_Integer, Field(ge=0, le=168), "a whole number of hours from 0 to 168"]
Budget = Annotated[_Float, Field(ge=0, le=1_000_000), "a number of US dollars from 0 to 1000000"]
LogDays = Annotated[_Integer, AfterValidator(_refuse_other_days), f"one of {', '.join(map(str, LOG_DAYS))}"]
TrueOrFalse = Annotated[bool, BeforeValidator(_read_boolean), "true or false"]
