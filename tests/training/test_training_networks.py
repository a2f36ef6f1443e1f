"""The two networks: the names, sizes and numbers that others know them by."""

from pathlib import Path

import pytest
import torch

from training import artifact
from training.augmentation import augment
from training.efficientnet import EfficientNetLite0, pretrained
from training.fitting import Inputs
from training.objective import OneClass
from training.residual_network import randomly_initialised
from training.transfer import fit_last_layer

# Every parameter and statistic in the symbol of an artifact that AWS trained: ResNet-18 on 3x180x320.
AWS_NAMES = Path(__file__).with_name("aws_resnet18_parameters.txt").read_text().split()


def test_the_residual_network_has_the_parameters_of_an_aws_artifact(tmp_path):
    network = randomly_initialised(18, (3, 180, 320), 2)
    path = artifact.store_weights(tmp_path, network, epoch=0)
    names = {name.split(":")[1] for name in artifact.read_parameters(path)}
    # AWS calls the last layer fc after transfer learning, the open example fc1 from scratch.
    assert {name.replace("fc1_", "fc_") for name in names} == set(AWS_NAMES)


@pytest.mark.parametrize(("layers", "height"), [(20, 28), (32, 32), (18, 32), (50, 32), (18, 64)])
def test_the_residual_network_gives_one_logit_a_class(layers, height):
    network = randomly_initialised(layers, (3, height, height), 5)
    assert network(torch.rand(2, 3, height, height) * 255).shape == (2, 5)


def test_efficientnet_has_its_published_number_of_parameters():
    assert sum(parameter.numel() for parameter in EfficientNetLite0(1000).parameters()) == 4_652_008


def test_only_the_part_behind_the_front_is_trained():
    network = pretrained(2)
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    network(torch.rand(4, 3, 224, 224) * 255)[:, 0].sum().backward()
    optimizer.step()
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert "_fc.weight" in changed
    assert not any("running" in name or name.startswith(("_conv_stem", "_blocks.0.")) for name in changed)


def test_one_picture_is_enough_to_fit_the_last_layer():
    network = pretrained(2).eval()
    front = torch.rand(1, 40, 14, 14)
    fit_last_layer(network, Inputs(torch.tensor([1]), lambda indices: front[indices]), OneClass())
    assert torch.equal(network.tail(front).argmax(1), torch.tensor([1]))
    assert torch.isfinite(network._fc.weight).all()


def test_no_augmentation_leaves_the_pixels_alone():
    pixels = torch.rand(2, 3, 8, 8) * 255
    assert augment(pixels, None, torch.Generator()) is pixels


def test_crop_mirrors_about_half_of_the_pictures_and_changes_nothing_else():
    pixels = torch.rand(200, 3, 8, 8) * 255
    changed = augment(pixels, "crop", torch.Generator().manual_seed(1))
    mirrored = sum(torch.equal(a, b.flip(2)) for a, b in zip(changed, pixels, strict=True))
    assert mirrored + sum(torch.equal(a, b) for a, b in zip(changed, pixels, strict=True)) == 200
    assert 70 < mirrored < 130


@pytest.mark.parametrize("kind", ["crop_color", "crop_color_transform"])
def test_changed_colours_and_shapes_stay_within_the_range_of_pixels(kind):
    changed = augment(torch.rand(8, 3, 16, 16) * 255, kind, torch.Generator().manual_seed(1))
    assert changed.shape == (8, 3, 16, 16)
    assert -0.01 <= float(changed.min()) <= float(changed.max()) <= 255.01


def test_a_shift_of_nothing_through_hue_lightness_and_saturation_gives_the_same_pixels(monkeypatch):
    from training import augmentation

    for limit in ("HUE", "LIGHTNESS", "SATURATION", "ROTATION", "SHEAR", "ASPECT"):
        monkeypatch.setattr(augmentation, limit, 0.0)
    pixels = torch.rand(4, 3, 16, 16) * 255
    random = torch.Generator().manual_seed(3)
    expected = augment(pixels, "crop", torch.Generator().manual_seed(3))
    assert torch.allclose(augment(pixels, "crop_color_transform", random), expected, atol=0.01)
