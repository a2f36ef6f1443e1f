"""Hyperparameters: every documented name, range and default, and one line for what is wrong."""

import json
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.contract import CustomerError
from training.hyperparameters import RULES, Hyperparameters, merge, parse

REQUIRED = {"num_classes": "2", "num_training_samples": "100"}


def test_what_is_not_given_has_the_documented_default():
    chosen = parse(REQUIRED)
    assert (chosen.epochs, chosen.learning_rate, chosen.num_layers, chosen.optimizer) == (30, 0.1, 152, "sgd")
    assert (chosen.momentum, chosen.weight_decay, chosen.mini_batch_size) == (0.9, 0.0001, 32)
    assert (chosen.image_shape, chosen.resize, chosen.augmentation_type) == ((3, 224, 224), None, None)


@pytest.mark.parametrize(
    "field",
    [field for field in fields(Hyperparameters) if field.default not in (MISSING, None, ())],
    ids=lambda field: field.name,
)
def test_every_default_is_allowed_by_its_own_rule(field):
    text = ",".join(map(str, field.default)) if isinstance(field.default, tuple) else str(field.default)
    assert RULES[field.name].parse(text) == field.default


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("learning_rate", "1e-3", 0.001),
        ("learning_rate", "0", 0.0),
        ("early_stopping", "True", True),
        ("early_stopping", "False", False),
        ("lr_scheduler_step", "10,20", (10, 20)),
        ("image_shape", "3,64,48", (3, 64, 48)),
        ("optimizer", "nag", "nag"),
        ("augmentation_type", "crop_color_transform", "crop_color_transform"),
        ("top_k", "2", 2),
        ("num_layers", "18", 18),
        ("image_shape", "3, 32, 32", (3, 32, 32)),
        ("multi_label", "1", 1),
        ("use_weighted_loss", "1", 1),
    ],
)
def test_a_documented_value_is_taken(name, text, value):
    assert getattr(parse({**REQUIRED, name: text}), name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("epochs", "0"),
        ("epochs", "ten"),
        ("epochs", "1.5"),
        ("learning_rate", "1.1"),
        ("learning_rate", "-0.1"),
        ("learning_rate", "nan"),
        ("momentum", "2"),
        ("optimizer", "lamb"),
        ("num_layers", "19"),
        ("image_shape", "224,224"),
        ("image_shape", "1,224,224"),
        ("image_shape", "3,22_4,224"),
        ("image_shape", "3,4097,224"),
        ("epochs", " 5"),
        ("lr_scheduler_step", "20,10"),
        ("lr_scheduler_step", "5,,8"),
        ("early_stopping", "maybe"),
        ("top_k", "1"),
        ("mini_batch_size", ""),
        ("augmentation_type", "flip"),
    ],
)
def test_a_value_out_of_range_is_named_in_one_line(name, text):
    with pytest.raises(CustomerError) as caught:
        parse({**REQUIRED, name: text})
    message = str(caught.value)
    assert message.startswith(
        f"Customer Error: The value '{text}' is not valid for the '{name}' hyperparameter"
    )
    assert "\n" not in message


def test_an_unknown_name_is_refused():
    with pytest.raises(CustomerError, match=r"\('epoch' was unexpected\)"):
        parse({**REQUIRED, "epoch": "3"})


@pytest.mark.parametrize("name", list(REQUIRED))
def test_a_required_one_is_missed(name):
    with pytest.raises(CustomerError, match=f"'{name}' is a required hyperparameter"):
        parse({key: value for key, value in REQUIRED.items() if key != name})


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"use_pretrained_model": "1", "image_shape": "3,32,32"}, "'image_shape' is '3,32,32'"),
        ({"use_pretrained_model": "1", "num_layers": "20"}, "'num_layers' is '20'"),
        ({"num_layers": "20", "image_shape": "3,64,64"}, "'num_layers' is '20'"),
        ({"num_layers": "18", "image_shape": "3,28,28"}, "'num_layers' is '18'"),
        ({"image_shape": "3,28,224"}, "'num_layers' is '152'"),
        ({"epochs": "3", "checkpoint_frequency": "4"}, "'checkpoint_frequency' is '4'"),
        ({"top_k": "3"}, "'top_k' is '3'"),
        ({"top_k": "2", "multi_label": "1"}, "'top_k' is '2'"),
        ({"optimizer": "adam", "beta_1": "1"}, "'beta_1' is '1'"),
        ({"optimizer": "adam", "beta_2": "1.0"}, "'beta_2' is '1.0'"),
        ({"resize": "100"}, "'resize' is '100'"),
        ({"resize": "27", "image_shape": "3,28,224", "num_layers": "20"}, "'resize' is '27'"),
    ],
)
def test_values_that_contradict_each_other_are_refused(values, named):
    with pytest.raises(CustomerError, match=f"^Customer Error: {named}: "):
        parse({**REQUIRED, **values})


@pytest.mark.parametrize(
    "values",
    [
        {"use_pretrained_model": "1", "num_layers": "18"},
        {"num_layers": "20", "image_shape": "3,32,32"},
        {"num_layers": "18", "image_shape": "3,29,29"},
        {"num_layers": "110", "image_shape": "3,28,28"},
        {"epochs": "3", "checkpoint_frequency": "3"},
        {"beta_1": "1", "beta_2": "1"},
        {"resize": "28", "image_shape": "3,224,28"},
    ],
)
def test_values_at_the_border_of_a_contradiction_are_taken(values):
    assert parse({**REQUIRED, **values})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("precision_dtype", "float16"),
        ("kv_store", "dist_sync"),
    ],
)
def test_what_does_not_work_here_says_what_to_use_instead(name, value):
    with pytest.raises(CustomerError, match=f"{name} {value} is not supported here; use "):
        parse({**REQUIRED, name: value})


@given(st.dictionaries(st.sampled_from(sorted(RULES)), st.text(max_size=12)))
def test_no_text_breaks_the_reading(values):
    try:
        assert isinstance(parse({**REQUIRED, **values}), Hyperparameters)
    except CustomerError as error:
        assert str(error).startswith("Customer Error: ")
        assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize("values", [{"optimizer": "a\nb"}, {"optimizer": "\ud800"}, {"a\nb": "1"}])
def test_characters_that_would_break_the_line_are_shown_as_such(values):
    with pytest.raises(CustomerError) as caught:
        parse({**REQUIRED, **values})
    assert str(caught.value).isprintable()


def test_the_projects_own_defaults_are_valid_for_a_pretrained_network():
    settings = json.loads((Path(__file__).parents[2] / "cdk.json").read_text())["context"]["scones"]
    chosen = parse({**settings["hyperparameters"], **REQUIRED})
    assert chosen.use_pretrained_model == 1
    assert chosen.resize == 224  # without it AWS refuses images of 32 pixels


def test_the_configuration_that_is_logged_keeps_the_containers_defaults():
    final = merge({"epochs": "3"})
    assert final["epochs"] == "3"
    assert final["num_layers"] == 152


@pytest.mark.parametrize(
    "given",
    [
        {"x" * 5000: "1"},
        {f"{number}{'y' * 250}": "1" for number in range(90)},
        {"num_classes": "2", "num_training_samples": "9" * 2500},
        {"num_classes": "2", "num_training_samples": "1", "epochs": "\x01" * 2500},
        {"num_classes": "2", "num_training_samples": "1", "kv_store": "z" * 2500},
    ],
)
def test_however_long_names_and_values_are_the_error_is_short(given):
    with pytest.raises(CustomerError) as refused:
        parse(given)
    assert len(str(refused.value)) < 700
