"""Batches whose examples are mixed in pairs."""

import pytest
import torch

from training.container_paths import ContainerPaths
from training.data.channels import read_channel
from training.data.examples import Examples
from training.fitting.epochs import Batches, TrainingPlan, fit
from training.fitting.gradients import Gradients
from training.fitting.mixing import mix
from training.fitting.objective import OneClass, choose_objective
from training.fitting.train import plan_all_layers
from training.fitting.transfer import plan_fine_tuning
from training.hyperparameters import Hyperparameters, parse
from training.network.efficientnet import load_pretrained
from training.network.residual import build_resnet, initialise_randomly
from training.network.trained_network import TrainedNetwork

COUNT = 64


def mix_numbers(seed):
    """Mixes examples each of which is its number, and of a class of its own."""
    numbers = torch.arange(COUNT)
    return mix(numbers[:, None].float(), numbers, COUNT, torch.Generator().manual_seed(seed))


def test_each_example_keeps_half_or_more_of_itself_and_takes_the_rest_from_another_of_its_batch():
    kept = []
    for seed in range(50):
        mixed, shares = mix_numbers(seed)
        own = shares.diagonal()
        assert bool((own >= 0.5).all())
        assert torch.allclose(shares.sum(1), torch.ones(COUNT))
        # Each example is the partner of one: what it gives and keeps is 1, too.
        assert torch.allclose(shares.sum(0), torch.ones(COUNT))
        assert torch.allclose(mixed[:, 0], shares @ torch.arange(float(COUNT)), atol=1e-4)
        kept.append(float(own.median()))
    # Of Beta(0.2, 0.2) 58 in 100 are nearer to 0 or 1 than a twentieth.
    assert 22 <= sum(share > 0.95 for share in kept) <= 42
    assert sum(share < 0.9 for share in kept) >= 5


def test_the_loss_of_a_mixture_is_that_of_both_labels_in_their_shares():
    labels = torch.tensor([0, 2])
    logits = torch.randn(2, 3, generator=torch.Generator().manual_seed(1))
    shares = torch.tensor([[0.7, 0, 0.3], [0.3, 0, 0.7]])
    own, partner = (OneClass().compute_loss(logits, each) for each in (labels, labels.flip(0)))
    assert OneClass().compute_loss(logits, shares).tolist() == pytest.approx(
        (0.7 * own + 0.3 * partner).tolist()
    )


def test_of_several_labels_the_loss_is_that_of_both_too_whatever_the_classes_weigh():
    labels = torch.tensor([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])
    several = Hyperparameters(num_classes=2, num_training_samples=4, multi_label=1, use_weighted_loss=1)
    objective = choose_objective(several, labels)
    logits = torch.randn(4, 2, generator=torch.Generator().manual_seed(1))
    own, partner = (objective.compute_loss(logits, each) for each in (labels, labels.flip(0)))
    mixed = objective.compute_loss(logits, labels.lerp(labels.flip(0), 0.2))
    assert mixed.tolist() == pytest.approx((0.8 * own + 0.2 * partner).tolist())
    _, shares = mix(torch.rand(4, 3), labels, 2, torch.Generator().manual_seed(2))
    assert shares.shape == (4, 2)


def test_the_same_seed_mixes_the_same():
    assert all(torch.equal(one, other) for one, other in zip(mix_numbers(1), mix_numbers(1), strict=True))
    assert not torch.equal(mix_numbers(1)[0], mix_numbers(2)[0])


@pytest.mark.parametrize("mixes", [True, False])
def test_training_mixes_only_where_the_plan_says_so(mixes, monkeypatch):
    network = initialise_randomly(build_resnet(20, (3, 28, 28), 2), (3, 28, 28))
    labels = torch.arange(32) % 2
    pixels = torch.rand(32, 3, 28, 28, generator=torch.Generator().manual_seed(1)) * 255
    seen = []

    def note(self, x, labels, compute_loss):
        seen.append((x, labels))
        return torch.zeros(len(x), 2)

    monkeypatch.setattr(Gradients, "compute", note)
    hyperparameters = Hyperparameters(
        num_classes=2, num_training_samples=32, num_layers=20, image_shape=(3, 28, 28), epochs=1
    )
    channel = Batches(labels, lambda indices: pixels[indices])
    trained = TrainedNetwork(network)
    plan = TrainingPlan(trained, trained.fix(), channel, channel, mixes=mixes)
    fit(plan, hyperparameters, torch.Generator().manual_seed(1), lambda _: None, lambda *_: None)
    ((x, given),) = seen
    originals = {tuple(each.flatten().tolist()) for each in pixels}
    assert all(tuple(each.flatten().tolist()) in originals for each in x) is not mixes
    assert (given.shape == (32, 2)) is mixes


def test_what_is_fine_tuned_mixes_and_what_is_trained_in_all_layers_does_not(job):
    paths = ContainerPaths(job.root)
    hyperparameters = parse(paths.read_hyperparameters())
    training, validation = (
        Examples(read_channel(paths, channel, hyperparameters), channel, hyperparameters)
        for channel in ("train", "validation")
    )
    assert plan_fine_tuning(training, validation, hyperparameters, torch.Generator()).mixes
    network = load_pretrained(2, (3, 224, 224))
    assert not plan_all_layers(network, training, validation, hyperparameters, torch.Generator()).mixes
