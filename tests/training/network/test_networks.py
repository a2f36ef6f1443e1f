"""The two networks: the symbols, sizes and numbers that others know them by."""

import hashlib

import numpy as np
import pytest
import torch

from training.data.augmentation import augment
from training.fitting.epochs import Batches
from training.fitting.objective import OneClass
from training.fitting.transfer import fit_last_layer
from training.network import efficientnet
from training.network.efficientnet import build_efficientnet, load_pretrained, name_block
from training.network.fixed_network import FixedNetwork
from training.network.residual import build_resnet, initialise_randomly
from training.network.symbol import from_json, to_json
from training.network.trained_network import TrainedNetwork


# SHA-256 of image-classification-symbol.json in artifacts that AWS's container trained.
@pytest.mark.parametrize(
    ("num_layers", "image_shape", "num_classes", "digest"),
    [
        (18, (3, 180, 320), 2, "26f4d901a32c35e3069b73b5dfff7565cd6dcda95f3f3cddf08067139a957e15"),
        (18, (3, 224, 224), 257, "a2252bb4a7f98a445c5feb4d4e7dc000000f7ab5a65365aa3becc0151567e3e9"),
        (50, (3, 224, 224), 2, "a865b797903394a6a86c799388795a1697cc858050230b8430ccc1bda61a419f"),
    ],
)
def test_the_residual_network_has_the_symbol_of_an_aws_artifact(num_layers, image_shape, num_classes, digest):
    # They come of transfer learning, after which AWS calls the last layer fc.
    symbol = to_json(build_resnet(num_layers, image_shape, num_classes)).replace('"fc1', '"fc')
    assert hashlib.sha256(symbol.encode()).hexdigest() == digest


@pytest.mark.parametrize(("layers", "height"), [(20, 28), (32, 32), (18, 32), (50, 32), (18, 64)])
@pytest.mark.parametrize("multi_label", [False, True])
def test_the_residual_network_gives_one_logit_a_class(layers, height, multi_label):
    symbol = build_resnet(layers, (3, height, height), 5, multi_label)
    network = initialise_randomly(symbol, (3, height, height))
    pixels = torch.rand(2, 3, height, height) * 255
    assert TrainedNetwork(network)(pixels).shape == (2, 5)
    probabilities = FixedNetwork(network).compute_all(pixels.numpy())
    assert (probabilities.sum(1) == pytest.approx(1, abs=1e-6)) is not multi_label


@pytest.mark.parametrize(
    "symbol",
    [
        build_resnet(20, (3, 28, 28), 3, multi_label=True),
        build_resnet(101, (3, 64, 48), 3),
        build_efficientnet(5),
        build_efficientnet(5, multi_label=True),
    ],
)
def test_a_symbol_that_is_written_is_read_again(symbol):
    assert from_json(to_json(symbol)) == symbol


def test_efficientnet_has_its_published_number_of_parameters():
    network = load_pretrained(1000, (3, 224, 224))
    weights = {name: value.size for name, value in network.values.items() if "bn_data" not in name}
    # In 6,092,072 every batch normalisation has a scale besides its shift; here it is in the convolution.
    scales = sum(count for name, count in weights.items() if name.endswith("_bias") and name != "arg:fc_bias")
    assert sum(weights.values()) + scales == 6_092_072


