"""How the model is served: model, configuration and endpoint, updates, scaling, switch and schedule."""

import json
from pathlib import Path
from typing import Any

import pytest

from lambdas.workflow.places import name_variant
from tests.stacks.synthesis import Assembly, synthesise

ANSWERED = ("EndpointName", "EndpointConfigName", "Switch")
SWITCHED_ON = "EndpointIsOn"
# What is there whether or not there is an endpoint.
STAYING = {
    *("AWS::SageMaker::Model", "AWS::SageMaker::EndpointConfig", "AWS::SSM::Parameter", "AWS::IAM::Role"),
    *("AWS::IAM::Policy", "AWS::Lambda::Function", "AWS::Logs::LogGroup", "AWS::Scheduler::Schedule"),
}


def test_a_new_model_replaces_model_and_configuration_and_updates_the_endpoint(assembly: Assembly) -> None:
    model = assembly.only("endpoint", "AWS::SageMaker::Model")
    configuration = assembly.only("endpoint", "AWS::SageMaker::EndpointConfig")
    endpoint = assembly.only("endpoint", "AWS::SageMaker::Endpoint")
    # With a name of ours CloudFormation could not make the new one beside the old.
    assert "ModelName" not in model
    assert "EndpointConfigName" not in configuration
    assert endpoint["EndpointName"] == "scones"
    assert endpoint["EndpointConfigName"] == {"Fn::GetAtt": ["EndpointConfig", "EndpointConfigName"]}


def test_parameters_tell_of_the_endpoint_once_it_serves_what_it_is_to(assembly: Assembly) -> None:
    told = {
        parameter["Properties"]["Name"]: parameter["Properties"]["Value"]["Fn::If"]
        for parameter in assembly.resources("endpoint", "AWS::SSM::Parameter").values()
    }
    # The answer of what looks at the endpoint after its update.
    answered = {name: {"Fn::GetAtt": ["ServedConfiguration", name]} for name in ANSWERED}
    configuration = {"Fn::GetAtt": ["EndpointConfig", "EndpointConfigName"]}
    assert told == {
        "/scones/endpoint": [SWITCHED_ON, answered["EndpointName"], "scones"],
        "/scones/endpoint-config": [SWITCHED_ON, answered["EndpointConfigName"], configuration],
        "/scones/endpoint-switch": [SWITCHED_ON, answered["Switch"], "off"],
    }
    assert "Endpoint" in assembly.templates["endpoint"]["Resources"]["ServedConfiguration"]["DependsOn"]


def test_the_variant_changes_with_the_classes_alone(
    assembly: Assembly, with_auto: Assembly, otherwise_set: Assembly
) -> None:
    variants = [
        made.only("endpoint", "AWS::SageMaker::EndpointConfig")["ProductionVariants"][0]["VariantName"]
        for made in (assembly, with_auto, otherwise_set)
    ]
    assert variants == [name_variant(("bicycle", "motorcycle"))] * 3


def test_the_served_model_reaches_no_network(assembly: Assembly, otherwise_set: Assembly) -> None:
    assert assembly.only("endpoint", "AWS::SageMaker::Model")["EnableNetworkIsolation"] is True
    # Serverless inference does not support it.
    assert "EnableNetworkIsolation" not in otherwise_set.only("endpoint", "AWS::SageMaker::Model")


def test_each_mode_has_an_endpoint_of_its_own(assembly: Assembly, otherwise_set: Assembly) -> None:
    # So CloudFormation makes the one and then removes the other: SageMaker does not take one to serverless.
    (name,) = assembly.resources("endpoint", "AWS::SageMaker::Endpoint")
    (serverless,) = otherwise_set.resources("endpoint", "AWS::SageMaker::Endpoint")
    assert name != serverless
    assert otherwise_set.only("endpoint", "AWS::SageMaker::Endpoint")["EndpointName"] == "other-serverless"
    assert "/aws/sagemaker/Endpoints/other-serverless" in json.dumps(otherwise_set.templates["endpoint"])
    assert "Endpoints/other:" not in json.dumps(otherwise_set.templates["endpoint"])


