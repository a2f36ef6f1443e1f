"""What the artifact resource's functions meet in tests: staged labels, an artifact elsewhere, and answers."""

import json
from typing import Any

import moto

from lambdas.deploy import artifact as model_artifact
from tests.lambdas.deploy.training_cloud import BUCKET, DATASET, Cloud

SOURCE_BUCKET = "another-bucket"
SOURCE_KEY = "trained/model.tar.gz"
PROPERTIES = {
    "ArtifactBucket": SOURCE_BUCKET,
    "ArtifactKey": SOURCE_KEY,
    "InstanceType": "ml.m5.large",
    "RoleArn": "arn:aws:iam::123456789012:role/evaluation",
}
LABELS = {f"bicycle/{n}.png": 0 for n in range(3)} | {f"motorcycle/{n}.png": 1 for n in range(2)}
RIGHT = {0: [0.75, 0.25], 1: [0.25, 0.75]}


class ArtifactCloud:
    """A cloud in which the validation split is staged and an artifact lies in another bucket.

    Attributes:
        answers: What CloudFormation was answered.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.s3, self.sagemaker, self.answers = cloud.s3, cloud.sagemaker, cloud.answers
        self.started = cloud.started
        self._cloud = cloud
        self.s3.create_bucket(Bucket=SOURCE_BUCKET)
        self.put_artifact(b"model")
        self.stage(DATASET)

    def put_artifact(self, content: bytes) -> None:
        self.s3.put_object(Bucket=SOURCE_BUCKET, Key=SOURCE_KEY, Body=content)

    def stage(self, dataset: str, labels: dict[str, int] = LABELS) -> None:
        lines = [f"{n}\t{label}\t{path}\n" for n, (path, label) in enumerate(labels.items())]
        manifest = {"classes": ["bicycle", "motorcycle"]}
        for file, content in (("validation.lst", "".join(lines)), ("manifest.json", json.dumps(manifest))):
            self.s3.put_object(Bucket=BUCKET, Key=f"datasets/{dataset}/{file}", Body=content.encode())

    def request(self, kind: str = "Create", resource_id: str | None = None, **changes: Any) -> dict[str, Any]:
        return self._cloud.request(kind, resource_id, **{**PROPERTIES, **changes})

    def start(self, kind: str = "Create", resource_id: str | None = None, **changes: Any) -> dict[str, Any]:
        """Starts an evaluation; returns what its state machine was given, the job complete on moto."""
        before = len(self.answers)
        model_artifact.start(self.request(kind, resource_id, **changes), None)
        assert self.answers[before:] == []
        return dict(self.started()[-1])

    def leave_answers(self, waiting: dict[str, Any], answers: dict[str, Any] | None = None) -> None:
        """Writes what a job answered; each answer right where none is given."""
        given = {path: RIGHT[label] for path, label in LABELS.items()} if answers is None else answers
        for path, value in given.items():
            body = value if isinstance(value, bytes) else json.dumps(value).encode()
            self.s3.put_object(Bucket=BUCKET, Key=f"evaluations/{waiting['job']}/{path}.out", Body=body)

    def finish(self, waiting: dict[str, Any], **more: str) -> dict[str, Any]:
        """Lets an evaluation be checked; returns the answer that CloudFormation got."""
        model_artifact.finish({**waiting, **more}, None)
        return self.answers[-1]

    def end(self, job: str, status: str, reason: str | None = None) -> None:
        """Ends a job otherwise than complete, or has it go on."""
        made = moto.backends.get_backend("sagemaker")["123456789012"]["us-east-1"].transform_jobs[job]
        made.transform_job_status, made.failure_reason = status, reason

    def jobs(self) -> list[str]:
        listed = self.sagemaker.list_transform_jobs()["TransformJobSummaries"]
        return sorted(job["TransformJobName"] for job in listed)

    def models(self) -> list[str]:
        return [model["ModelName"] for model in self.sagemaker.list_models()["Models"]]

    def kept(self) -> dict[str, bool]:
        """Which artifacts are in the deployment's bucket, and whether each is marked as superseded."""
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix="models/").get("Contents", [])
        return {
            entry["Key"].split("/")[1]: bool(
                self.s3.get_object_tagging(Bucket=BUCKET, Key=entry["Key"])["TagSet"]
            )
            for entry in listed
        }
