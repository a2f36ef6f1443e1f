"""Hyperparameters are held to AWS's documented names and ranges before anything is deployed."""

import itertools

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from stacks.configuration.hyperparameters import hyperparameter_fault
from stacks.configuration.setting_kinds import SettingError
from stacks.configuration.settings import Settings
from training.contract import CustomerError
from training.hyperparameters import DOCUMENTED, parse


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
    with pytest.raises(SettingError, match=f"'{name}' is '{value}': with use_pretrained_model it must be "):
        Settings(hyperparameters={"use_pretrained_model": "1", name: value})


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"num_layers": "20"}, "'num_layers' is '20': for the image_shape 3,224,224 it must be one of 18, "),
        (
            {"image_shape": "3,28,28"},
            "'num_layers' is '152': for the image_shape 3,28,28 it must be one of 20, ",
        ),
        ({"resize": "223"}, "'resize' is '223': it must be at least 224 for the image_shape 3,224,224"),
        ({"optimizer": "adam", "beta_1": "1"}, "'beta_1' is '1': it must be below 1 for the optimizer adam"),
        (
            {"optimizer": "adam", "beta_2": "1.0"},
            "'beta_2' is '1.0': it must be below 1 for the optimizer adam",
        ),
    ],
)
def test_values_that_do_not_go_together_are_refused(values: dict[str, str], fault: str) -> None:
    with pytest.raises(SettingError) as refused:
        Settings(hyperparameters=values)
    assert str(refused.value).startswith(f"Setting 'hyperparameters': {fault}")


def refused_by_training(values: dict[str, str]) -> bool:
    """Whether the algorithm refuses the values themselves, not only does not support them on this machine."""
    try:
        parse({"num_classes": "99999999", "num_training_samples": "1", **values})
    except CustomerError as error:
        return "is not supported here" not in str(error)
    return False


NUMBERS = ["0", "1", "2", "0.5", "1.", "1.5", "-1", "1e-3", "18", "19", "20", "05", " 5", "5\n", "³", "nan"]
LISTS = ["5,8", "5, 8", "8,5", "5,", "3,32,32", "3, 32, 32", "1,32,32", "3,0,9", "3,4096,32", "3,4097,32"]
WORDS = ["True", "true", "sgd", "nag", "adam", "rmsprop", "crop", "crop_color", "dist_async", "float16"]
TEXTS = st.sampled_from(NUMBERS) | st.sampled_from(LISTS) | st.sampled_from(WORDS) | st.text()


@settings(max_examples=1000, deadline=None)
@given(st.sampled_from(sorted(set(DOCUMENTED) - {"num_classes", "num_training_samples"})), TEXTS)
def test_a_value_is_refused_here_if_training_refuses_it(name: str, value: str) -> None:
    assume((name, value) != ("multi_label", "1"))  # which training takes, and the deployed workflow can't
    assert (hyperparameter_fault({name: value}) is not None) == refused_by_training({name: value})


DEPENDENT = [
    {"epochs": ["3", "9"], "checkpoint_frequency": ["3", "4"]},
    {
        "image_shape": ["3,224,224", "3,28,28", "3,29,224", "3,32,224", "3,33,33"],
        "num_layers": ["18", "20", "110", "152"],
        "use_pretrained_model": ["0", "1"],
        "resize": ["27", "28", "32", "223", "224"],
    },
    {"optimizer": ["sgd", "adam"], "beta_1": ["0.9", "1"], "beta_2": ["0", "1.0"]},
]


def test_values_that_do_not_go_together_are_those_that_training_refuses() -> None:
    refused = 0
    for names in DEPENDENT:
        for chosen in itertools.product(*([None, *allowed] for allowed in names.values())):
            values = {name: value for name, value in zip(names, chosen, strict=True) if value is not None}
            assert (hyperparameter_fault(values) is not None) == refused_by_training(values), values
            refused += refused_by_training(values)
    assert refused > 100


@given(st.text(), st.text())
def test_no_text_breaks_the_check(name: str, value: str) -> None:
    fault = hyperparameter_fault({name: value})
    assert fault is None or fault
