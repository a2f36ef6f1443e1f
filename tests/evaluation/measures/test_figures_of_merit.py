"""Intervals, confusion, calibration and prices, against SciPy and against counting by hand."""

import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from evaluation.answers import Answer
from evaluation.measures.calibration import BINS, WIDTHS, measure_calibration
from evaluation.measures.confusion import count_confusions, measure_classes
from evaluation.measures.intervals import measure_share
from evaluation.measures.threshold_price import list_thresholds, price_thresholds
from tests.evaluation.staged_sample import answers, outcomes


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_a_share_has_the_wilson_interval_of_scipy(counts):
    count, of = counts
    found = measure_share(count, of)
    expected = binomtest(count, of).proportion_ci(0.95, method="wilson")
    assert found is not None
    assert found.value == count / of
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_there_is_no_share_of_nothing():
    assert measure_share(0, 0) is None


def test_rows_of_the_confusion_matrix_are_true_classes():
    given = [
        Answer("a", 0, "a", (0.9, 0.1, 0.0)),
        Answer("b", 0, "b", (0.2, 0.7, 0.1)),
        Answer("c", 1, "c", (0.1, 0.8, 0.1)),
    ]
    matrix = count_confusions(given, 3)
    assert matrix == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    first, second, third = measure_classes(matrix, ["x", "y", "z"])
    assert (first.precision.value, first.recall.value, first.photos) == (1.0, 0.5, 2)
    assert (second.precision.value, second.recall.value, second.photos) == (0.5, 1.0, 1)
    assert (third.precision, third.recall, third.photos) == (None, None, 0)


def test_of_equal_probabilities_the_first_class_counts():
    assert Answer("a", 1, "a", (0.5, 0.5)).right is False


@settings(deadline=None, max_examples=50)
@given(outcomes())
def test_the_calibration_error_is_the_mean_distance_of_bins_of_equal_width(given):
    found = measure_calibration(answers(given))
    error = 0.0
    for number in range(WIDTHS):
        # A confidence of 0 is in the first.
        inside = [pair for pair in given if max(math.ceil(pair[0] * WIDTHS), 1) == number + 1]
        error += abs(sum(right - confidence for confidence, right in inside)) / len(given)
    assert found.photos == len(given)
    assert found.ece == pytest.approx(error)


@settings(deadline=None, max_examples=50)
@given(outcomes())
def test_the_drawn_bins_have_each_photo_once_in_order_and_those_of_one_confidence_together(given):
    bins = measure_calibration(answers(given)).bins
    assert 1 <= len(bins) <= BINS
    assert sum(each.photos for each in bins) == len(given)
    assert all(one.high < other.low for one, other in itertools.pairwise(bins))
    for each in bins:
        inside = [pair for pair in given if each.low <= pair[0] <= each.high]
        assert each.photos == len(inside)
        assert each.confidence == pytest.approx(math.fsum(pair[0] for pair in inside) / len(inside))
        assert each.accuracy == measure_share(sum(pair[1] for pair in inside), len(inside))


@pytest.mark.parametrize(
    ("photos", "sizes"), [(1, [1]), (15, [15]), (17, [8, 9]), (100, [20] * 5), (1000, [100] * 10)]
)
def test_of_different_confidences_the_drawn_bins_are_of_one_size_and_never_of_few(photos, sizes):
    given = [(0.5 + number / 10_000, True) for number in range(photos)]
    assert [each.photos for each in measure_calibration(answers(given)).bins] == sizes


def test_an_overconfident_model_is_as_wrong_as_it_is_overconfident():
    assert measure_calibration(answers([(0.9, True)] * 6 + [(0.9, False)] * 4)).ece == pytest.approx(0.3)


@settings(deadline=None, max_examples=50)
@given(outcomes(), st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_a_threshold_routes_what_is_at_least_as_sure(given, others):
    for price in price_thresholds(answers(given), [*others, given[0][0]], 1000):
        routed = [right for confidence, right in given if confidence >= price.threshold]
        assert (price.routed, price.right, price.wrong) == (len(routed), sum(routed), routed.count(False))
        assert price.wrong_per_month.value == pytest.approx(1000 * routed.count(False) / len(given))
        assert price.refused_per_month.value == pytest.approx(1000 * (1 - len(routed) / len(given)))
        assert price.wrong_per_month.low <= price.wrong_per_month.value <= price.wrong_per_month.high


def test_the_share_of_wrong_ones_is_among_the_routed_with_its_interval():
    (price,) = price_thresholds(answers([(0.6, False), (0.9, True), (0.95, False)]), [0.8], 100)
    assert price.wrong_share == measure_share(1, 2)


def test_thresholds_go_from_chance_to_nearly_1_with_those_asked_for():
    found = list_thresholds(4, [0.87654, 0.5])
    assert found == sorted(set(found))
    assert (found[0], found[-1]) == (0.25, 0.999)
    assert 0.87654 in found
    assert found.count(0.5) == 1
