"""How an endpoint passes from one model to the next: instances beside the old, and alarms that roll back."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from stacks.configuration.settings import Settings

PERIOD_SECONDS = 60
# SageMaker sends a 0 or a 1 for each call: the average is the share of calls that failed.
FAILED_SHARE = 0.1
# A photo takes well under a second; at this the functions in front, which wait for 60, would still answer.
SLOW_MICROSECONDS = 5_000_000
# Id of the alarm: (metric, above which average, in how many periods in a row). The first call that an
# instance answers takes several times as long as those after it, so that one slow minute says nothing.
WATCHED = {
    "Answers5xx": ("Invocation5XXErrors", FAILED_SHARE, 1),
    "ModelErrors": ("InvocationModelErrors", FAILED_SHARE, 1),
    "Slow": ("ModelLatency", SLOW_MICROSECONDS, 2),
}
# New instances take some minutes to start, and those of a canary come in two steps.
STARTING_SECONDS = 1800


class UpdateAlarms:
    """Alarms on what the instances of a new configuration answer, and nothing that the old ones do.

    CloudFormation names them, and changes them in place.

    Attributes:
        names: Their names.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        exists: cdk.CfnCondition,
        endpoint: str,
        variant: str,
        config: sagemaker.CfnEndpointConfig,
    ) -> None:
        """Makes the alarms.

        Args:
            scope: The stack.
            exists: Whether there is an endpoint.
            endpoint: The endpoint's name as text: a reference would make a circle.
            variant: The variant's name.
            config: The configuration that the endpoint is to serve.
        """
        dimensions = {
            "EndpointName": endpoint,
            "VariantName": variant,
            "EndpointConfigName": config.attr_endpoint_config_name,
        }
        alarms = [
            cloudwatch.CfnAlarm(
                scope,
                alarm_id,
                alarm_description=f"An update of endpoint {endpoint} is rolled back",
                namespace="AWS/SageMaker",
                metric_name=metric,
                dimensions=[
                    cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value)
                    for name, value in dimensions.items()
                ],
                statistic="Average",
                period=PERIOD_SECONDS,
                evaluation_periods=periods,
                threshold=threshold,
                comparison_operator="GreaterThanThreshold",
                # Without calls there are no data, and nothing is wrong.
                treat_missing_data="notBreaching",
            )
            for alarm_id, (metric, threshold, periods) in WATCHED.items()
        ]
        for alarm in alarms:
            alarm.cfn_options.condition = exists
        self.names: Sequence[str] = [alarm.ref for alarm in alarms]

    def build_policy(self, settings: Settings) -> sagemaker.CfnEndpoint.DeploymentConfigProperty:
        """Returns how SageMaker updates the endpoint.

        From two instances on, half of them answer first, for as long as they are watched. One instance has no
        half: it takes all calls at once, and the former one waits meanwhile.
        """
        baking = settings.endpoint_baking_seconds
        by_halves = settings.endpoint_min_instances > 1
        routing = sagemaker.CfnEndpoint.TrafficRoutingConfigProperty(
            type="CANARY" if by_halves else "ALL_AT_ONCE",
            wait_interval_in_seconds=baking if by_halves else 0,
            canary_size=sagemaker.CfnEndpoint.CapacitySizeProperty(type="CAPACITY_PERCENT", value=50)
            if by_halves
            else None,
        )
        return sagemaker.CfnEndpoint.DeploymentConfigProperty(
            blue_green_update_policy=sagemaker.CfnEndpoint.BlueGreenUpdatePolicyProperty(
                traffic_routing_configuration=routing,
                termination_wait_in_seconds=baking,
                maximum_execution_timeout_in_seconds=STARTING_SECONDS + 2 * baking,
            ),
            auto_rollback_configuration=sagemaker.CfnEndpoint.AutoRollbackConfigProperty(
                alarms=[sagemaker.CfnEndpoint.AlarmProperty(alarm_name=name) for name in self.names]
            ),
        )


def set_condition(construct: Construct, condition: cdk.CfnCondition) -> None:
    """Has the one resource that a construct is exist only under a condition."""
    resource = construct.node.default_child
    assert isinstance(resource, cdk.CfnResource)
    resource.cfn_options.condition = condition
