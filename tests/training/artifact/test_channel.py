"""Incremental training: a job goes on from the model of another, if the two agree on the network."""

import re
import shutil
import tarfile

import numpy as np
import pytest

from training.artifact import files as artifact
from training.network.residual import build_resnet, initialise_randomly


@pytest.fixture
def channel(job):
    """Where the job's model channel is, if it has one."""
    return job.root / "input" / "data" / "model"


@pytest.fixture
def untrained(channel):
    """A model channel with the network that the job describes, its weights as they were drawn."""
    channel.mkdir()
    shape = (3, 28, 28)
    network = initialise_randomly(build_resnet(20, shape, 2), shape)
    artifact.describe(channel, network.graph.symbol, shape, 8)
    artifact.store_weights(channel, network.values, epoch=0)
    return channel


def validation_accuracies(out):
    return [float(value) for value in re.findall(r"Validation-accuracy=(.*)", out)]


def weights(folder):
    return artifact.load(folder).values


def test_training_goes_on_at_the_accuracy_of_the_model_given_packed_or_not(job, run, channel, tmp_path):
    job.set_hyperparameters(epochs="4", mini_batch_size="4")
    _, first, _ = run(job)
    best = max(validation_accuracies(first))
    assert best > 0.8
    job.set_hyperparameters(epochs="1", learning_rate="0")
    (job.root / "model").rename(channel)
    _, out, _ = run(job)
    assert validation_accuracies(out) == [best]
    made = tmp_path / "model.tar.gz"
    with tarfile.open(made, "w:gz") as archive:
        archive.add(channel, ".")
    shutil.rmtree(channel)
    channel.mkdir()
    made.rename(channel / made.name)
    status, out, err = run(job)
    assert status == 0, err
    assert validation_accuracies(out) == [best]


def test_all_layers_are_trained_on(job, run, untrained):
    job.set_hyperparameters(epochs="1")
    run(job)
    before, after = weights(untrained), weights(job.root / "model")
    trained = [name for name in before if name.endswith(("_weight", "_beta"))]
    assert len(trained) > 30
    assert [name for name in trained if np.array_equal(before[name], after[name])] == []


def test_a_model_that_began_with_imagenet_weights_is_trained_on_in_all_its_layers(job, run, channel):
    tuned = {
        "use_pretrained_model": "1",
        "num_layers": "18",
        "image_shape": "3,224,224",
        "resize": "224",
        "epochs": "1",
        "mini_batch_size": "4",
        "optimizer": "adam",
    }
    job.set_hyperparameters(**tuned, learning_rate="0.00001")
    _, first, _ = run(job)
    (best,) = validation_accuracies(first)
    assert best > 0.6
    (job.root / "model").rename(channel)
    before = weights(channel)
    # Labels that are all wrong pull at every layer; so little that no answer changes.
    job.draw_channel("train", 4)
    job.write_list("train", "".join(f"{index}\t{1 - index % 2}\t{index}.png\n" for index in range(4)))
    job.set_hyperparameters(**tuned, learning_rate="0.00001")
    status, out, err = run(job)
    assert status == 0, err
    assert "Training on from the model in the model channel" in out
    assert "Features of the frozen layers" not in out
    assert validation_accuracies(out) == [best]
    after = weights(job.root / "model")
    assert [
        name for name in before if name.endswith("_weight") and np.array_equal(before[name], after[name])
    ] == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"num_layers": "32"}, "num_layers is 32, and the model in the model channel was trained with 20;"),
        (
            {"image_shape": "3,28,24"},
            "image_shape is 3,28,24, and the model in the model channel was trained with 3,28,28;",
        ),
        ({"num_classes": "3"}, "num_classes is 3, and the model in the model channel was trained with 2;"),
        ({"multi_label": "1"}, "multi_label is 1, and the model in the model channel was trained with 0;"),
    ],
)
def test_a_model_of_another_network_is_one_line(job, run, untrained, change, fault):
    job.set_hyperparameters(**change)
    status, _, err = run(job)
    assert status == 1
    assert err.startswith(f"Customer Error: {fault} set ")
    assert err == job.read_failure() + "\n"
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("files", "fault"),
    [
        (
            {"model.tar.gz": "nothing of the kind"},
            "Invalid model.tar.gz in the model channel: it is no whole ",
        ),
        ({"a.tar.gz": "", "b.tar.gz": ""}, "The model channel must have one model.tar.gz, and it has 2."),
        ({"model-shapes.json": "{}"}, "Invalid model in the model channel. The model in "),
    ],
)
def test_what_is_no_model_is_one_line_and_leaves_none(job, run, channel, files, fault):
    channel.mkdir()
    for name, content in files.items():
        (channel / name).write_text(content)
    status, _, err = run(job)
    assert status == 1
    assert err.startswith(f"Customer Error: {fault}")
    assert err == job.read_failure() + "\n"
    assert err.count("\n") == 1
    assert not list((job.root / "model").iterdir())
