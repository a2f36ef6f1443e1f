"""Finds what is deployed under a name: its state machine, its bucket and its data set."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

CDK_JSON = Path(__file__).resolve().parent.parent / "cdk.json"


class NotDeployed(Exception):
    """Nothing usable is deployed under the name in this account and region."""


def default_name() -> str:
    """Returns the name that ``cdk deploy`` uses when none is given: the setting ``name`` of cdk.json.

    Raises:
        NotDeployed: There is none.
    """
    try:
        return json.loads(CDK_JSON.read_text())["context"]["scones"]["name"]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise NotDeployed(
            f"{CDK_JSON} has no name in its context 'scones' ({type(error).__name__}): mend it or give --name"
        ) from None


@dataclass(frozen=True)
class Deployment:
    """One deployed copy of the app, with the clients that reach it.

    Attributes:
        name: Prefix of everything in this copy.
        bucket: Name of its bucket.
        state_machine: ARN of its state machine.
        session: Where its clients come from; boto3 reads the environment.
    """

    name: str
    bucket: str
    state_machine: str
    session: boto3.Session

    @classmethod
    def find(cls, name: str, session: boto3.Session) -> "Deployment":
        """Looks the deployment up in SSM Parameter Store.

        Raises:
            NotDeployed: A parameter is absent: the stacks are not (all) deployed here.
        """
        bucket, state_machine = (parameter(session, name, which) for which in ("bucket", "state-machine"))
        return cls(name, bucket, state_machine, session)

    def manifest(self) -> dict[str, Any]:
        """Returns the manifest of the staged data set (see data_staging/dataset.py for the format).

        Raises:
            NotDeployed: Nothing is staged.
        """
        dataset = parameter(self.session, self.name, "dataset")
        if dataset == "not-staged":
            raise NotDeployed(f"Nothing is staged for '{self.name}': run python data_staging/stage.py")
        key = f"datasets/{dataset}/manifest.json"
        body = self.session.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"]
        return json.load(body)


def parameter(session: boto3.Session, name: str, which: str) -> str:
    """Returns the value of ``/{name}/{which}``.

    Raises:
        NotDeployed: There is none.
    """
    ssm = session.client("ssm")
    path = f"/{name}/{which}"
    try:
        return ssm.get_parameter(Name=path)["Parameter"]["Value"]
    except ssm.exceptions.ParameterNotFound:
        raise NotDeployed(
            f"No parameter {path} in {ssm.meta.region_name}: '{name}' is not deployed here. "
            "Run make demo (this machine) or make deploy (AWS), "
            'or point this shell at the embedded cloud: eval "$(python -m local env)"'
        ) from None