def test_the_endpoint_captures_all_of_its_traffic(assembly: Assembly) -> None:
    capture = assembly.only("endpoint", "AWS::SageMaker::EndpointConfig")["DataCaptureConfig"]
    assert capture["EnableCapture"] is True
    assert capture["InitialSamplingPercentage"] == 100
    assert capture["CaptureOptions"] == [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
    assert capture["CaptureContentTypeHeader"] == {"JsonContentTypes": ["application/json"]}
    assert "/captured" in json.dumps(capture["DestinationS3Uri"])


def test_a_serverless_endpoint_has_no_capture_and_no_instances(otherwise_set: Assembly) -> None:
    configuration = otherwise_set.only("endpoint", "AWS::SageMaker::EndpointConfig")
    (variant,) = configuration["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MaxConcurrency": 5, "MemorySizeInMB": 3072}
    assert not {"InstanceType", "InitialInstanceCount"} & variant.keys()
    assert "DataCaptureConfig" not in configuration


def read_policy(made: Assembly) -> tuple[dict[str, Any], list[Any]]:
    """Returns how SageMaker updates the endpoint, and the alarms that roll it back."""
    config = made.only("endpoint", "AWS::SageMaker::Endpoint")["DeploymentConfig"]
    return config["BlueGreenUpdatePolicy"], config["AutoRollbackConfiguration"]["Alarms"]


def test_one_instance_takes_all_traffic_at_once_and_is_watched_beside_the_former_one(
    assembly: Assembly,
) -> None:
    policy, _ = read_policy(assembly)
    assert policy == {
        "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
        "TerminationWaitInSeconds": 180,
        "MaximumExecutionTimeoutInSeconds": 2160,
    }


def test_of_several_instances_half_take_traffic_first(with_auto: Assembly) -> None:
    policy, _ = read_policy(with_auto)
    assert policy["TrafficRoutingConfiguration"] == {
        "Type": "CANARY",
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 50},
        "WaitIntervalInSeconds": 180,
    }
    # SageMaker gives up no earlier than both times of watching are over.
    assert policy["MaximumExecutionTimeoutInSeconds"] > 2 * 180 + 600


def test_alarms_on_the_new_instances_alone_roll_an_update_back(assembly: Assembly) -> None:
    alarms = assembly.resources("endpoint", "AWS::CloudWatch::Alarm")
    _, watched = read_policy(assembly)
    assert watched == [{"AlarmName": {"Ref": alarm}} for alarm in alarms]
    told = {alarm["Properties"]["MetricName"]: alarm["Properties"] for alarm in alarms.values()}
    assert set(told) == {"Invocation5XXErrors", "InvocationModelErrors", "ModelLatency"}
    for alarm in told.values():
        assert "AlarmName" not in alarm, "a name of ours would change with the configuration"
        assert alarm["TreatMissingData"] == "notBreaching"
        assert {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]} == {
            "EndpointName": "scones",
            "VariantName": name_variant(("bicycle", "motorcycle")),
            "EndpointConfigName": {"Fn::GetAtt": ["EndpointConfig", "EndpointConfigName"]},
        }
    # The first call of an instance is slow, and that alone is no reason.
    assert told["ModelLatency"]["EvaluationPeriods"] == 2


def test_a_serverless_endpoint_is_updated_as_sagemaker_does_it_and_only_looked_at_afterwards(
    otherwise_set: Assembly,
) -> None:
    assert "DeploymentConfig" not in otherwise_set.only("endpoint", "AWS::SageMaker::Endpoint")
    assert otherwise_set.resources("endpoint", "AWS::CloudWatch::Alarm") == {}
    assert otherwise_set.resources("endpoint", "Custom::EndpointUpdate") == {}
    assert otherwise_set.resources("endpoint", "Custom::ServedConfiguration")


def test_an_update_is_looked_at_before_and_after_whenever_its_configuration_changes(
    assembly: Assembly,
) -> None:
    resources = assembly.templates["endpoint"]["Resources"]
    before, after = resources["EndpointUpdate"], resources["ServedConfiguration"]
    for look in (before, after):
        assert look["Properties"]["EndpointConfigName"]["Fn::GetAtt"][0] == "EndpointConfig"
    assert "EndpointUpdate" in resources["Endpoint"]["DependsOn"]
    assert "Endpoint" in after["DependsOn"]
    assert before["Properties"]["InstanceType"] == "ml.t2.medium"


def test_a_fixed_number_of_instances_is_what_the_settings_say(assembly: Assembly) -> None:
    assert assembly.resources("endpoint", "AWS::ApplicationAutoScaling::ScalableTarget") == {}
    assert "RetainAllVariantProperties" not in assembly.only("endpoint", "AWS::SageMaker::Endpoint")


