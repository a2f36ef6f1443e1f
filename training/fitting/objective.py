"""Computes loss and accuracy: for one class an image, or with multi_label for any number of classes.

An objective takes logits (n, classes) and the labels of those images, and returns float32 (n,): each image's
loss, or its share of right answers, 0 to 1. For the loss, labels may also be each class's share.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from training.hyperparameters import Hyperparameters


class OneClass:
    """Takes labels int64 (n,), or shares: softmax and cross-entropy; an image is right or wrong."""

    def compute_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        return F.cross_entropy(logits, labels, reduction="none")

    def compute_accuracy(self, logits: Tensor, labels: Tensor) -> Tensor:
        return (logits.argmax(1) == labels).float()


@dataclass(frozen=True)
class ManyClasses:
    """Takes labels float32 (n, classes) from 0 to 1: sigmoid and binary cross-entropy, averaged over classes.

    The accuracy is AWS's "average accuracy across all classes"; a class is predicted above a probability of
    0.5, which AWS does not document. The weights are float32 (classes,).
    """

    weight_if_present: Tensor
    weight_if_absent: Tensor

    def compute_loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        present = self.weight_if_present * labels * F.logsigmoid(logits)
        absent = self.weight_if_absent * (1 - labels) * F.logsigmoid(-logits)
        return -(present + absent).mean(1)

    def compute_accuracy(self, logits: Tensor, labels: Tensor) -> Tensor:
        return ((logits > 0) == (labels > 0)).float().mean(1)


Objective = OneClass | ManyClasses


def choose_objective(hyperparameters: Hyperparameters, training_labels: Tensor) -> Objective:
    """Returns the objective of the hyperparameters; AWS documents use_weighted_loss for multi_label only.

    The weights let a class's images with it and those without it count the same in all; AWS documents only
    that they come from the distribution of classes.
    """
    if not hyperparameters.multi_label:
        return OneClass()
    if not hyperparameters.use_weighted_loss:
        return ManyClasses(torch.ones(hyperparameters.num_classes), torch.ones(hyperparameters.num_classes))
    count = len(training_labels)
    present = training_labels.sum(0)
    return ManyClasses(count / (2 * present.clamp(min=1)), count / (2 * (count - present).clamp(min=1)))
