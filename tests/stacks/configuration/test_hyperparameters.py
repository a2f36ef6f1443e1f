"""Hyperparameters are held to AWS's documented names and ranges before anything is deployed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.configuration.settings import SettingError, Settings
from training.hyperparameters import RULES

# What every training of pictures has to be told.
NEEDED = {"resize": "256"}


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
    given = {**NEEDED, name: value}
    assert Settings(hyperparameters=given).hyperparameters == given


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
def test_what_the_data_say_cannot_be_set(name: str) -> None:
    with pytest.raises(SettingError, match=f"'{name}' is counted from the staged data"):
        Settings(hyperparameters={name: "2"})


def test_a_misspelt_name_is_told_its_right_one() -> None:
    with pytest.raises(SettingError, match="did you mean 'learning_rate'"):
        Settings(hyperparameters={"lerning_rate": "0.1"})


def test_checkpoints_cannot_be_rarer_than_the_training_is_long() -> None:
    with pytest.raises(SettingError, match=r"'checkpoint_frequency' is '9'.*epochs \(3\)"):
        Settings(hyperparameters={**NEEDED, "epochs": "3", "checkpoint_frequency": "9"})
    with pytest.raises(SettingError, match=r"epochs \(30\)"):
        Settings(hyperparameters={**NEEDED, "checkpoint_frequency": "31"})


@pytest.mark.parametrize(
    ("name", "value"), [("num_layers", "20"), ("num_layers", "110"), ("image_shape", "3,32,32")]
)
def test_a_pretrained_model_has_the_shape_that_it_was_trained_in(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"'{name}' is '{value}': with use_pretrained_model it must be "):
        Settings(hyperparameters={**NEEDED, "use_pretrained_model": "1", name: value})


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
        Settings(hyperparameters={**NEEDED, **values})
    assert str(refused.value).startswith(f"Setting 'hyperparameters': {fault}")


def test_more_probable_classes_cannot_be_asked_for_than_there_are() -> None:
    assert Settings(hyperparameters={**NEEDED, "top_k": "3"}, classes="apple,bicycle,motorcycle")
    with pytest.raises(SettingError, match=r"'top_k' is '3': it must not exceed the number of classes \(2\)"):
        Settings(hyperparameters={**NEEDED, "top_k": "3"})


@given(st.sampled_from(sorted(RULES)) | st.text(), st.text())
def test_any_text_is_taken_or_refused_in_a_line_that_names_it(name: str, value: str) -> None:
    try:
        given = {**NEEDED, name: value}
        assert Settings(hyperparameters=given).hyperparameters == given
    except SettingError as error:
        assert str(error).startswith("Setting 'hyperparameters': ")
        assert repr(name) in str(error)
        assert len(str(error).splitlines()) == 1


@pytest.mark.parametrize("given", [{}, {"image_shape": "3,32,48"}, {"use_pretrained_model": "1"}])
def test_pictures_are_not_trained_on_without_the_length_that_they_are_scaled_to(
    given: dict[str, str],
) -> None:
    shorter, shape = ("32", "3,32,48") if "image_shape" in given else ("224", "3,224,224")
    with pytest.raises(SettingError) as refused:
        Settings(hyperparameters=given)
    assert str(refused.value).startswith("Setting 'hyperparameters': 'resize' is missing: ")
    assert str(refused.value).endswith(f"it must be at least {shorter} for the image_shape {shape}")


def test_a_value_is_not_longer_than_sagemaker_takes() -> None:
    steps = ",".join(str(step) for step in range(1, 700))
    with pytest.raises(SettingError) as refused:
        Settings(hyperparameters={**NEEDED, "lr_scheduler_step": steps})
    assert str(refused.value) == (
        f"Setting 'hyperparameters': 'lr_scheduler_step' has {len(steps)} characters: "
        "SageMaker takes 2500 at most"
    )
