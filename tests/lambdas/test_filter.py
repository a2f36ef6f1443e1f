"""The filter function: what passes the threshold, what does not, and what is no probability at all."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.executions.routing import read_missed_threshold, read_shown, read_threshold
from lambdas import filter as confidence_filter
from lambdas.workflow.errors import InvalidEvent, NoneOfTheClasses, ThresholdConfidenceNotMet
from tests.lambdas.samples import recorded


@pytest.mark.parametrize("event", recorded("filter"))
def test_every_recorded_event_passes_in_one_flat_form(event: Any, context: Any) -> None:
    out = confidence_filter.handler(event, context)
    assert out["inferences"] == [0.9, 0.1]
    assert (out["predicted_class"], out["confidence"]) == ("bicycle", 0.9)
    assert "body" not in out


@pytest.mark.parametrize("inferences", [[0.8, 0.2], [0.2, 0.8], [0.8000001, 0.1999999], [1, 0]])
def test_a_confidence_at_the_threshold_or_above_passes(inferences: list[float], context: Any) -> None:
    assert confidence_filter.handler({"inferences": inferences}, context)["confidence"] == max(inferences)


@pytest.mark.parametrize("inferences", [[0.79, 0.21], [0.5, 0.5], [0.2000001, 0.7999999], [0, 0]])
def test_a_confidence_below_the_threshold_does_not_pass(inferences: list[float], context: Any) -> None:
    with pytest.raises(ThresholdConfidenceNotMet):
        confidence_filter.handler({"inferences": inferences}, context)


def test_the_refusal_tells_the_confidence_the_threshold_and_each_probability(context: Any) -> None:
    with pytest.raises(ValueError, match=r"^Confidence 0\.79 is below the threshold 0\.8 ") as raised:
        confidence_filter.handler({"inferences": [0.21, 0.79]}, context)
    assert type(raised.value).__name__ == "ThresholdConfidenceNotMet"
    assert str(raised.value).endswith("(set by confidence_threshold): bicycle 0.21, motorcycle 0.79")


@given(threshold=st.floats(0, 1, exclude_min=True))
def test_the_threshold_is_read_from_what_passes_and_from_what_does_not(threshold: float) -> None:
    def keep(inference: float) -> dict[str, Any]:
        return confidence_filter.keep_confident(
            {"inferences": [inference]}, ("bicycle",), threshold, "a test"
        )

    assert read_threshold(keep(threshold)) == threshold
    with pytest.raises(ThresholdConfidenceNotMet) as refusal:
        keep(math.nextafter(threshold, 0))
    assert read_missed_threshold(str(refusal.value)) == threshold


def test_what_the_event_says_of_its_confidence_is_not_believed(context: Any) -> None:
    event = {"inferences": [0.6, 0.4], "confidence": 0.99, "predicted_class": "motorcycle"}
    with pytest.raises(ThresholdConfidenceNotMet, match=r"Confidence 0\.6 "):
        confidence_filter.handler(event, context)


def test_unknown_fields_pass_through(context: Any) -> None:
    event = {"inferences": [0.9, 0.1], "order": {"id": 7}}
    assert confidence_filter.handler(event, context)["order"] == {"id": 7}


def test_an_event_without_inferences_is_refused(context: Any) -> None:
    with pytest.raises(InvalidEvent, match="Field inferences is missing"):
        confidence_filter.handler({"image_data": ""}, context)


@pytest.mark.parametrize(
    "inferences",
    [
        None,
        0.9,
        {},
        [],
        [0.9],
        [0.5, 0.3, 0.2],
        [1.2, 0.1],
        [-0.1, 0.9],
        [True, False],
        ["0.9", "0.1"],
        "",
        "0.9",
        "[NaN, 0.9]",
        "[0.9, 0.1",
        "bicycle",
        "[[0.9, 0.1]]",
    ],
)
def test_inferences_that_are_no_probabilities_are_refused(inferences: object, context: Any) -> None:
    with pytest.raises(InvalidEvent, match=r"Field inferences is .*bicycle, motorcycle"):
        confidence_filter.handler({"inferences": inferences}, context)


@given(first=st.floats(0, 1), second=st.floats(0, 1))
def test_the_highest_probability_alone_decides(first: float, second: float) -> None:
    def keep(threshold: float) -> dict[str, Any]:
        fields = {"inferences": [first, second]}
        return confidence_filter.keep_confident(fields, ("bicycle", "bus"), threshold, "a test")

    highest = max(first, second)
    assert keep(highest)["confidence"] == highest
    with pytest.raises(ThresholdConfidenceNotMet, match=r"\(a test\): bicycle .*, bus "):
        keep(math.nextafter(highest, 2))


OF_THREE = ("bicycle", "motorcycle", "other")


@pytest.mark.parametrize("inferences", [[0.01, 0.02, 0.97], [0.3, 0.3, 0.4]])
def test_what_is_taken_for_the_other_class_is_refused_however_sure_the_model_is(
    inferences: list[float],
) -> None:
    with pytest.raises(NoneOfTheClasses) as refusal:
        confidence_filter.keep_confident({"inferences": inferences}, OF_THREE, 0.8, "a test", "other")
    bicycle, motorcycle, other = inferences
    assert str(refusal.value) == (
        "The photo shows no bicycle or motorcycle: most probable is other, of "
        f"bicycle {bicycle}, motorcycle {motorcycle}, other {other}"
    )
    assert read_shown(str(refusal.value)) == "no bicycle or motorcycle"


def test_with_another_class_the_threshold_decides_about_the_rest() -> None:
    def keep(inferences: list[float]) -> dict[str, Any]:
        return confidence_filter.keep_confident({"inferences": inferences}, OF_THREE, 0.8, "a test", "other")

    assert keep([0.1, 0.85, 0.05])["predicted_class"] == "motorcycle"
    with pytest.raises(ThresholdConfidenceNotMet):
        keep([0.5, 0.1, 0.4])
    # Of equal ones the first counts.
    with pytest.raises(ThresholdConfidenceNotMet):
        keep([0.5, 0.0, 0.5])
