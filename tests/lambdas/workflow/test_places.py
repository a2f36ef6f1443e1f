"""The names that tell which classes a model knows, and in which order."""

import re

from hypothesis import given
from hypothesis import strategies as st

from lambdas.workflow import places

CLASSES = st.lists(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,9}", fullmatch=True), min_size=2, unique=True)


@given(CLASSES)
def test_a_variant_is_named_as_sagemaker_allows(classes: list[str]) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", places.name_variant(classes))


@given(CLASSES, CLASSES)
def test_a_variant_tells_other_classes_and_another_order(one: list[str], other: list[str]) -> None:
    assert places.tells_other_classes(places.name_variant(one), other) == (one != other)
    assert places.tells_other_classes(places.name_variant(one), one[::-1])
    assert not places.tells_other_classes(places.name_variant(tuple(one)), one)


@given(st.sampled_from(["AllTraffic", "", "prod"]), CLASSES)
def test_a_name_that_somebody_else_gave_tells_nothing(variant: str, classes: list[str]) -> None:
    assert not places.tells_other_classes(variant, classes)


def test_the_variant_of_a_captured_object_is_part_of_its_key() -> None:
    key = "captured/scones/classes-0123/2026/01/02/03/04-00-000-a.jsonl"
    assert places.read_captured_variant(key) == "classes-0123"
    assert places.read_captured_variant("captured/leaving") == ""