def test_efficientnet_sees_what_it_saw_in_imagenet(monkeypatch):
    """The features of a drawn picture, as the weights give them in float64 before any is folded."""
    monkeypatch.setattr(efficientnet, "WORKING_SIZE", 160)
    rows, columns = torch.meshgrid(torch.arange(224.0), torch.arange(224.0), indexing="ij")
    picture = torch.stack((rows, columns, (rows * columns) % 256))[None]
    network = load_pretrained(2, (3, 224, 224))
    features = torch.from_numpy(FixedNetwork(network, "data", "flatten").compute(picture.numpy())[0])
    strongest = [366, 494, 1107, 1211, 373, 210, 43, 818]
    expected = [4.51657, 4.46125, 4.44033, 4.28836, 4.12569, 3.37731, 3.3188, 3.26099]
    assert features.topk(8).indices.tolist() == strongest
    assert features[strongest].tolist() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    "build",
    [
        lambda: load_pretrained(3, (3, 64, 48)),
        lambda: initialise_randomly(build_resnet(20, (3, 28, 28), 3), (3, 28, 28)),
        lambda: initialise_randomly(build_resnet(50, (3, 64, 48), 3), (3, 64, 48)),
    ],
)
def test_a_network_says_the_same_while_it_is_trained_and_afterwards(build):
    network = build()
    torch.nn.init.normal_(TrainedNetwork(network).last_layer[0])  # a pretrained network has zeros there
    pixels = torch.rand(2, *network.graph.image_shape) * 255
    logits = network.graph.symbol.nodes[network.graph.logits].name
    answers = FixedNetwork(network, "data", logits).compute_all(pixels.numpy())
    assert not np.array_equal(answers[0], answers[1])
    expected = TrainedNetwork(network).eval()(pixels).detach().numpy()
    assert answers == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_an_answer_does_not_depend_on_what_else_is_asked():
    built = initialise_randomly(build_resnet(20, (3, 28, 28), 3), (3, 28, 28))
    network, alone = FixedNetwork(built), FixedNetwork(built, at_once=1)
    pixels = torch.rand(16, 3, 28, 28).numpy() * 255
    together = network.compute_all(pixels)
    assert np.array_equal(together, [network.compute(one)[0] for one in pixels])
    assert np.array_equal(together, [alone.compute(one)[0] for one in pixels])


def test_only_the_part_behind_the_frozen_nodes_is_trained():
    network = TrainedNetwork(load_pretrained(2, (3, 224, 224)))
    network.freeze(name_block(4))
    torch.nn.init.normal_(network.last_layer[0])
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    network(torch.rand(4, 48, 24, 24))[:, 0].sum().backward()
    optimizer.step()
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert {"arg:fc_weight", "arg:head_weight", "arg:block5_expand_weight"} < changed
    kept = {"stem", "bn", *(name_block(number) for number in range(5))}
    assert not {name for name in changed if name.split(":")[1].split("_")[0] in kept}


def test_the_frozen_nodes_and_the_tail_are_the_whole_network():
    pretrained = load_pretrained(2, (3, 224, 224))
    torch.from_numpy(pretrained.values["arg:fc_weight"]).normal_()
    pixels = torch.rand(1, 3, 224, 224) * 255
    network = TrainedNetwork(pretrained)
    whole = network(pixels)
    network.freeze(name_block(4))
    front = FixedNetwork(pretrained, "data", name_block(4)).compute_all(pixels.numpy())
    assert torch.allclose(network(torch.from_numpy(front)), whole, atol=1e-3)


def test_training_teaches_the_batch_normalisations_of_the_residual_network():
    network = TrainedNetwork(initialise_randomly(build_resnet(20, (3, 28, 28), 2), (3, 28, 28)))
    network(torch.full((4, 3, 28, 28), 100.0))
    # 0.9 of the zero that it was, 0.1 of what came.
    assert network.state_dict()["aux:bn_data_moving_mean"].tolist() == pytest.approx([10.0] * 3)


def test_one_picture_is_enough_to_fit_the_last_layer():
    network = TrainedNetwork(load_pretrained(2, (3, 224, 224)))
    network.freeze(name_block(4))
    front = torch.rand(1, 48, 24, 24)
    fit_last_layer(network, Batches(torch.tensor([1]), lambda indices: front[indices]), OneClass())
    assert torch.equal(network(front).argmax(1), torch.tensor([1]))
    assert torch.isfinite(network.last_layer[0]).all()


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
    from training.data import augmentation

    for limit in ("HUE", "LIGHTNESS", "SATURATION", "ROTATION", "SHEAR", "ASPECT"):
        monkeypatch.setattr(augmentation, limit, 0.0)
    pixels = torch.rand(4, 3, 16, 16) * 255
    random = torch.Generator().manual_seed(3)
    expected = augment(pixels, "crop", torch.Generator().manual_seed(3))
    assert torch.allclose(augment(pixels, "crop_color_transform", random), expected, atol=0.01)
