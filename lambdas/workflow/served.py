"""Whether an endpoint serves what the last deploy made, or is switched off.

Where the instances of an update do not start, SageMaker puts the endpoint back to its former configuration.
Then it is in service again, and CloudFormation may take that for success.
"""

from collections.abc import Mapping
from typing import Any

from lambdas.workflow import places


def explain_other_configuration(endpoint: Mapping[str, Any], expected: str) -> str | None:
    """Returns what is wrong and what to do, in a line, or None if all is well.

    Args:
        endpoint: What DescribeEndpoint says of the endpoint.
        expected: Name of the endpoint configuration that the last deploy made.
    """
    name, served = endpoint["EndpointName"], endpoint["EndpointConfigName"]
    if served == expected:
        return None
    status = " ".join(f"{endpoint['EndpointStatus']} {endpoint.get('FailureReason', '')}".split())
    return (
        f"Endpoint {name} ({status}) serves configuration {served} and not {expected}, which the last deploy "
        "made. If no update is under way, run: aws sagemaker update-endpoint "
        f"--endpoint-name {name} --endpoint-config-name {expected}"
    )


def explain_switched_off(endpoint: str, name: str) -> str:
    """Returns, in a line, that an endpoint of the deployment ``name`` is off and how it is switched on."""
    return f"Endpoint {endpoint} is switched off: {places.name_console(name)} endpoint on switches it on"
