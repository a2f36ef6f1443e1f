"""Serves an endpoint: one model server for each of its configuration's variants."""

import random
import shutil
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

from local.sagemaker.containers import model_data, s3_data
from local.sagemaker.containers.log_streams import ENDPOINT_GROUP, LogStream
from local.sagemaker.containers.model_server import INVOCATION_SECONDS, STARTUP_SECONDS, ModelServer
from local.sagemaker.emulator import make_folder
from local.sagemaker.hosting.data_capture import Capture
from local.sagemaker.hosting.invocation_metrics import InvocationMetrics
from local.sagemaker.records import MODELS, Record


class DeploymentFailed(Exception):
    """A deployment that did not come into service; the message is the endpoint's FailureReason."""


@dataclass(eq=False)
class Variant:
    """A production variant in service.

    Attributes:
        name: Its name in the configuration.
        weight: Its share of the traffic, relative to the other variants' weights; it may change.
        serverless: Whether it stands for serverless inference, which takes less than instances do.
        server: Answers its requests.
        capture: Keeps its traffic.
        metrics: Counts its invocations.
        root: Folder that stands for its container's /opt/ml.
    """

    name: str
    weight: float
    serverless: bool
    server: ModelServer
    capture: Capture
    metrics: InvocationMetrics
    root: Path


@dataclass(frozen=True)
class Deployment:
    """All variants of an endpoint configuration, in service."""

    variants: tuple[Variant, ...]

    def choose(self, name: str | None) -> Variant | None:
        """Returns the variant of a name, None if there is none; without a name, any, by weight."""
        if name is not None:
            return next((variant for variant in self.variants if variant.name == name), None)
        weights = [variant.weight for variant in self.variants]
        return random.choices(self.variants, weights if any(weights) else None)[0]

    def adjust(self, fleet: Record) -> None:
        """Takes the weights and the numbers of instances of a fleet with the same variants."""
        for variant, wanted in zip(self.variants, fleet["ProductionVariants"], strict=True):
            variant.weight = wanted["InitialVariantWeight"]
            variant.metrics.instances = wanted.get("InitialInstanceCount")

    def end(self, patience: float = INVOCATION_SECONDS) -> None:
        """Lets the requests that are with it finish, for ``patience`` seconds, then ends every server."""
        for variant in self.variants:
            variant.server.end(patience)
            variant.capture.close()
            variant.metrics.close()
            shutil.rmtree(variant.root, ignore_errors=True)


def start(endpoint_name: str, config: Record) -> Deployment:
    """Starts servers for a configuration, or for a fleet, and waits until all are healthy.

    Raises:
        DeploymentFailed: One did not start; none is left running.
    """
    started: list[Variant] = []
    try:
        for variant in config["ProductionVariants"]:
            started.append(_start_variant(endpoint_name, config, variant))
        for variant, running in zip(config["ProductionVariants"], started, strict=True):
            seconds = variant.get("ContainerStartupHealthCheckTimeoutInSeconds", STARTUP_SECONDS)
            if not running.server.wait_until_healthy(seconds):
                raise DeploymentFailed(
                    f"The primary container for production variant {running.name} did not pass the ping "
                    "health check. Please check CloudWatch logs for this endpoint."
                )
    except BaseException:
        Deployment(tuple(started)).end()
        raise
    return Deployment(tuple(started))


def _start_variant(endpoint_name: str, config: Record, variant: Record) -> Variant:
    model = MODELS.find(variant["ModelName"])
    role_arn = model["ExecutionRoleArn"]
    root = Path(tempfile.mkdtemp(prefix=f"{endpoint_name}-", dir=make_folder("endpoints")))
    try:
        container = model_data.fetch(model, root)
    except s3_data.DataError as error:
        shutil.rmtree(root, ignore_errors=True)
        raise DeploymentFailed(str(error)) from error
    log = LogStream(
        f"{ENDPOINT_GROUP}/{endpoint_name}",
        f"{variant['VariantName']}/i-{uuid.uuid4().hex[:17]}",
        role_arn,
    )
    return Variant(
        name=variant["VariantName"],
        weight=variant["InitialVariantWeight"],
        serverless="ServerlessConfig" in variant,
        server=ModelServer(root, container.get("Environment", {}), log),
        capture=Capture(config, endpoint_name, variant["VariantName"], role_arn),
        metrics=InvocationMetrics(
            endpoint_name,
            variant["VariantName"],
            config["EndpointConfigName"],
            variant.get("InitialInstanceCount"),
        ),
        root=root,
    )
