"""The settings: cdk.json as it is, overrides, and one clear line for each wrong value or name."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.configuration.settings import SettingError, Settings, read_settings

CDK_JSON = Path(__file__).resolve().parents[3] / "cdk.json"
WRITTEN = json.loads(CDK_JSON.read_text())["context"]


def refusal(context: dict[str, Any]) -> str:
    with pytest.raises(SettingError) as refused:
        read_settings(context)
    message = str(refused.value)
    assert message
    assert "\n" not in message
    return message


def test_cdk_json_writes_out_every_setting_and_each_is_valid() -> None:
    assert read_settings(WRITTEN)
    assert sorted(WRITTEN["scones"]) == sorted(Settings.model_fields)


def test_cdk_json_and_the_defaults_say_the_same() -> None:
    without = {name: value for name, value in WRITTEN["scones"].items() if name != "hyperparameters"}
    assert read_settings({"scones": without}) == Settings()


def test_without_any_context_the_defaults_stand() -> None:
    assert read_settings({}) == Settings()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("name", "my-copy", "my-copy"),
        ("classes", "apple,bicycle, motorcycle", ("apple", "bicycle", "motorcycle")),
        ("classes", '["lawn_mower", "tank"]', ("lawn_mower", "tank")),
        ("classes", "Bike-2,e_scooter,3wheeler", ("Bike-2", "e_scooter", "3wheeler")),
        ("confidence_threshold", "1", 1.0),
        ("confidence_threshold", "auto", "auto"),
        ("routed_error_target", "0.01", 0.01),
        ("routed_error_confidence", "0.95", 0.95),
        ("accuracy_gate", "0.85", 0.85),
        ("model_artifact", "models/model.tar.gz", "models/model.tar.gz"),
        ("model_artifact", "s3://a-bucket/models/job/model.tar.gz", "s3://a-bucket/models/job/model.tar.gz"),
        ("evaluation_instance_type", "ml.c5.xlarge", "ml.c5.xlarge"),
        ("endpoint_instance_type", "ml.c5.large", "ml.c5.large"),
        ("training_instance_type", "ml.p3dn.24xlarge", "ml.p3dn.24xlarge"),
        ("training_mode", "spot", "spot"),
        ("training_max_seconds", "600", 600),
        ("endpoint_mode", "serverless", "serverless"),
        ("endpoint_serverless_memory_mb", "2048", 2048),
        ("log_days", "7", 7),
        ("remove_data_on_destroy", "false", False),
        ("remove_data_on_destroy", "False", False),
    ],
)
def test_the_command_line_overrides_one_setting(name: str, text: str, value: object) -> None:
    settings = read_settings({**WRITTEN, name: text})
    assert getattr(settings, name) == value
    others = set(Settings.model_fields) - {name}
    unchanged = read_settings(WRITTEN)
    assert all(getattr(settings, other) == getattr(unchanged, other) for other in others)


def test_hyperparameters_on_the_command_line_replace_those_they_name() -> None:
    settings = read_settings({**WRITTEN, "hyperparameters": '{"epochs": 3, "top_k": "2"}'})
    assert settings.hyperparameters == {**WRITTEN["scones"]["hyperparameters"], "epochs": "3", "top_k": "2"}


def test_null_on_the_command_line_takes_a_hyperparameter_away() -> None:
    settings = read_settings({**WRITTEN, "hyperparameters": '{"augmentation_type": null}'})
    written = dict(WRITTEN["scones"]["hyperparameters"])
    assert written.pop("augmentation_type")
    assert settings.hyperparameters == written


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", "Scones"),
        ("name", "a"),
        ("name", "ends-"),
        ("name", "two--hyphens"),
        ("name", "x" * 33),
        ("name", "with space"),
        ("name", "aws-demo"),
        ("name", "sthree"),
        ("name", "sthree-photos"),
        ("name", "amzn-s3-demo"),
        ("name", "scones-training"),
        ("name", "scones-evaluation"),
        ("name", "scones-serverless"),
        ("name", "ssm"),
        ("name", 7),
        ("classes", "bicycle"),
        ("classes", "bicycle,bicycle"),
        ("classes", "bicycle,"),
        ("classes", '["bicycle"'),
        ("classes", [1, 2]),
        ("classes", "bicycle,Motor Cycle"),
        ("classes", "bicycle,_motorcycle"),
        ("classes", "bicycle," + "x" * 65),
        ("validation_fraction", "0"),
        ("validation_fraction", 1),
        ("confidence_threshold", "1.01"),
        ("confidence_threshold", "80%"),
        ("confidence_threshold", "automatic"),
        ("confidence_threshold", "nan"),
        ("confidence_threshold", True),
        ("confidence_threshold", None),
        ("routed_error_target", 0),
        ("routed_error_target", "auto"),
        ("routed_error_confidence", 1),
        ("accuracy_gate", -0.1),
        ("accuracy_gate", "inf"),
        ("hyperparameters", "epochs=3"),
        ("hyperparameters", "[1]"),
        ("hyperparameters", None),
        ("hyperparameters", {"early_stopping": True}),
        ("model_artifact", "s3://bucket"),
        ("model_artifact", "s3://bucket/"),
        ("model_artifact", "s3://bucket/*"),
        ("model_artifact", "s3://bucket/${aws:username}"),
        ("model_artifact", "s3://Bucket/model.tar.gz"),
        ("model_artifact", "https://example.com/model.tar.gz"),
        ("model_artifact", "two\nlines"),
        ("model_artifact", None),
        ("evaluation_instance_type", "m5.large"),
        ("evaluation_instance_type", "ml.t2.medium"),
        ("evaluation_instance_type", "ml.c5.large"),
        ("evaluation_instance_type", "ml.m7g.large"),
        ("evaluation_instance_type", 5),
        ("training_instance_type", "g4dn.xlarge"),
        ("training_instance_type", "ml.m5.large"),
        ("training_instance_type", "ml.p5.48xlarge"),
        ("training_instance_type", "ml.p4d.24xlarge"),
        ("training_instance_type", "ml.g6.xlarge"),
        ("training_instance_type", "ml.g5g.xlarge"),
        ("training_instance_type", "ml.g4dn.large"),
        ("training_instance_count", "0"),
        ("training_instance_count", 1.5),
        ("training_instance_count", True),
        ("training_mode", "Spot"),
        ("training_max_seconds", "2701"),
        ("training_max_seconds", "59"),
        ("endpoint_mode", "async"),
        ("endpoint_instance_type", "ml.m5"),
        ("endpoint_instance_type", "ml.m7g.large"),
        ("endpoint_instance_type", "ml.m6gd.large"),
        ("endpoint_instance_type", "ml.inf2.xlarge"),
        ("endpoint_instance_type", "ml.trn1.2xlarge"),
        ("endpoint_instance_type", "ml.p5.48xlarge"),
        ("endpoint_instance_type", "ml.t3.medium"),
        ("endpoint_instance_type", "ml.m5.medium"),
        ("endpoint_serverless_memory_mb", "4000"),
        ("capture_days", "0"),
        ("model_days", "-1"),
        ("log_days", "31"),
        ("log_days", True),
        ("remove_data_on_destroy", "yes"),
    ],
)
@pytest.mark.parametrize("place", ["cdk.json", "command line"])
def test_a_wrong_value_names_setting_value_and_what_is_allowed(name: str, value: Any, place: str) -> None:
    message = refusal({"scones": {name: value}} if place == "cdk.json" else {name: value})
    assert message.startswith(f"Setting '{name}' is {json.dumps(value)}: it must be ")


def test_of_the_hyperparameters_the_message_shows_the_wrong_one() -> None:
    message = refusal({**WRITTEN, "hyperparameters": '{"early_stopping": true}'})
    assert message.startswith("Setting 'hyperparameters' is {\"early_stopping\": true}: it must be ")


def test_a_setting_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().name = "other"


def test_reading_the_settings_loads_neither_the_cdk_nor_what_trains() -> None:
    heavy = "{'aws_cdk', 'boto3', 'numpy', 'sagemaker', 'torch'}"
    code = f"import sys, stacks.configuration.settings; sys.exit(str({heavy} & set(sys.modules) or ''))"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=CDK_JSON.parent, capture_output=True, text=True)
    assert loaded.stderr.strip() == ""


def test_a_long_value_is_cut_in_the_message() -> None:
    assert len(refusal({"classes": "x" * 5000})) < 300


def test_a_long_name_is_cut_in_the_message() -> None:
    for values in ({"x" * 5000: "1"}, {"hyperparameters": {"x" * 2000: "1"}}, {"x_y" * 1000: "1"}):
        assert len(refusal(values)) < 1000


def test_as_many_classes_are_taken_as_a_function_can_be_told_of() -> None:
    names = [f"{number:03}" + "x" * 16 for number in range(190)]
    assert len(read_settings({"classes": names}).classes) == 190
    message = refusal({"classes": [*names, "one_more"]})
    assert message.startswith(
        "Setting 'classes' has 191 names of 3808 characters with their commas: it must "
    )


@pytest.mark.parametrize("place", ["cdk.json", "command line"])
def test_a_misspelt_setting_is_told_its_right_name(place: str) -> None:
    context = {"confidence_treshold": "0.9"}
    message = refusal({"scones": context} if place == "cdk.json" else context)
    assert message == "Unknown setting 'confidence_treshold': did you mean 'confidence_threshold'?"


def test_a_setting_with_hyphens_is_no_setting_of_the_cdk() -> None:
    assert "did you mean 'accuracy_gate'" in refusal({"accuracy-gate": "0.9"})


def test_an_unknown_setting_is_told_all_names() -> None:
    message = refusal({"colour": "red"})
    assert all(name in message for name in Settings.model_fields)


def test_the_cdks_own_context_is_left_alone() -> None:
    own = {
        "aws:cdk:enable-path-metadata": True,
        "@aws-cdk/core:newStyleStackSynthesis": True,
        "availability-zones:account=1:region=us-east-1": [],
        "cdk-migrate": True,
    }
    assert read_settings({**WRITTEN, **own}) == read_settings(WRITTEN)


def test_the_context_must_hold_an_object_of_settings() -> None:
    assert "-c NAME=VALUE" in refusal({"scones": "name=x"})


def test_several_training_instances_need_to_be_told_how_to_share() -> None:
    assert "kv_store" in refusal({"training_instance_count": "2"})
    shared = read_settings({"training_instance_count": "2", "hyperparameters": '{"kv_store": "dist_sync"}'})
    assert shared.training_instance_count == 2


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(name=st.sampled_from(list(Settings.model_fields)), value=json_values)
def test_whatever_is_given_is_a_setting_or_one_line(name: str, value: Any) -> None:
    try:
        settings = read_settings({name: value})
    except SettingError as error:
        assert len(str(error).splitlines()) == 1
        assert name in str(error)
    else:
        again = read_settings({name: getattr(settings, name)})
        assert again == settings


@given(value=st.floats(0, 1))
def test_a_share_reads_the_same_as_number_and_as_text(value: float) -> None:
    assert read_settings({"accuracy_gate": value}) == read_settings({"accuracy_gate": str(value)})


def test_the_other_class_comes_last_and_is_none_of_the_classes() -> None:
    assert Settings().model_classes == ("bicycle", "motorcycle")
    assert Settings(other_class="other").model_classes == ("bicycle", "motorcycle", "other")
    with pytest.raises(SettingError, match=r"Setting 'other_class' is \"motorcycle\", which is one of the"):
        Settings(other_class="motorcycle")


@pytest.mark.parametrize("name", ["no bike", "a,b", "-other", "x" * 65, "andere/s", None, 3])
def test_the_other_class_has_a_name_that_a_folder_may_have(name: Any) -> None:
    with pytest.raises(
        SettingError, match=r"Setting 'other_class' is .*: it must be empty for none, or a name"
    ):
        Settings(other_class=name)
