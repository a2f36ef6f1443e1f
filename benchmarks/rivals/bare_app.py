"""A bare CDK app with as many stacks as ours: ``python -m benchmarks.rivals.bare_app``."""

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm

STACKS = 7


def build(app: cdk.App) -> None:
    """Adds the stacks to an app."""
    for number in range(STACKS):
        stack = cdk.Stack(app, f"bare-{number}")
        ssm.StringParameter(stack, "Parameter", parameter_name=f"/bare/{number}", string_value="bare")


if __name__ == "__main__":
    app = cdk.App()
    build(app)
    app.synth()
