"""Finds what is deployed under a name: bucket, data set, the model in service and its threshold."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from evaluation.errors import EvaluationError

CDK_JSON = Path(__file__).resolve().parent.parent / "cdk.json"
NOT_STAGED = "not-staged"


@dataclass(frozen=True)
class Endpoint:
    """An endpoint, and the SageMaker model that it serves.

    Attributes:
        name: Name of the endpoint.
        model: Name of the model.
        artifact: S3 URI of the model's artifact.
    """

    name: str
    model: str
    artifact: str


@dataclass(frozen=True)
class Deployment:
    """One deployed copy of the app: its name, and the session whose clients reach it."""

    name: str
    session: boto3.Session

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self._parameter("bucket")

    @property
    def data_set(self) -> str:
        """The id of the staged data set."""
        found = self._parameter("dataset")
        if found == NOT_STAGED:
            raise EvaluationError(f"Nothing is staged for '{self.name}': run python data_staging/stage.py")
        return found

    def endpoint(self) -> Endpoint:
        """Returns the endpoint and what it serves."""
        sagemaker = self.session.client("sagemaker")
        name = self._parameter("endpoint")
        described = sagemaker.describe_endpoint(EndpointName=name)
        config = sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
        model = config["ProductionVariants"][0]["ModelName"]
        container = sagemaker.describe_model(ModelName=model)["PrimaryContainer"]
        return Endpoint(name, model, container["ModelDataUrl"])

    def threshold(self) -> dict[str, Any]:
        """Returns the filter's threshold: its ``value`` and its ``source`` in words."""
        return json.loads(self._parameter("threshold"))

    def _parameter(self, which: str) -> str:
        ssm = self.session.client("ssm")
        path = f"/{self.name}/{which}"
        try:
            return ssm.get_parameter(Name=path)["Parameter"]["Value"]
        except ssm.exceptions.ParameterNotFound:
            raise EvaluationError(
                f"No parameter {path} in {ssm.meta.region_name}: '{self.name}' is not deployed here. "
                "Run make demo (this machine) or make deploy (AWS), "
                'or point this shell at the embedded cloud: eval "$(python -m local env)"'
            ) from None


def setting(which: str) -> Any:
    """Returns a setting of cdk.json, the default of a deploy.

    Raises:
        EvaluationError: There is none.
    """
    try:
        return json.loads(CDK_JSON.read_text())["context"]["scones"][which]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise EvaluationError(
            f"{CDK_JSON} has no {which} in its context 'scones' ({type(error).__name__}): mend it"
        ) from None
