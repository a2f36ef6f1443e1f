"""``training train`` from /opt/ml to /opt/ml: log lines, artifact, failures."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from training.artifact import files as artifact
from training.data.images import read_image, resize_whole
from training.network.fixed_network import FixedNetwork

RECORDED = Path(__file__).with_name("recorded_job_log.txt")
VARYING = [
    (r"^\[\d\d/\d\d/\d{4} \d\d:\d\d:\d\d INFO \d+\] ", ""),
    (r"((Reading default|Merging with provided|Final) configuration).*", r"\1"),
    (r"(Creating record files for) .*", r"\1"),
    (r"#011", "\t"),
    (r'"/\S+/image', '"image'),
    (r"(in|from) /\S+/(input/data/\w+)", r"\1 \2"),
    (
        r"(num_layers|epochs|learning_rate|num_training_samples|mini_batch_size|num_classes|threads): .*",
        r"\1:",
    ),
    (r"image_shape: .*", "image_shape:"),
    (r"\d+\.\d{6}\b", "N.6"),
    (r"\d+\.\d{3}\b", "N.3"),
]


def skeleton(text: str) -> list[str]:
    """The lines without what differs from run to run."""
    lines = [line for line in text.splitlines() if line.startswith("[")]
    for pattern, replacement in VARYING:
        lines = [re.sub(pattern, replacement, line) for line in lines]
    return lines


def test_the_log_has_the_lines_of_a_recorded_aws_job_in_their_order(job, run):
    job.set_hyperparameters(mini_batch_size="1")
    status, out, _ = run(job)
    recorded = skeleton(RECORDED.read_text())
    ours = skeleton(out)
    assert status == 0
    assert out.startswith("Docker entrypoint called with argument(s): train\n")
    assert ours[: len(recorded) - 12] == recorded[:-12]
    # Whether an epoch is the best so far depends on the run; the first one always is.
    assert ours[len(recorded) - 12 :][:6] == recorded[-12:-6]


def test_the_log_says_early_how_long_it_takes(job, run):
    _, out, _ = run(job)
    before, _, after = re.split(r"^(This training takes about .*)$", out, flags=re.MULTILINE)
    assert "Train-accuracy" not in before
    assert "Epoch[0] Train-accuracy" in after


def test_all_files_are_named_as_in_the_container(job, run, monkeypatch):
    monkeypatch.chdir(job.root.parent)
    job.root = job.root.relative_to(job.root.parent)
    status, out, _ = run(job)
    assert status == 0
    assert out.count('Saved checkpoint to "/opt/ml/model/image-classification-0001.params"') == 1
    assert "Searching for .lst files in /opt/ml/input/data/train_lst." in out
    assert "configuration from /opt/ml/input/config/hyperparameters.json" in out
    named = set(re.findall(r"(?<![\w.])/[\w./-]*", out))
    assert {path for path in named if not path.startswith(("/opt/ml/", "/opt/amazon/lib/"))} == set()


def test_a_failure_names_files_as_in_the_container(job, run):
    (job.root / "input/config/hyperparameters.json").write_text("{")
    _, _, err = run(job)
    assert err == job.read_failure() + "\n"
    assert err.startswith("Customer Error: /opt/ml/input/config/hyperparameters.json is not JSON")


def test_the_best_model_alone_is_left_and_predicts_as_the_log_says(job, run):
    _, out, _ = run(job)
    stored = list((job.root / "model").glob("*.params"))
    assert [path.name for path in stored] == [re.findall(r'Saved checkpoint to ".*/(.*)"', out)[-1]]
    network = FixedNetwork(artifact.load(job.root / "model"))
    channel = job.root / "input" / "data" / "validation"
    right = 0
    for index in range(10):
        # The pictures are cropped at the centre in validation, as there is no resize.
        image = read_image(channel / f"{index}.png").crop((2, 2, 30, 30))
        pixels = resize_whole(image, 28, 28).transpose(2, 0, 1).astype(np.float32)
        right += int(network.compute(pixels).argmax()) == index % 2
    assert (
        f"{right / 10:.6f}" == re.findall(r"Storing the best model with validation accuracy: (.*)", out)[-1]
    )


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(job, run):
    def weights(seed: str) -> bytes:
        run(job, seed)
        (path,) = (job.root / "model").glob("*.params")
        return path.read_bytes()

    job.set_hyperparameters(augmentation_type="crop_color_transform", epochs="1")
    first = weights("7")
    assert weights("7") == first
    assert weights("8") != first


@pytest.mark.parametrize("seed", ["lucky", "-1", "1" * 5000])
def test_a_seed_that_is_no_such_number_is_one_line(job, run, seed):
    status, _, err = run(job, seed=seed)
    text = f"SCONES_SEED is {seed[:40]!r}; it must be a whole number of at most 18 digits, such as 1.\n"
    assert (status, err) == (1, text)


def test_the_log_names_the_list_as_its_file_is_named(job, run):
    file = job.root / "input/data/validation_lst/validation.lst"
    file.rename(file.with_name("test.lst"))
    _, out, _ = run(job)
    assert re.findall("Creating record files for (.*)", out) == ["train.lst", "test.lst"]


@pytest.mark.parametrize("optimizer", ["sgd", "nag", "adam", "rmsprop"])
def test_each_optimizer_learns_bright_from_dark(job, run, optimizer):
    rate = "0.05" if optimizer in ("sgd", "nag") else "0.005"
    job.set_hyperparameters(optimizer=optimizer, learning_rate=rate, epochs="4", mini_batch_size="4")
    _, out, _ = run(job)
    assert max(map(float, re.findall(r"Validation-accuracy=(.*)", out))) >= 0.9


def test_checkpoint_frequency_keeps_one_file_each_so_many_epochs(job, run):
    job.set_hyperparameters(epochs="4", checkpoint_frequency="2")
    _, out, _ = run(job)
    names = sorted(path.name for path in (job.root / "model").glob("*.params"))
    assert names == ["image-classification-0002.params", "image-classification-0004.params"]
    assert "checkpoint_frequency not set" not in out
    assert "Storing the best model" not in out


@pytest.mark.parametrize(
    ("changes", "stored"),
    [
        ({"epochs": "4", "checkpoint_frequency": "3"}, [3, 4]),
        (
            {
                "epochs": "9",
                "checkpoint_frequency": "9",
                "early_stopping": "True",
                "early_stopping_min_epochs": "2",
                "early_stopping_patience": "1",
                "early_stopping_tolerance": "1.0",
            },
            [2],
        ),
    ],
)
def test_with_checkpoint_frequency_the_epoch_at_which_training_ends_is_kept_too(job, run, changes, stored):
    job.set_hyperparameters(**changes)
    _, out, _ = run(job)
    names = sorted(path.name for path in (job.root / "model").glob("*.params"))
    assert names == [f"image-classification-{number:04d}.params" for number in stored]
    # Its accuracy is the last that the log tells.
    assert re.findall(r"Epoch\[(\d+)\] Validation-accuracy", out)[-1] == str(stored[-1] - 1)


def test_early_stopping_ends_before_the_last_epoch(job, run):
    stopping = {"early_stopping": "True", "early_stopping_min_epochs": "2", "early_stopping_patience": "1"}
    job.set_hyperparameters(**stopping, epochs="9", early_stopping_tolerance="1.0")
    _, out, _ = run(job)
    assert "Using early stopping for training" in out
    assert "Early stopping criteria met." in out
    assert "Epoch[8]" not in out


def test_top_k_accuracy_is_logged(job, run):
    job.set_hyperparameters(top_k="2")
    _, out, _ = run(job)
    assert "Epoch[0] Train-top_k_accuracy_2=1.000000" in out


def test_the_learning_rate_falls_at_its_steps(job, run, monkeypatch):
    steps = {"lr_scheduler_step": "1", "lr_scheduler_factor": "0", "weight_decay": "0", "momentum": "0"}
    job.set_hyperparameters(**steps, checkpoint_frequency="1", epochs="2")
    rates = []
    original = torch.optim.SGD.step

    def spy(self, *arguments, **named):
        rates.append(self.param_groups[0]["lr"])
        return original(self, *arguments, **named)

    monkeypatch.setattr(torch.optim.SGD, "step", spy)
    run(job)
    assert rates == [0.05] * 3 + [0.0] * 3


def test_a_pretrained_network_is_tuned(job, run):
    job.draw_channel("train", 12)
    job.draw_channel("validation", 4)
    job.set_hyperparameters(
        use_pretrained_model="1",
        num_layers="18",
        image_shape="3,224,224",
        resize="224",
        augmentation_type="crop",
        num_training_samples="12",
        mini_batch_size="4",
        epochs="1",
        optimizer="adam",
        learning_rate="0.00001",
    )
    status, out, _ = run(job)
    assert status == 0
    assert "Using pretrained model for initializing weights and transfer learning." in out
    assert re.search(r"Features of the frozen layers: view (\d) of \1, 12 images", out)
    assert out.index("Features of the frozen layers") < out.index("This training takes about")
    assert float(re.findall(r"Epoch\[0\] Validation-accuracy=(.*)", out)[0]) > 0.6


def test_images_may_have_any_number_of_classes(job, run):
    for channel, count in (("train", 24), ("validation", 10)):
        rows = "".join(f"{index}\t{index % 2}\t{1 - index % 2}\t1\t{index}.png\n" for index in range(count))
        job.write_list(channel, rows)
    job.set_hyperparameters(
        multi_label="1", use_weighted_loss="1", num_classes="3", epochs="5", mini_batch_size="4"
    )
    status, out, err = run(job)
    assert status == 0, err
    assert "multi_label: 1" in out
    # Each image has the last class: a network that learned nothing else would have 2 / 3 at most.
    assert max(map(float, re.findall(r"Validation-accuracy=(.*)", out))) > 0.9
    assert artifact.load(job.root / "model").graph.multi_label


def test_one_class_alone_is_a_number_of_classes_too(job, run):
    for channel, count in (("train", 24), ("validation", 10)):
        job.write_list(channel, "".join(f"{index}\t0\t{index}.png\n" for index in range(count)))
    job.set_hyperparameters(num_classes="1", epochs="1")
    status, out, _ = run(job)
    assert status == 0
    assert "Epoch[0] Validation-accuracy=1.000000" in out


BAD_INPUT = {
    "fewer images than mini_batch_size": (
        lambda job: job.draw_channel("train", 7),
        "ClientError: The number of input images must be bigger or equal to the mini_batch_size. The train "
        "channel has 7 images, and mini_batch_size is 8.",
    ),
    "fewer validation images than mini_batch_size": (
        lambda job: job.draw_channel("validation", 7),
        "ClientError: The number of input images must be bigger or equal to the mini_batch_size. The "
        "validation channel has 7 images, and mini_batch_size is 8.",
    ),
    "no validation channel": (
        lambda job: (job.root / "input/data/validation").rename(job.root / "elsewhere"),
        "Customer Error: There is no validation channel.",
    ),
    "an empty list": (
        lambda job: job.write_list("train", ""),
        "Customer Error: Invalid lst file in the train channel.",
    ),
    "a label out of range": (
        lambda job: job.write_list("validation", "0\t5\t0.png\n"),
        "Customer Error: Invalid lst file in the validation channel. validation.lst line 1: the label 5",
    ),
    "a file that the list names and the channel lacks": (
        lambda job: (job.root / "input/data/train/3.png").unlink(),
        "Customer Error: Invalid lst file in the train channel. train.lst line 4: the channel has no file "
        "'3.png'; missing are 1 of 24 files.",
    ),
    "one label an image where there must be one for each class": (
        lambda job: job.set_hyperparameters(multi_label="1"),
        "Customer Error: Mismatch between number of labels in the multi-label data (1) and the num_classes "
        "parameter (2).",
    ),
    "an unreadable image": (
        lambda job: (job.root / "input/data/train/3.png").write_text("not a picture"),
        "Customer Error: Unable to read the image 3.png in the train channel: not a PNG or JPEG image.",
    ),
    "an image smaller than image_shape": (
        lambda job: job.draw_channel("train", 24, size=(20, 40)),
        "Customer Error: The image 0.png in the train channel is 20x40 pixels, smaller than image_shape",
    ),
    "a network that would compute for minutes on one image": (
        lambda job: job.set_hyperparameters(num_layers="152", image_shape="3,2000,2000", resize="2000"),
        "Customer Error: A network of 152 layers cannot be trained here on images of 2000x2000 pixels: its "
        "symbol asks for more work than 549755813888 multiply-adds for one image.",
    ),
    "a value out of range": (
        lambda job: job.set_hyperparameters(epochs="0"),
        "Customer Error: The value '0' is not valid for the 'epochs' hyperparameter",
    ),
    "hyperparameters that are no strings": (
        lambda job: job.set_hyperparameters(epochs=3),
        "Customer Error: ",
    ),
    "no hyperparameters": (
        lambda job: (job.root / "input/config/hyperparameters.json").unlink(),
        "Customer Error: There is no ",
    ),
    "a model channel without a model": (
        lambda job: (job.root / "input/data/model").mkdir(),
        "Customer Error: Invalid model in the model channel. The model in ",
    ),
    "a record file without records": (
        lambda job: (job.root / "input/data/train/train.rec").touch(),
        "Customer Error: Invalid RecordIO file in the train channel. train.rec has no record.",
    ),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_fails_in_one_line_and_leaves_no_model(job, run, case):
    spoil, message = BAD_INPUT[case]
    spoil(job)
    status, _, err = run(job)
    assert status == 1
    assert err == job.read_failure() + "\n"
    assert err.startswith(message)
    assert err.count("\n") == 1
    assert not list((job.root / "model").iterdir())


def test_training_that_diverges_fails_in_one_line_and_stores_nothing_of_it(job, run):
    job.set_hyperparameters(optimizer="rmsprop", gamma="1", learning_rate="0.1", epochs="3")
    status, out, err = run(job)
    assert status == 1
    assert err == job.read_failure() + "\n"
    assert err.startswith("Customer Error: Training diverged: ")
    assert "Set a smaller learning_rate" in err
    assert err.count("\n") == 1
    told = len(re.findall("Validation-accuracy", out))
    assert told < 3
    assert all(int(path.stem[-4:]) <= told for path in (job.root / "model").glob("*.params"))


def test_a_fault_of_the_program_leaves_its_reason_too(job, run, monkeypatch):
    monkeypatch.setattr("training.fitting.train.fit", lambda *arguments: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(job)
    assert job.read_failure() == "AlgorithmError: ZeroDivisionError: division by zero"


def test_a_disk_that_cannot_be_written_is_one_line(job, run):
    (job.root / "model").write_text("a file in the folder's place")
    status, _, err = run(job)
    assert status == 1
    assert err.startswith("AlgorithmError: ")
    assert err == job.read_failure() + "\n"


def test_resize_makes_small_images_large_enough(job, run):
    job.draw_channel("train", 24, size=(20, 40))
    job.set_hyperparameters(resize="28", epochs="1")
    status, _, _ = run(job)
    assert status == 0


def test_a_second_run_in_the_same_folder_forgets_the_first(job, run):
    job.write_list("train", "")
    run(job)
    job.draw_channel("train", 24)
    (job.root / "model" / "image-classification-0099.params").touch()
    status, _, _ = run(job)
    assert status == 0
    assert not (job.root / "output" / "failure").exists()
    assert not (job.root / "model" / "image-classification-0099.params").exists()
