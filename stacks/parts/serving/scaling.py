"""The endpoint's number of instances goes by the calls that each of them gets."""

import aws_cdk as cdk
from aws_cdk import aws_applicationautoscaling as autoscaling
from constructs import Construct

from stacks.configuration.settings import Settings


def add_scaling(
    scope: Construct,
    *,
    settings: Settings,
    exists: cdk.CfnCondition,
    endpoint: cdk.CfnResource,
    endpoint_name: str,
    variant: str,
) -> None:
    """Registers the endpoint's variant with Application Auto Scaling, whose service-linked role acts.

    Args:
        scope: The stack.
        settings: All settings.
        exists: Whether there is an endpoint.
        endpoint: The endpoint, which has to be there first: the target names it as text.
        endpoint_name: The endpoint's name.
        variant: The variant's name.
    """
    target = autoscaling.CfnScalableTarget(
        scope,
        "Instances",
        service_namespace="sagemaker",
        resource_id=f"endpoint/{endpoint_name}/variant/{variant}",
        scalable_dimension="sagemaker:variant:DesiredInstanceCount",
        min_capacity=settings.endpoint_min_instances,
        max_capacity=settings.endpoint_max_instances,
    )
    target.node.add_dependency(endpoint)
    policy = autoscaling.CfnScalingPolicy(
        scope,
        "Load",
        policy_name=f"{settings.name}-invocations-per-instance",
        policy_type="TargetTrackingScaling",
        scaling_target_id=target.ref,
        target_tracking_scaling_policy_configuration=autoscaling.CfnScalingPolicy.TargetTrackingScalingPolicyConfigurationProperty(
            target_value=settings.endpoint_invocations_per_instance,
            predefined_metric_specification=autoscaling.CfnScalingPolicy.PredefinedMetricSpecificationProperty(
                predefined_metric_type="SageMakerVariantInvocationsPerInstance"
            ),
        ),
    )
    for resource in (target, policy):
        resource.cfn_options.condition = exists
