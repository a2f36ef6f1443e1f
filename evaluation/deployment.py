"""Finds what is deployed under a name, through Parameter Store, and makes the clients that reach it."""

import json
import threading
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
)

from lambdas.workflow import places
from lambdas.workflow.served import explain_other_configuration, explain_switched_off

ADVICE = (
    "set AWS_PROFILE or AWS_DEFAULT_REGION, or use the embedded cloud: "
    'python -m local up; eval "$(python -m local env)"'
)
"""What to do where AWS cannot be reached."""
CLIENT_CONFIG = Config(
    max_pool_connections=16,
    retries={"mode": "standard", "total_max_attempts": 6},
    connect_timeout=5,
    read_timeout=30,
)
# An endpoint may take a minute for an answer.
INVOKING_CONFIG = CLIENT_CONFIG.merge(Config(read_timeout=60))
_NOT_REACHED = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError, ReadTimeoutError)


class EvaluationError(Exception):
    """Something that the user can put right; the message says what was wrong and what to do."""


class NotDeployed(EvaluationError):
    """Something has not been deployed, staged or measured yet; the message says what to run."""


class SwitchedOff(NotDeployed):
    """The endpoint is switched off, as somebody wanted it; the message says how it is switched on."""


@dataclass(frozen=True)
class Endpoint:
    """An endpoint, and the SageMaker model that it serves.

    Attributes:
        name: Name of the endpoint.
        status: Its status, such as ``InService``.
        updated: Time of its last update.
        instance_type: Type of its instances, or ``serverless``.
        captures: Whether data capture writes down what it answers.
        model: Name of the model.
        artifact: S3 URI of the model's artifact.
    """

    name: str
    status: str
    updated: datetime
    instance_type: str
    captures: bool
    model: str
    artifact: str


class Deployment:
    """One deployed copy of the app. What is asked of it and not there raises ``NotDeployed``.

    Attributes:
        name: Prefix of everything in this copy.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._session = boto3.Session()
        self._clients: dict[str, Any] = {}
        self._making = threading.Lock()

    def client(self, service: str) -> Any:
        """Returns the one client of a service: threads may share a client, but not make two at a time."""
        with self._making:
            if service not in self._clients:
                make: Any = self._session.client
                config = INVOKING_CONFIG if service == "sagemaker-runtime" else CLIENT_CONFIG
                client = make(service, config=config)
                client.meta.events.register_first("needs-retry", _give_up_early)
                self._clients[service] = client
            return self._clients[service]

    def locate_cloud(self) -> SplitResult:
        """Returns the address that clients ask, whatever directed them there; nothing is sent for that."""
        return urlsplit(self.client("stepfunctions").generate_presigned_url("list_state_machines"))

    @cached_property
    def bucket(self) -> str:
        """The bucket's name."""
        return self._read_parameter("bucket")

    @cached_property
    def state_machine(self) -> str:
        """The state machine's ARN."""
        return self._read_parameter("state-machine")

    @cached_property
    def batch_machine(self) -> str:
        """The ARN of the state machine whose executions are runs of batches."""
        found = self._find_parameter("batch-machine")
        if found is None:
            raise NotDeployed(
                f"'{self.name}' has no batches yet: make deploy adds them (on this machine make demo)"
            )
        return found

    @cached_property
    def alarms_topic(self) -> str:
        """The ARN of the topic that every alarm of this deployment tells."""
        found = self._find_parameter("alarms-topic")
        if found is None:
            raise NotDeployed(
                f"'{self.name}' has no alarms: make deploy adds them (on this machine make demo)"
            )
        return found

    @cached_property
    def outcomes(self) -> str:
        """The name of the table of outcomes."""
        return self._read_parameter("outcomes")

    @property
    def endpoint(self) -> str:
        """The endpoint's name, which is another one in another ``endpoint_mode``."""
        return self._read_parameter("endpoint")

    @property
    def data_set(self) -> str:
        """The id of the staged data set."""
        found = self._read_parameter("dataset")
        if found == places.NOT_STAGED:
            raise NotDeployed(f"Nothing is staged for '{self.name}': run python data_staging/stage.py")
        return found

    @property
    def artifact(self) -> str:
        """The S3 URI of the artifact of the model that passed the gate last."""
        return self._read_parameter("model")

    def read_manifest(self) -> dict[str, Any]:
        """Returns the manifest of the staged data set (data_staging/dataset.py has its format)."""
        key = places.manifest_key(self.data_set)
        return json.load(self.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"])

    def read_wanted_version(self) -> dict[str, Any]:
        """Returns the ``version`` of the model that is asked for, and the ``accuracy_gate`` of each."""
        return json.loads(self._read_parameter("model-version"))

    def read_threshold(self) -> dict[str, Any]:
        """Returns the filter's threshold: its ``value``, and its ``source`` in words."""
        return json.loads(self._read_parameter("threshold"))

    def find_endpoint(self) -> Endpoint:
        """Returns the endpoint and what it serves, which is what the last deploy made.

        Raises:
            SwitchedOff: There is none because it is switched off.
            NotDeployed: There is none, or it serves something else.
        """
        sagemaker = self.client("sagemaker")
        name = self.endpoint
        try:
            endpoint = sagemaker.describe_endpoint(EndpointName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationException":
                raise
            if self.is_switched_off():
                raise SwitchedOff(explain_switched_off(name, self.name)) from None
            raise NotDeployed(f"There is no endpoint {name}: run make deploy, or make demo here") from None
        expected = self._find_parameter("endpoint-config")
        if expected and (fault := explain_other_configuration(endpoint, expected)):
            raise NotDeployed(fault)
        config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
        variant = config["ProductionVariants"][0]
        model = sagemaker.describe_model(ModelName=variant["ModelName"])
        return Endpoint(
            name,
            status=endpoint["EndpointStatus"],
            updated=endpoint["LastModifiedTime"],
            instance_type=variant.get("InstanceType", "serverless"),
            captures=config.get("DataCaptureConfig", {}).get("EnableCapture", False),
            model=variant["ModelName"],
            artifact=model["PrimaryContainer"]["ModelDataUrl"],
        )

    def is_switched_off(self) -> bool:
        """Returns whether the endpoint is switched off: then it is missing, and nothing is wrong."""
        return self._find_parameter("endpoint-switch") == places.SWITCH_OFF

    def _read_parameter(self, which: str) -> str:
        value = self._find_parameter(which)
        if value is None:
            region = self.client("ssm").meta.region_name
            raise NotDeployed(
                f"No parameter {places.parameter(self.name, which)} in {region}: '{self.name}' is not "
                "deployed here. Run make demo (this machine) or make deploy (AWS), "
                'or point this shell at the embedded cloud: eval "$(python -m local env)"'
            )
        return value

    def _find_parameter(self, which: str) -> str | None:
        ssm = self.client("ssm")
        try:
            return ssm.get_parameter(Name=places.parameter(self.name, which))["Parameter"]["Value"]
        except ssm.exceptions.ParameterNotFound:
            return None


def is_on_this_machine(host: str) -> bool:
    """Returns whether a host's name is this machine's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _give_up_early(
    attempts: int, caught_exception: Exception | None, request_dict: dict[str, Any], **_: object
) -> None:
    """Raises what will not go over by the many retries that throttling needs: who waits is told why."""
    if not isinstance(caught_exception, _NOT_REACHED):
        return
    refused = isinstance(caught_exception, EndpointConnectionError)
    if attempts > 1 or (refused and is_on_this_machine(urlsplit(request_dict["url"]).hostname or "")):
        raise caught_exception
