"""Hyperparameters are held to AWS's documented names and ranges before anything is deployed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.hyperparameters import hyperparameter_fault
from stacks.setting_kinds import SettingError
from stacks.settings import Settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("augmentation_type", "crop"),
        ("augmentation_type", "crop_color_transform"),
        ("beta_1", "0.9"),
        ("checkpoint_frequency", "5"),
        ("early_stopping", "True"),
        ("early_stopping_tolerance", "0.0"),
        ("epochs", "30"),
        ("eps", "1e-8"),
        ("image_shape", "3,224,224"),
        ("image_shape", "3, 32, 32"),
        ("kv_store", "dist_async"),
        ("learning_rate", "1"),
        ("lr_scheduler_step", "10,20"),
        ("num_layers", "152"),
        ("num_layers", "20"),
        ("optimizer", "nag"),
        ("precision_dtype", "float16"),
        ("resize", "256"),
        ("top_k", "2"),
        ("use_pretrained_model", "0"),
    ],
)
def test_a_documented_value_is_taken(name: str, value: str) -> None:
    assert Settings(hyperparameters={name: value}).hyperparameters == {name: value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("augmentation_type", "flip"),
        ("beta_1", "1.1"),
        ("early_stopping", "true"),
        ("epochs", "0"),
        ("epochs", "ten"),
        ("epochs", "2.5"),
        ("image_shape", "224"),
        ("learning_rate", "-0.1"),
        ("learning_rate", "nan"),
        ("lr_scheduler_step", "10;20"),
        ("mini_batch_size", "-1"),
        ("momentum", "fast"),
        ("num_layers", "19"),
        ("optimizer", "adamw"),
        ("precision_dtype", "bfloat16"),
        ("top_k", "1"),
        ("use_pretrained_model", "yes"),
        ("multi_label", "1"),
    ],
)
def test_another_value_is_refused_in_a_line_that_names_it(name: str, value: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings(hyperparameters={name: value})
    message = str(refused.value)
    assert message.startswith(f"Setting 'hyperparameters': '{name}' is '{value}': it must be ")
    assert "\n" not in message


@pytest.mark.parametrize("name", ["num_classes", "num_training_samples"])
def test_what_the_data_say_can_not_be_set(name: str) -> None:
    with pytest.raises(SettingError, match=f"'{name}' is counted from the staged data"):
        Settings(hyperparameters={name: "2"})


def test_a_misspelt_name_is_told_its_right_one() -> None:
    with pytest.raises(SettingError, match="did you mean 'learning_rate'"):
        Settings(hyperparameters={"lerning_rate": "0.1"})


def test_checkpoints_can_not_be_rarer_than_the_training_is_long() -> None:
    with pytest.raises(SettingError, match=r"'checkpoint_frequency' is '9'.*epochs \(3\)"):
        Settings(hyperparameters={"epochs": "3", "checkpoint_frequency": "9"})
    with pytest.raises(SettingError, match=r"epochs \(30\)"):
        Settings(hyperparameters={"checkpoint_frequency": "31"})


@pytest.mark.parametrize(
    ("name", "value"), [("num_layers", "20"), ("num_layers", "110"), ("image_shape", "3,32,32")]
)
def test_a_pretrained_model_has_the_shape_that_it_was_trained_in(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"'{name}' is '{value}': with use_pretrained_model it must be"):
        Settings(hyperparameters={"use_pretrained_model": "1", name: value})
    assert Settings(hyperparameters={"use_pretrained_model": "0", name: value})


@given(st.text(), st.text())
def test_no_text_breaks_the_check(name: str, value: str) -> None:
    fault = hyperparameter_fault(name, value, {name: value})
    assert fault is None or fault
