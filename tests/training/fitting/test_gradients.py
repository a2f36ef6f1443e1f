"""The gradients of a batch whose parts are computed at the same time."""

import pytest
import torch

from training.fitting.gradients import Gradients
from training.fitting.objective import OneClass
from training.network.residual import build_resnet, initialise_randomly
from training.network.trained_network import TrainedNetwork

LABELS = torch.arange(32) % 2


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)


def build_residual() -> TrainedNetwork:
    """Returns the same one each time."""
    torch.manual_seed(1)
    return TrainedNetwork(initialise_randomly(build_resnet(20, (3, 8, 8), 2), (3, 8, 8)))


def compute_plainly(
    network: TrainedNetwork, x: torch.Tensor, labels: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Returns the gradient of each weight that has one, from one pass over all of them."""
    OneClass().compute_loss(network(x), labels).mean().backward()
    return {name: weight.grad for name, weight in network.named_parameters() if weight.grad is not None}


@pytest.mark.parametrize(
    ("cores", "batch_size", "parts"),
    [(2, 31, 1), (2, 32, 2), (2, 256, 2), (16, 64, 4), (1, 64, 1), (4, 1, 1)],
)
def test_a_part_has_a_core_and_16_images_at_least(cores, batch_size, parts, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: cores)
    assert Gradients(build_residual(), batch_size).parts == parts


def test_the_parts_of_a_batch_that_is_no_multiple_of_them_are_of_one_size_but_for_an_image(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    sizes = []
    forward = TrainedNetwork.forward

    def note_size(network, x):
        sizes.append(len(x))
        return forward(network, x)

    monkeypatch.setattr(TrainedNetwork, "forward", note_size)
    labels = torch.arange(65) % 2
    Gradients(build_residual(), 65).compute(torch.rand(65, 3, 8, 8), labels, OneClass().compute_loss)
    assert sorted(sizes) == [16, 16, 16, 17]


def test_behind_frozen_layers_a_batch_stays_whole():
    network = build_residual()
    network.freeze("conv0")
    assert Gradients(network, 32).parts == 1


def test_parts_that_are_alike_give_the_gradients_and_logits_of_the_whole_batch():
    x = (torch.rand(16, 3, 8, 8) * 255).repeat(2, 1, 1, 1)
    whole, network = build_residual(), build_residual()
    expected = compute_plainly(whole, x, LABELS)
    logits = Gradients(network, 32).compute(x, LABELS, OneClass().compute_loss)
    found = {name: weight.grad for name, weight in network.named_parameters() if weight.grad is not None}
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(logits, build_residual()(x).detach())


def test_the_same_batch_gives_the_same_gradients_to_the_last_bit():
    x = torch.rand(32, 3, 8, 8) * 255
    gradients = []
    for _ in range(3):
        network = build_residual()
        Gradients(network, 32).compute(x, LABELS, OneClass().compute_loss)
        gradients.append([weight.grad for weight in network.parameters() if weight.grad is not None])
    assert all(map(torch.equal, gradients[0] * 2, gradients[1] + gradients[2]))


def test_batch_normalisation_sees_one_part_at_a_time_and_keeps_the_statistics_of_the_first():
    x = torch.rand(32, 3, 8, 8) * torch.linspace(1, 255, 32)[:, None, None, None]
    halves = build_residual(), build_residual()
    first, second = map(compute_plainly, halves, x.chunk(2), LABELS.chunk(2))
    network = build_residual()
    Gradients(network, 32).compute(x, LABELS, OneClass().compute_loss)
    found = {name: weight.grad for name, weight in network.named_parameters() if weight.grad is not None}
    torch.testing.assert_close(found, {name: (first[name] + second[name]) / 2 for name in first})
    torch.testing.assert_close(dict(network.named_buffers()), dict(halves[0].named_buffers()))


def test_a_weight_on_which_nothing_depends_stays_without_a_gradient():
    network = build_residual()
    Gradients(network, 32).compute(torch.rand(32, 3, 8, 8), LABELS, OneClass().compute_loss)
    assert network.get_parameter("arg:bn_data_gamma").grad is None