def test_between_two_numbers_instances_go_by_the_calls_of_each_and_stay_through_an_update(
    with_auto: Assembly,
) -> None:
    ((target_id, target),) = with_auto.resources(
        "endpoint", "AWS::ApplicationAutoScaling::ScalableTarget"
    ).items()
    assert (
        target["Properties"].items()
        >= {
            "ResourceId": f"endpoint/scones/variant/{name_variant(('bicycle', 'motorcycle'))}",
            "MinCapacity": 2,
            "MaxCapacity": 4,
        }.items()
    )
    assert "Endpoint" in target["DependsOn"]
    policy = with_auto.only("endpoint", "AWS::ApplicationAutoScaling::ScalingPolicy")
    assert policy["ScalingTargetId"] == {"Ref": target_id}
    tracking = policy["TargetTrackingScalingPolicyConfiguration"]
    metric = tracking["PredefinedMetricSpecification"]["PredefinedMetricType"]
    assert (metric, tracking["TargetValue"]) == ("SageMakerVariantInvocationsPerInstance", 300)
    endpoint = with_auto.only("endpoint", "AWS::SageMaker::Endpoint")
    assert endpoint["RetainAllVariantProperties"] is True
    # What is captured is as the settings say.
    assert endpoint["ExcludeRetainedVariantProperties"] == [{"VariantPropertyType": "DataCaptureConfig"}]


@pytest.mark.parametrize("which", ["assembly", "with_auto", "otherwise_set"])
def test_what_exists_only_with_the_endpoint_goes_with_it(which: str, request: pytest.FixtureRequest) -> None:
    made: Assembly = request.getfixturevalue(which)
    resources = made.templates["endpoint"]["Resources"]
    conditional = {name for name, resource in resources.items() if resource.get("Condition") == SWITCHED_ON}
    for name, resource in resources.items():
        assert (name in conditional) is (resource["Type"] not in STAYING), name


def test_an_endpoint_is_there_unless_it_is_switched_off_and_the_switch_stays_as_it_is(
    assembly: Assembly,
) -> None:
    template = assembly.templates["endpoint"]
    assert template["Parameters"]["EndpointSwitch"]["Default"] == "as-set"
    assert template["Conditions"][SWITCHED_ON] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "EndpointSwitch"}, "off"]}]
    }


def test_off_in_the_settings_there_is_an_endpoint_only_where_it_is_switched_on(tmp_path: Path) -> None:
    made = synthesise(tmp_path, endpoint_mode="off")
    template = made.templates["endpoint"]
    assert template["Conditions"][SWITCHED_ON] == {"Fn::Equals": [{"Ref": "EndpointSwitch"}, "on"]}
    assert made.only("endpoint", "AWS::SageMaker::Endpoint")["EndpointName"] == "scones"
    assert json.loads(template["Outputs"]["EndpointSettings"]["Value"])["mode"] == "off"


def test_the_console_is_told_what_it_cannot_see_of_the_settings(with_auto: Assembly) -> None:
    told = json.loads(with_auto.templates["endpoint"]["Outputs"]["EndpointSettings"]["Value"])
    assert told == {
        "mode": "instance",
        "instance_type": "ml.m5.large",
        "least": 2,
        "most": 4,
        "schedule": {"off": "0 20 ? * MON-FRI *", "on": "0 7 ? * MON-FRI *", "time_zone": "Europe/Berlin"},
    }


def test_a_schedule_calls_the_function_that_looks_before_it_updates_the_stack(
    assembly: Assembly, with_auto: Assembly
) -> None:
    assert assembly.resources("endpoint", "AWS::Scheduler::Schedule") == {}
    (function,) = (
        function
        for function, made in with_auto.resources("endpoint", "AWS::Lambda::Function").items()
        if made["Properties"]["FunctionName"] == "scones-endpoint-switch"
    )
    schedules = {
        schedule["Properties"]["Name"]: schedule["Properties"]
        for schedule in with_auto.resources("endpoint", "AWS::Scheduler::Schedule").values()
    }
    for name, cron, value in (
        ("scones-endpoint-off", "cron(0 20 ? * MON-FRI *)", "off"),
        ("scones-endpoint-on", "cron(0 7 ? * MON-FRI *)", "as-set"),
    ):
        schedule = schedules[name]
        assert (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"]) == (
            cron,
            "Europe/Berlin",
        )
        assert schedule["Target"]["Arn"] == {"Fn::GetAtt": [function, "Arn"]}
        assert json.loads(schedule["Target"]["Input"]) == {
            "name": "scones",
            "stack": "scones-endpoint",
            "parameter": "EndpointSwitch",
            "value": value,
        }
        # What is refused is not done long after its time, when somebody may have switched by hand.
        assert schedule["Target"]["RetryPolicy"] == {
            "MaximumEventAgeInSeconds": 300,
            "MaximumRetryAttempts": 5,
        }
