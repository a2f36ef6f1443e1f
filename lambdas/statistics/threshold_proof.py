"""The lowest confidence threshold for which labelled photos prove that few of the routed ones are wrong."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

# Nobody labels more than these.
MOST_PHOTOS = 100_000
SHARES_LOOKED_AT = 10
Answers = Sequence[tuple[float, bool]]


@dataclass(frozen=True)
class Recommendation:
    """A threshold and what was seen at it; without one, what was seen at the threshold nearest to the target.

    Attributes:
        threshold: The least confidence of photos to route, with no more decimals than it takes to part these
            photos so, three at least; None if no threshold keeps to the target with the assurance asked for.
        photos: Number of labelled photos.
        routed: How many of them the threshold routes.
        wrong: How many of the routed ones are of another class than the model says.
        bound: Upper confidence bound of the share of wrong ones among all that will be routed, 0 to 1.
        more_photos: About how many more labelled photos prove a threshold; None if one is proved, or if
            100,000 photos would not help because too many are wrong even among the most confident.
    """

    threshold: float | None
    photos: int
    routed: int
    wrong: int
    bound: float
    more_photos: int | None


def recommend(
    confidences: Sequence[float], right: Sequence[bool], most_wrong: float, assurance: float
) -> Recommendation:
    """Returns the lowest threshold at which the routed photos are proved good enough.

    This is selection with guaranteed risk (Geifman and El-Yaniv 2017, arXiv:1705.08500): a threshold is held
    to the exact upper bound of a binomial share (Clopper and Pearson 1934), at the confidence
    1 - (1 - ``assurance``) / k for the k = ceil(log2(photos)) thresholds that are looked at, so that by the
    union bound all k bounds hold at once. The paper bisects; here the k numbers of routed photos are fixed
    before the answers are compared with the labels, from the fewest that can prove the target to all, as
    the union bound asks for. Photos of one confidence are routed together.

    ``more_photos`` assumes that further photos are like these: as large a share of them beyond each
    threshold, and as large a share of those wrong.

    Args:
        confidences: Probability of each photo's most probable class, 0 to 1. The photos are a sample of those
            that will be routed, and the model was not trained on them.
        right: For each photo whether that class is its true one.
        most_wrong: Target: at most this share of the routed photos is wrong, above 0 and below 1.
        assurance: Probability that the target is kept to, above 0 and below 1.

    Raises:
        ValueError: There is no photo, the two sequences differ in length, or a number is out of its range.
    """
    photos = len(confidences)
    if not photos or photos != len(right):
        raise ValueError(
            f"{photos} confidences and {len(right)} answers: as many of both, 1 or more, are needed"
        )
    if not all(0 <= confidence <= 1 for confidence in confidences):
        raise ValueError("A confidence is not from 0 to 1")
    if not (0 < most_wrong < 1 and 0 < assurance < 1):
        raise ValueError(f"most_wrong {most_wrong} and assurance {assurance}: both are above 0 and below 1")
    answers = sorted(zip(confidences, right, strict=True), reverse=True)
    level = _share_level(photos, assurance)
    cuts = {_cut(answers, rank) for rank in _choose_ranks(photos, most_wrong, assurance)}
    for threshold, routed, wrong in sorted(cuts):
        if _sum_tail(wrong, routed, most_wrong) <= level:
            bound = find_upper_bound(wrong, routed, level)
            below = answers[routed][0] if routed < photos else -1.0
            return Recommendation(_shorten(threshold, below), photos, routed, wrong, bound, None)
    bound, routed, wrong = min(
        (find_upper_bound(wrong, routed, level), routed, wrong) for _, routed, wrong in cuts
    )
    more_photos = _count_more_photos(answers, most_wrong, assurance)
    return Recommendation(None, photos, routed, wrong, bound, more_photos)


def find_upper_bound(wrong: int, photos: int, level: float) -> float:
    """Returns the share of which no more than ``wrong`` in ``photos`` are seen with probability ``level``.

    The upper end of a one-sided interval of Clopper and Pearson with the confidence 1 - ``level``.
    """
    if wrong == photos:
        return 1.0
    low, high = wrong / photos, 1.0
    # Until the two are neighbours in double precision.
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if _sum_tail(wrong, photos, middle) > level else (low, middle)
    return high


def _sum_tail(wrong: int, photos: int, share: float) -> float:
    """Returns the probability of ``wrong`` or fewer in ``photos``, each with the probability ``share``."""
    if wrong >= photos:
        return 1.0
    if wrong > photos * share:
        return 1 - _sum_lower_tail(photos - wrong - 1, photos, 1 - share, share)
    return _sum_lower_tail(wrong, photos, share, 1 - share)


def _sum_lower_tail(count: int, photos: int, share: float, rest: float) -> float:
    """Returns the probability of ``count`` or fewer, no more than are expected; ``rest`` is 1 - ``share``."""
    # By logarithms, as the powers vanish; from the largest term down, until none counts in double precision.
    term = math.exp(
        math.lgamma(photos + 1)
        - math.lgamma(count + 1)
        - math.lgamma(photos - count + 1)
        + count * math.log(share)
        + (photos - count) * math.log(rest)
    )
    total = 0.0
    while count >= 0 and term > total * 1e-17:
        total += term
        term *= count * rest / ((photos - count + 1) * share)
        count -= 1
    return total


def _share_level(photos: int, assurance: float) -> float:
    """Returns the probability with which one of the bounds may fail."""
    return (1 - assurance) / max(1, math.ceil(math.log2(photos)))


def _choose_ranks(photos: int, most_wrong: float, assurance: float) -> list[int]:
    """Returns the numbers of most confident photos that are looked at, ascending.

    As many as the level is parted into, evenly from the fewest that prove the target with none wrong.
    """
    looks = max(1, math.ceil(math.log2(photos)))
    fewest = math.ceil(math.log(_share_level(photos, assurance)) / math.log1p(-most_wrong))
    first = min(fewest, photos)
    return [photos - (photos - first) * look // max(1, looks - 1) for look in reversed(range(looks))]


def _shorten(threshold: float, below: float) -> float:
    """Returns the number of fewest decimals, three at least, above ``below`` and not above ``threshold``."""
    for decimals in range(3, 16):
        short = round(threshold, decimals)
        if short > threshold:
            short = round(short - 10**-decimals, decimals)
        if below < short <= threshold:
            return short
    return threshold


def _cut(answers: Answers, rank: int) -> tuple[float, int, int]:
    """Returns the confidence at a rank from 1, how many have at least that, and how many of those are wrong.

    ``answers`` are confidences, the highest first, each with whether it is right.
    """
    threshold = answers[rank - 1][0]
    routed = [is_right for confidence, is_right in answers if confidence >= threshold]
    return threshold, len(routed), routed.count(False)


def _count_more_photos(answers: Answers, most_wrong: float, assurance: float) -> int | None:
    """Returns how many more photos prove some threshold if they are like these."""
    photos = len(answers)
    ranks = {math.ceil(photos * share / SHARES_LOOKED_AT) for share in range(1, SHARES_LOOKED_AT + 1)}
    totals = []
    for _, routed, wrong in {_cut(answers, rank) for rank in ranks}:

        def proved(total: int, routed: int = routed, wrong: int = wrong) -> bool:
            more_routed = total * routed // photos
            more_wrong = math.ceil(more_routed * wrong / routed)
            return _sum_tail(more_wrong, more_routed, most_wrong) <= _share_level(total, assurance)

        if wrong < most_wrong * routed and proved(MOST_PHOTOS):
            totals.append(bisect_left(range(MOST_PHOTOS), True, lo=photos + 1, key=proved))
    return min(totals) - photos if totals else None
