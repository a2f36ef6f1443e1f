"""Loss and accuracy of images with one class and with any number of them, against figures made by hand."""

import math

import pytest
import torch

from training.fitting.objective import choose_objective
from training.hyperparameters import Hyperparameters

LABELS = torch.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
LOGITS = torch.tensor([[2.0, -1.0], [3.0, -0.5], [-4.0, 1.0], [-1.0, -2.0]])


def objective(labels=LABELS, **values):
    return choose_objective(Hyperparameters(num_classes=2, num_training_samples=4, **values), labels)


def test_one_class_an_image_is_right_or_wrong():
    labels = torch.tensor([0, 1])
    single = objective(labels)
    logits = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    assert single.compute_accuracy(logits, labels).tolist() == [1, 0]
    expected = [math.log(1 + math.exp(-1)), math.log(1 + math.exp(1))]
    assert single.compute_loss(logits, labels).tolist() == pytest.approx(expected)


def test_with_several_labels_the_accuracy_is_averaged_over_the_classes():
    assert objective(multi_label=1).compute_accuracy(LOGITS, LABELS).tolist() == [1, 0.5, 0, 1]


def test_with_several_labels_the_loss_is_the_binary_cross_entropy_averaged_over_the_classes():
    loss = objective(multi_label=1).compute_loss(LOGITS, LABELS)
    assert float(loss[0]) == pytest.approx((math.log(1 + math.exp(-2)) + math.log(1 + math.exp(-1))) / 2)


def test_a_weighted_loss_lets_images_with_a_class_and_without_it_count_the_same_in_all():
    weighted = objective(multi_label=1, use_weighted_loss=1)
    zeros = torch.zeros(4, 2)
    by_hand = [[4 / 6, 4 / 6], [4 / 6, 4 / 2], [4 / 6, 4 / 6], [4 / 2, 4 / 6]]
    expected = [math.log(2) * sum(pair) / 2 for pair in by_hand]
    assert weighted.compute_loss(zeros, LABELS).tolist() == pytest.approx(expected)


def test_a_class_that_all_images_have_or_none_leaves_the_weighted_loss_finite():
    labels = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    weighted = objective(labels, multi_label=1, use_weighted_loss=1)
    assert torch.isfinite(weighted.compute_loss(torch.zeros(2, 2), 1 - labels)).all()


def test_a_weighted_loss_is_for_several_labels_only():
    labels = torch.tensor([0, 0, 0, 1])
    plain, weighted = objective(labels), objective(labels, use_weighted_loss=1)
    assert torch.equal(weighted.compute_loss(LOGITS, labels), plain.compute_loss(LOGITS, labels))
