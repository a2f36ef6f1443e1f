"""The recommended threshold: its bound against SciPy's, its guarantee against populations that are known."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from lambdas.statistics.threshold_proof import find_upper_bound, recommend

ANSWERS = st.lists(
    st.tuples(st.floats(0, 1) | st.sampled_from([0.5, 0.9, 1.0]), st.booleans()), min_size=1, max_size=300
)
SHARES = st.floats(0.01, 0.9)


@given(st.integers(0, 400), st.integers(1, 400), st.floats(1e-9, 0.5))
def test_the_bound_is_that_of_clopper_and_pearson(wrong: int, photos: int, level: float) -> None:
    wrong = min(wrong, photos)
    expected = 1.0 if wrong == photos else beta.ppf(1 - level, wrong + 1, photos - wrong)
    assert find_upper_bound(wrong, photos, level) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("wrong", "photos"), [(0, 1_000_000), (700, 1_000_000), (49_000, 50_000)])
def test_many_photos_neither_overflow_nor_vanish(wrong: int, photos: int) -> None:
    expected = beta.ppf(0.99, wrong + 1, photos - wrong)
    assert find_upper_bound(wrong, photos, 0.01) == pytest.approx(expected, rel=1e-6)


@given(ANSWERS, SHARES, SHARES)
def test_what_is_said_of_a_threshold_is_so_and_its_bound_keeps_to_the_target(
    answers: list[tuple[float, bool]], most_wrong: float, assurance: float
) -> None:
    found = recommend([c for c, _ in answers], [r for _, r in answers], most_wrong, assurance)
    assert found.photos == len(answers)
    assert 0 <= found.wrong <= found.routed <= found.photos
    if found.threshold is None:
        assert found.bound > most_wrong
        assert found.more_photos is None or found.more_photos >= 1
    else:
        routed = [is_right for confidence, is_right in answers if confidence >= found.threshold]
        assert (found.routed, found.wrong) == (len(routed), routed.count(False))
        assert found.wrong / found.routed <= found.bound <= most_wrong * (1 + 1e-12)
        assert found.more_photos is None


@given(ANSWERS, st.randoms(use_true_random=False))
def test_the_order_of_the_photos_does_not_matter(
    answers: list[tuple[float, bool]], order: random.Random
) -> None:
    shuffled = list(answers)
    order.shuffle(shuffled)
    first, second = (
        recommend([c for c, _ in given_], [r for _, r in given_], 0.2, 0.9) for given_ in (answers, shuffled)
    )
    assert first == second


def test_the_target_is_missed_no_more_often_than_the_assurance_allows() -> None:
    # Wrong with the probability (1 - confidence) / 2, confidences even from 0 to 1: of those above
    # a threshold t the share (1 - t) / 4 is wrong.
    population, missed, found = random.Random(5), 0, 0
    for _ in range(300):
        confidences = [population.random() for _ in range(200)]
        right = [population.random() >= (1 - confidence) / 2 for confidence in confidences]
        threshold = recommend(confidences, right, 0.12, 0.8).threshold
        found += threshold is not None
        missed += threshold is not None and (1 - threshold) / 4 > 0.12
    assert found > 100
    assert missed <= 0.2 * 300


def test_a_model_without_a_mistake_has_every_photo_routed() -> None:
    found = recommend([0.5 + i / 1000 for i in range(100)], [True] * 100, 0.05, 0.9)
    assert (found.threshold, found.routed, found.wrong) == (0.5, 100, 0)
    # 7 thresholds are looked at: 1 - (0.1 / 7) ** (1 / 100).
    assert found.bound == pytest.approx(0.0415951)


def test_the_threshold_is_the_lowest_that_is_proved_not_the_purest() -> None:
    confidences = [i / 1000 for i in range(1000)]
    found = recommend(confidences, [i >= 250 for i in range(1000)], 0.08, 0.9)
    assert found.threshold is not None
    assert 0.2 <= found.threshold < 0.25
    assert found.wrong > 0


@pytest.mark.parametrize(
    ("least", "below", "threshold"),
    [
        (0.8499151468276978, 0.7479400634765625, 0.849),
        (0.8499151468276978, 0.849, 0.8499),
        (0.9999998807907104, 0.9999997615814209, 0.9999998),
        (0.849, 0.8489999, 0.849),
    ],
)
def test_a_threshold_has_no_more_decimals_than_it_takes_to_part_the_photos_so(
    least: float, below: float, threshold: float
) -> None:
    found = recommend([least] * 100 + [below] * 100, [True] * 100 + [False] * 100, 0.05, 0.9)
    assert (found.threshold, found.routed, found.wrong) == (threshold, 100, 0)


def test_photos_of_one_confidence_are_routed_together_or_not_at_all() -> None:
    # 400 of 500 at 0.9 are right: none of them may be picked out.
    confidences, right = [0.9] * 500 + [0.99] * 500, [True] * 400 + [False] * 100 + [True] * 500
    found = recommend(confidences, right, 0.05, 0.9)
    assert (found.threshold, found.routed, found.wrong) == (0.99, 500, 0)


def test_too_few_photos_to_prove_anything_say_how_many_more_it_takes() -> None:
    found = recommend([0.9] * 50, [True] * 50, 0.05, 0.9)
    assert found.threshold is None
    assert found.more_photos == 33
    enough = recommend([0.9] * 83, [True] * 83, 0.05, 0.9)
    assert (enough.threshold, enough.routed) == (0.9, 83)


def test_as_many_more_photos_like_these_as_it_says_are_enough() -> None:
    confidences, right = [0.6] * 20 + [0.9] * 80, [False] * 10 + [True] * 90
    found = recommend(confidences, right, 0.05, 0.9)
    assert found.threshold is None
    assert found.more_photos is not None
    times = -(-(100 + found.more_photos) // 100)
    assert recommend(confidences * times, right * times, 0.05, 0.9).threshold == 0.9


def test_no_number_of_photos_helps_a_model_that_is_wrong_at_every_confidence() -> None:
    found = recommend([0.9] * 100, [True] * 50 + [False] * 50, 0.05, 0.9)
    assert (found.threshold, found.more_photos) == (None, None)
    assert (found.routed, found.wrong) == (100, 50)


@pytest.mark.parametrize(
    ("confidences", "right", "most_wrong", "assurance", "words"),
    [
        ([], [], 0.05, 0.9, "1 or more"),
        ([0.9], [True, False], 0.05, 0.9, "1 confidences and 2 answers"),
        ([1.1], [True], 0.05, 0.9, "confidence"),
        ([float("nan")], [True], 0.05, 0.9, "confidence"),
        ([0.9], [True], 0, 0.9, "most_wrong 0"),
        ([0.9], [True], 0.05, 1, "assurance 1"),
    ],
)
def test_what_is_no_question_is_refused(
    confidences: list[float], right: list[bool], most_wrong: float, assurance: float, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        recommend(confidences, right, most_wrong, assurance)
