"""The CDK app: reads the settings and puts the stacks together. ``cdk synth`` and ``cdk deploy`` run it.

Stacks tell one another names through Parameter Store and not through CloudFormation's exports: an export
cannot change while another stack imports it, so that no new model would ever reach the endpoint.
"""

import sys

import aws_cdk as cdk

from stacks.artifact import ArtifactStack
from stacks.batch import BatchStack
from stacks.configuration.settings import SettingError, read_settings
from stacks.endpoint import EndpointStack
from stacks.monitoring import MonitoringStack
from stacks.parts.function_asset import AssetError, build_function_assets
from stacks.storage import StorageStack
from stacks.training import TrainingStack
from stacks.uploads import UploadsStack
from stacks.workflow import WorkflowStack


def build(app: cdk.App) -> None:
    """Adds the seven stacks to the app, in the order in which they can be deployed.

    Raises:
        SettingError: A setting is unknown or wrong, or names no model artifact.
        AssetError: The functions' packages cannot be fetched.
    """
    settings = read_settings(app.node.get_all_context())
    functions = build_function_assets()
    storage = StorageStack(app, f"{settings.name}-storage", settings=settings, functions=functions.plain)
    model_stack = ArtifactStack if settings.model_artifact else TrainingStack
    training = model_stack(app, f"{settings.name}-training", settings=settings, functions=functions.plain)
    endpoint = EndpointStack(app, f"{settings.name}-endpoint", settings=settings, functions=functions.plain)
    workflow = WorkflowStack(app, f"{settings.name}-workflow", settings=settings, functions=functions)
    uploads = UploadsStack(app, f"{settings.name}-uploads", settings=settings, functions=functions.plain)
    batch = BatchStack(app, f"{settings.name}-batch", settings=settings, functions=functions)
    monitoring = MonitoringStack(app, f"{settings.name}-monitoring", settings=settings, functions=functions)
    training.add_stack_dependency(storage)
    endpoint.add_stack_dependency(training)
    workflow.add_stack_dependency(endpoint)
    uploads.add_stack_dependency(workflow)
    batch.add_stack_dependency(workflow)
    monitoring.add_stack_dependency(uploads)
    monitoring.add_stack_dependency(batch)
    cdk.Tags.of(app).add("project", settings.name)


def main() -> None:
    """Synthesises the app, or says in one line what keeps it from that."""
    app = cdk.App()
    try:
        build(app)
    except (SettingError, AssetError) as error:
        sys.exit(str(error))
    app.synth()


if __name__ == "__main__":
    main()
