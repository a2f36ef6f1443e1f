"""Judges whether a deployment is well, and says it in a sentence. The only place where that is decided.

Red (``act``), what needs somebody's hands:

- the endpoint is missing, serves something else than was deployed, or has failed;
- an alarm of the deployment is in ALARM; that no photo comes is none while the endpoint is switched off;
- photos failed in the last day. A refusal is no failure: it is the workflow at work. Nor is it a fault that
  there is no endpoint for a photo while somebody has switched it off.

Amber (``look``), what somebody should look at:

- the endpoint is in transit, such as Creating or Updating;
- no threshold is published, or what became of the photos cannot be told at the moment;
- far more photos are refused than the evaluation predicts at this threshold: the last day's share lies above
  the predicted one even where chance is given its due, which is when their 95% intervals do not touch;
- the oldest photo that waits for a review has waited for longer than a day;
- the evaluation recommends a threshold that decides some of its photos otherwise than the one in service. One
  that each deploy recommends by itself, as the setting ``auto`` has it, is not argued with.

Green (``well``) is all else; a day without a photo, a model that was not evaluated, and an endpoint that
somebody has switched off, too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from evaluation.measures.intervals import Share, measure_share
from lambdas.workflow.prediction import format_share, format_threshold

Level = Literal["well", "look", "act"]

LONGEST_WAIT_SECONDS = 86_400
IN_SERVICE = "InService"
NOT_IN_SERVICE = "EndpointNotInService"
NO_TRAFFIC = "no-traffic"
_BROKEN = ("Failed", "OutOfService", "UpdateRollbackFailed")
_OPENINGS: Mapping[Level, str] = {"well": "All well", "look": "Worth a look", "act": "Needs attention"}


@dataclass(frozen=True)
class Day:
    """What became of the last day's photos.

    Attributes:
        routed: How many the filter let through.
        refused: How many it refused, those included that a person has judged since.
        errors: By which error how many failed, the most frequent first.
        unknown: How many did not succeed for a reason that was not asked for yet.
        period: Which photos these are, in words.
    """

    routed: int = 0
    refused: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    unknown: int = 0
    period: str = "in 24 h"

    @property
    def failed(self) -> int:
        """How many failed."""
        return sum(self.errors.values())


@dataclass(frozen=True)
class Facts:
    """What a judgement goes by; None where something is not there or not known.

    Attributes:
        endpoint: The endpoint's status.
        endpoint_fault: Why there is no endpoint to speak of, and what to do.
        endpoint_off: Whether there is none because somebody switched it off: that is no fault.
        day: The last day's photos.
        day_fault: Why they cannot be told at the moment.
        threshold: The threshold in service.
        predicted: The share of the evaluation's photos that this threshold refuses.
        recommended: The threshold that the evaluation recommends, where it decides any of its photos
            otherwise than the one in service, and no deploy has recommended that one by itself.
        waiting: How many photos wait for a review.
        waiting_seconds: For how long the oldest of them has waited.
        alarms: What the alarms that are in ALARM watch, each with what it means and what to do.
    """

    endpoint: str | None = IN_SERVICE
    endpoint_fault: str | None = None
    endpoint_off: bool = False
    day: Day | None = Day()
    day_fault: str | None = None
    threshold: float | None = None
    predicted: Share | None = None
    recommended: float | None = None
    waiting: int | None = None
    waiting_seconds: float | None = None
    alarms: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        level: How grave it is.
        about: What it is about: ``endpoint``, ``alarms``, ``failed``, ``refused``, ``counting``, ``waiting``
            or ``threshold``.
        brief: What is wrong, for the sentence.
        text: The figures behind it, or what to do about it.
    """

    level: Level
    about: str
    brief: str
    text: str


def judge(facts: Facts) -> dict[str, Any]:
    """Judges a deployment by the rules of this module.

    Returns:
        ``level``; ``sentence``, which answers whether all is well; ``summary``, the photos and the endpoint
        in a line, None where the sentence says it; ``findings`` as mappings, the gravest first.
    """
    findings = [*_find_broken(facts), *_find_noteworthy(facts)]
    level: Level = findings[0].level if findings else "well"
    summary = "; ".join(part for part in (_count(facts.day), _name_state(facts)) if part)
    briefs = "; ".join(finding.brief for finding in findings if finding.level == level)
    return {
        "level": level,
        "sentence": f"{_OPENINGS[level]}: {briefs or summary}",
        "summary": f"{summary[:1].upper()}{summary[1:]}." if findings else None,
        "findings": [vars(finding) for finding in findings],
    }


