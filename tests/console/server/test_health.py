"""Whether a deployment is well: in one sentence, one colour, and what is behind it."""

from dataclasses import replace

import pytest

from console.server.health import Day, Facts, judge
from evaluation.measures.intervals import measure_share

QUIET = Facts(threshold=0.8)
BUSY = replace(QUIET, day=Day(routed=317, refused=13))
HOUR, DAY = 3600.0, 86_400.0
# What an evaluation of 100 photos of which so many lie below the threshold predicts.
TWO, ALL = measure_share(2, 100), measure_share(100, 100)


@pytest.mark.parametrize(
    ("facts", "level", "sentence"),
    [
        (
            BUSY,
            "well",
            "All well: 317 routed, 13 refused (3.9%), none failed in 24 h; endpoint in service",
        ),
        (QUIET, "well", "All well: no photo in 24 h; endpoint in service"),
        (
            replace(QUIET, day=Day(routed=1200, period="in the last 3 h")),
            "well",
            "All well: 1,200 routed, 0 refused, none failed in the last 3 h; endpoint in service",
        ),
        (
            replace(QUIET, day=Day(routed=3, unknown=60)),
            "well",
            "All well: 3 routed, 0 refused, 60 more unsuccessful in 24 h; endpoint in service",
        ),
        (
            replace(BUSY, endpoint=None, endpoint_fault="There is no endpoint scones: run make deploy"),
            "act",
            "Needs attention: no endpoint is in service",
        ),
        (
            replace(QUIET, endpoint=None, endpoint_off=True),
            "well",
            "All well: no photo in 24 h; the endpoint is switched off",
        ),
        (
            replace(BUSY, alarms={"drift": "The photos are others. Train anew."}),
            "act",
            "Needs attention: the alarm drift is on",
        ),
        (
            replace(BUSY, alarms={"drift": "", "throttles": ""}, day=Day(errors={"InvalidImage": 5})),
            "act",
            "Needs attention: 2 alarms are on: drift, throttles; 5 photos failed in 24 h, InvalidImage",
        ),
        # Without an endpoint no photo reaches it, as was wanted.
        (
            replace(QUIET, endpoint=None, endpoint_off=True, alarms={"no-traffic": ""}),
            "well",
            "All well: no photo in 24 h; the endpoint is switched off",
        ),
        # That photos fail meanwhile is what was wanted; what else fails is told alone.
        (
            replace(QUIET, endpoint=None, endpoint_off=True, day=Day(errors={"EndpointNotInService": 3})),
            "well",
            "All well: 0 routed, 0 refused, 3 failed in 24 h; the endpoint is switched off",
        ),
        (
            replace(
                QUIET,
                endpoint=None,
                endpoint_off=True,
                day=Day(errors={"EndpointNotInService": 3, "InvalidImage": 1}),
            ),
            "act",
            "Needs attention: 1 photo failed in 24 h, InvalidImage",
        ),
        (
            replace(QUIET, day=Day(errors={"EndpointNotInService": 3})),
            "act",
            "Needs attention: 3 photos failed in 24 h, EndpointNotInService",
        ),
        (replace(BUSY, endpoint="Failed"), "act", "Needs attention: the endpoint has failed"),
        (replace(BUSY, endpoint="OutOfService"), "act", "Needs attention: the endpoint has failed"),
        (replace(BUSY, endpoint="UpdateRollbackFailed"), "act", "Needs attention: the endpoint has failed"),
        (
            replace(QUIET, day=Day(routed=9, errors={"InvalidImage": 1})),
            "act",
            "Needs attention: 1 photo failed in 24 h, InvalidImage",
        ),
        (
            replace(QUIET, day=Day(routed=9, errors={"EndpointThrottled": 3, "InvalidImage": 1})),
            "act",
            "Needs attention: 4 photos failed in 24 h, mostly EndpointThrottled",
        ),
        # What is to be looked at as well does not stand in the sentence of what needs hands.
        (
            replace(QUIET, endpoint="Failed", day=Day(errors={"InvalidImage": 1}), recommended=0.975),
            "act",
            "Needs attention: the endpoint has failed; 1 photo failed in 24 h, InvalidImage",
        ),
        *(
            (
                replace(BUSY, endpoint=status),
                "look",
                f"Worth a look: the endpoint is in transit ({status})",
            )
            for status in ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
        ),
        (
            replace(QUIET, day=None, day_fault="The table is throttled"),
            "look",
            "Worth a look: what became of the photos cannot be told at the moment",
        ),
        (Facts(), "look", "Worth a look: no threshold is published"),
        (
            replace(BUSY, waiting=12, waiting_seconds=DAY + HOUR),
            "look",
            "Worth a look: photos wait for review for more than a day",
        ),
        (
            replace(BUSY, waiting=12, waiting_seconds=3.5 * DAY),
            "look",
            "Worth a look: photos wait for review for more than 3 days",
        ),
        (
            replace(BUSY, recommended=0.975, endpoint="Creating"),
            "look",
            "Worth a look: the endpoint is in transit (Creating); "
            "the evaluation recommends another threshold",
        ),
        (replace(BUSY, waiting=12, waiting_seconds=23 * HOUR), "well", None),
        # A table that is empty has no oldest photo.
        (replace(BUSY, waiting=0), "well", None),
    ],
)
def test_the_sentence_and_the_colour_say_whether_it_is_well(
    facts: Facts, level: str, sentence: str | None
) -> None:
    judged = judge(facts)
    assert judged["level"] == level
    assert sentence in (None, judged["sentence"])
    assert (judged["summary"] is None) == (level == "well")


@pytest.mark.parametrize(
    ("refused", "routed", "predicted", "level"),
    [
        # Twice as many as predicted may be chance, seven times as many are none.
        (4, 96, TWO, "well"),
        (14, 86, TWO, "look"),
        # Of few photos a large share may be chance, too.
        (1, 2, TWO, "well"),
        (3, 1, TWO, "look"),
        (100, 0, ALL, "well"),
        (0, 0, TWO, "well"),
        # Fewer than predicted need no look.
        (0, 100, ALL, "well"),
        (50, 50, None, "well"),
    ],
)
def test_a_refusal_rate_is_noteworthy_where_chance_does_not_explain_it(
    refused: int, routed: int, predicted: object, level: str
) -> None:
    judged = judge(replace(QUIET, day=Day(routed=routed, refused=refused), predicted=predicted))  # type: ignore[arg-type]
    assert judged["level"] == level
    assert ["refused"] * (level == "look") == [finding["about"] for finding in judged["findings"]]


def test_what_is_not_well_is_told_with_its_figures_the_gravest_first() -> None:
    judged = judge(
        Facts(
            endpoint="Updating",
            day=Day(routed=86, refused=14, errors={"InvalidImage": 2, "ImageNotFound": 1}),
            threshold=0.8,
            predicted=TWO,
            recommended=0.975,
            waiting=1,
            waiting_seconds=2 * DAY,
        )
    )
    assert [(found["level"], found["about"], found["text"]) for found in judged["findings"]] == [
        ("act", "failed", "InvalidImage 2, ImageNotFound 1."),
        ("look", "endpoint", "It should be in service within minutes."),
        (
            "look",
            "refused",
            "14.0% of 100; the evaluation predicts 2.0% (0.6% to 7.0%) at the threshold 0.800.",
        ),
        ("look", "waiting", "1 photo in the queue."),
        ("look", "threshold", "0.975 instead of 0.800."),
    ]
    assert judged["summary"] == "86 routed, 14 refused (14.0%), 3 failed in 24 h; endpoint Updating."
