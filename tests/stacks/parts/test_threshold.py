"""The threshold of the filter: a number as it is set, or a custom resource that finds the recommended one."""

import json
from typing import Any

from tests.stacks.synthesis import Assembly
from tests.stacks.test_permissions import beyond_logs_and_traces


def parameter(made: Assembly) -> Any:
    """Returns the value of the parameter /scones/threshold as the template has it."""
    (value,) = [
        resource["Properties"]["Value"]
        for resource in made.resources("workflow", "AWS::SSM::Parameter").values()
        if resource["Properties"]["Name"] == "/scones/threshold"
    ]
    return value


def filter_environment(made: Assembly) -> dict[str, Any]:
    (environment,) = [
        function["Properties"]["Environment"]["Variables"]
        for function in made.resources("workflow", "AWS::Lambda::Function").values()
        if function["Properties"]["FunctionName"] == "scones-filter"
    ]
    return dict(environment)


def test_a_number_is_taken_as_it_is_and_nothing_is_computed(assembly: Assembly) -> None:
    assert assembly.resources("workflow", "Custom::RecommendedThreshold") == {}
    environment = filter_environment(assembly)
    assert environment["CONFIDENCE_THRESHOLD"] == "0.8"
    assert environment["THRESHOLD_SOURCE"] == "set by confidence_threshold"
    assert json.loads(parameter(assembly)) == {"value": 0.8, "source": "set by confidence_threshold"}


def test_with_auto_filter_and_parameter_have_what_the_custom_resource_finds(with_auto: Assembly) -> None:
    (name,) = with_auto.resources("workflow", "Custom::RecommendedThreshold")
    value, source = ({"Fn::GetAtt": [name, attribute]} for attribute in ("Value", "Source"))
    environment = filter_environment(with_auto)
    assert (environment["CONFIDENCE_THRESHOLD"], environment["THRESHOLD_SOURCE"]) == (value, source)
    assert parameter(with_auto) == {"Fn::Join": ["", ['{"value": ', value, ', "source": "', source, '"}']]}


def test_it_is_asked_anew_when_model_data_set_or_target_changes(with_auto: Assembly) -> None:
    asked = with_auto.only("workflow", "Custom::RecommendedThreshold")
    parameters = with_auto.templates["workflow"]["Parameters"]
    of_ssm = {key: parameters[asked[key]["Ref"]]["Default"] for key in ("Bucket", "Dataset", "ModelDataUrl")}
    assert of_ssm == {
        "Bucket": "/scones/bucket",
        "Dataset": "/scones/model-dataset",
        "ModelDataUrl": "/scones/model",
    }
    assert (asked["RoutedErrorTarget"], asked["RoutedErrorConfidence"]) == ("0.05", "0.9")
    # Whatever else were a property would have it asked for no reason.
    assert asked.keys() - of_ssm.keys() == {
        "Name",
        "RoutedErrorTarget",
        "RoutedErrorConfidence",
        "ServiceTimeout",
        "ServiceToken",
    }


def test_its_function_reads_kept_answers_and_asks_no_endpoint(with_auto: Assembly) -> None:
    bucket = "arn:<Partition>:s3:::<bucket>"
    assert beyond_logs_and_traces(with_auto, "workflow", "ThresholdRole") == {
        ("s3:ListBucket", bucket),
        ("s3:GetObject", f"{bucket}/validations/*"),
    }


def test_the_model_is_refused_before_it_serves_where_no_threshold_is_proved(
    assembly: Assembly, with_auto: Assembly
) -> None:
    target = ("RoutedErrorTarget", "RoutedErrorConfidence")
    model = with_auto.only("training", "Custom::TrainingJob")
    assert [model[name] for name in target] == ["0.05", "0.9"]
    assert not set(target) & assembly.only("training", "Custom::TrainingJob").keys()


def test_what_it_may_do_is_there_before_it_is_asked(with_auto: Assembly) -> None:
    (asked,) = with_auto.resources("workflow", "Custom::RecommendedThreshold").values()
    policies = {
        name
        for name in with_auto.resources("workflow", "AWS::IAM::Policy")
        if name.startswith("ThresholdRole")
    }
    assert policies
    assert policies <= set(asked["DependsOn"])