def _find_broken(facts: Facts) -> Iterator[Finding]:
    if facts.endpoint_fault is not None:
        yield Finding("act", "endpoint", "no endpoint is in service", facts.endpoint_fault)
    elif facts.endpoint in _BROKEN:
        yield Finding(
            "act",
            "endpoint",
            "the endpoint has failed",
            f"Its status is {facts.endpoint}. Why stands in its events; make deploy makes it anew.",
        )
    alarms = dict(facts.alarms)
    if facts.endpoint_off:
        alarms.pop(NO_TRAFFIC, None)
    if alarms:
        named = ", ".join(alarms)
        brief = f"the alarm {named} is on" if len(alarms) == 1 else f"{len(alarms)} alarms are on: {named}"
        yield Finding("act", "alarms", brief, " ".join(alarms.values()))
    errors = dict(facts.day.errors) if facts.day else {}
    if facts.endpoint_off:
        errors.pop(NOT_IN_SERVICE, None)
    if facts.day and errors:
        commonest, *others = errors
        named = f"mostly {commonest}" if others else commonest
        counts = ", ".join(f"{error} {count:,}" for error, count in errors.items())
        photos = _name_photos(sum(errors.values()))
        yield Finding("act", "failed", f"{photos} failed {facts.day.period}, {named}", f"{counts}.")


def _find_noteworthy(facts: Facts) -> Iterator[Finding]:
    there = facts.endpoint_fault is None and not facts.endpoint_off
    if there and facts.endpoint not in (IN_SERVICE, *_BROKEN):
        yield Finding(
            "look",
            "endpoint",
            f"the endpoint is in transit ({facts.endpoint})",
            "It should be in service within minutes.",
        )
    if facts.day_fault is not None:
        yield Finding(
            "look", "counting", "what became of the photos cannot be told at the moment", facts.day_fault
        )
    if facts.threshold is None and facts.endpoint_fault is None:
        yield Finding("look", "threshold", "no threshold is published", "make deploy publishes it.")
    if facts.day and (predicted := facts.predicted):
        refused = measure_share(facts.day.refused, facts.day.refused + facts.day.routed)
        if refused and refused.low > predicted.high and facts.threshold is not None:
            yield Finding(
                "look",
                "refused",
                "far more photos are refused than expected",
                f"{format_share(refused.value)} of {refused.of:,}; the evaluation predicts "
                f"{format_share(predicted.value)} ({format_share(predicted.low)} to "
                f"{format_share(predicted.high)}) at the threshold {format_threshold(facts.threshold)}.",
            )
    if facts.waiting and facts.waiting_seconds and facts.waiting_seconds > LONGEST_WAIT_SECONDS:
        yield Finding(
            "look",
            "waiting",
            f"photos wait for review for more than {_format_wait(facts.waiting_seconds)}",
            f"{_name_photos(facts.waiting)} in the queue.",
        )
    if facts.recommended is not None and facts.threshold is not None:
        yield Finding(
            "look",
            "threshold",
            "the evaluation recommends another threshold",
            f"{format_threshold(facts.recommended)} instead of {format_threshold(facts.threshold)}.",
        )


def _count(day: Day | None) -> str | None:
    if day is None:
        return None
    if not (day.routed or day.refused or day.failed or day.unknown):
        return f"no photo {day.period}"
    share = measure_share(day.refused, day.refused + day.routed)
    parts = [
        f"{day.routed:,} routed",
        f"{day.refused:,} refused" + (f" ({format_share(share.value)})" if share and share.count else ""),
    ]
    if day.failed or not day.unknown:
        parts.append(f"{day.failed:,} failed" if day.failed else "none failed")
    if day.unknown:
        parts.append(f"{day.unknown:,} more unsuccessful")
    return f"{', '.join(parts)} {day.period}"


def _name_state(facts: Facts) -> str:
    if facts.endpoint_fault is not None:
        return "no endpoint"
    if facts.endpoint_off:
        return "the endpoint is switched off"
    return "endpoint in service" if facts.endpoint == IN_SERVICE else f"endpoint {facts.endpoint}"


def _name_photos(count: int) -> str:
    return f"{count:,} photo{'' if count == 1 else 's'}"


def _format_wait(seconds: float) -> str:
    days = int(seconds // 86_400)
    return "a day" if days == 1 else f"{days} days"
