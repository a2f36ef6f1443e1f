"""Whose a thing is, told by its tag and by its name."""

import pytest

from console.destruction.ownership import Ownership


@pytest.mark.parametrize(
    "name",
    ["scones", "scones-batch", "scones-uploads-dead-letters", "scones--1a2b", "scones-storage-Bucket-1X2"],
)
def test_a_name_that_is_given_is_owned(name: str) -> None:
    assert Ownership("scones").owns_name(name)


@pytest.mark.parametrize(
    "name", ["scones2", "my-scones", "scones-shop", "scones-", "scones-blue-batch", "scones-batches", ""]
)
def test_a_name_that_is_not_given_is_not_owned(name: str) -> None:
    assert not Ownership("scones").owns_name(name)


def test_a_name_that_two_could_give_is_the_longer_one_s() -> None:
    ownership = Ownership("scones", others=frozenset({"scones-storage", "muffins"}))
    assert not ownership.owns_name("scones-storage-storage-Bucket-1X2")
    assert not ownership.owns_name("scones-storage-uploads")
    assert ownership.owns_name("scones-uploads")
    # The shorter one's names take nothing from the longer one's.
    assert Ownership("scones-storage", others=frozenset({"scones"})).owns_name("scones-storage-uploads")


def test_what_belongs_to_somebody_else_s_stack_is_theirs() -> None:
    ownership = Ownership("scones", foreign=frozenset({"scones-training", "scones"}))
    assert not ownership.owns_name("scones-training-Queue-1X2")
    assert ownership.owns_name("scones-uploads")


def test_a_tag_decides_before_the_name() -> None:
    ownership = Ownership("scones", tagged={"arn:1": "scones", "arn:2": "blue"})
    assert ownership.owns("Model-1X2", "arn:1")
    assert not ownership.owns("scones-uploads", "arn:2")
    assert ownership.owns("scones-uploads", "arn:3")


@pytest.mark.parametrize("other", ["scones-(old", "scones-*", "scones-[a"])
def test_a_tag_of_somebody_else_may_say_anything(other: str) -> None:
    ownership = Ownership("scones", others=frozenset({other}))
    assert ownership.owns_name("scones-uploads")
