"""Champion against challenger, on the same photos."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from evaluation.answers import Answer
from evaluation.deployment import EvaluationError
from evaluation.measures.comparison import compare, sum_upper_tail
from tests.evaluation.staged_sample import answers


def compared(pairs):
    champion, challenger = zip(*pairs, strict=True)
    return compare("old", of_bicycles(champion), "new", of_bicycles(challenger))


def of_bicycles(outcomes):
    """Returns answers to the same photos, whoever is right: both models must agree on what is true."""
    return [
        Answer(f"bicycle/{number}.png", 0, f"{number:064x}", (0.9, 0.1) if right else (0.1, 0.9))
        for number, right in enumerate(outcomes)
    ]


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_tail_is_that_of_scipys_exact_test(counts):
    successes, trials = counts
    expected = binomtest(successes, trials, alternative="greater").pvalue
    assert sum_upper_tail(successes, trials) == pytest.approx(expected, rel=1e-9)


def test_only_photos_that_one_alone_gets_right_count():
    pairs = [(True, True)] * 90 + [(False, False)] * 2 + [(True, False)] + [(False, True)] * 9
    found = compared(pairs)
    assert (found.both_right, found.champion_only, found.challenger_only, found.both_wrong) == (90, 1, 9, 2)
    assert found.p_value == pytest.approx(11 / 1024)
    assert found.better


@pytest.mark.parametrize(
    "pairs",
    [
        [(True, True)] * 100,
        [(True, True)] * 90 + [(False, True)] * 4,
        [(True, False)] * 20 + [(False, True)] * 2,
    ],
    ids=["the same", "too few to tell", "worse"],
)
def test_a_challenger_that_is_not_better_beyond_chance_is_no_better(pairs):
    assert not compared(pairs).better


def test_models_that_answered_other_photos_under_the_same_names_are_not_compared():
    ours = of_bicycles([True])
    with pytest.raises(EvaluationError, match="old and new did not answer the same photos"):
        compare("old", [replace(ours[0], sha256="0" * 63 + "f")], "new", ours)


def test_models_that_answered_other_photos_are_not_compared():
    with pytest.raises(EvaluationError, match="old and new did not answer the same photos"):
        compare("old", answers([(0.9, True)]), "new", answers([(0.9, True)] * 2))


def test_models_whose_photos_have_other_labels_are_not_compared():
    with pytest.raises(EvaluationError, match="did not answer the same photos"):
        compare("old", answers([(0.9, True)]), "new", answers([(0.9, False)]))
