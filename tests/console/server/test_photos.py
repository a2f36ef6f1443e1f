"""A photo that the page takes in, and the event of its upload, which starts the state machine too."""

from urllib.parse import quote

import boto3
import pytest

from evaluation.deployment import Deployment
from lambdas.workflow import execution, places
from tests.console.server.page_client import PageClient, png


def count_executions(deployment: Deployment) -> int:
    pages = boto3.client("stepfunctions").get_paginator("list_executions")
    found = pages.paginate(stateMachineArn=deployment.state_machine)
    return sum(len(page["executions"]) for page in found)


@pytest.mark.parametrize("name", ["a photo.png", "Fähre + Rad 🚲.png"])
def test_a_photo_that_the_page_takes_in_is_started_once_with_the_event_of_its_upload(
    page: PageClient, deployment: Deployment, name: str
) -> None:
    before = count_executions(deployment)
    answer = page.ask("POST", "/api/photos", {"x-file-name": quote(name)}, png(1))
    assert answer.status == 201
    listed = boto3.client("s3").list_object_versions(Bucket=deployment.bucket, Prefix=places.INCOMING)
    (upload,) = [found for found in listed["Versions"] if found["Key"].endswith(f"/{name}")]
    key, version = upload["Key"], upload["VersionId"]
    assert answer.json["id"] == places.identify_photo(deployment.bucket, key, version)
    arn = execution.start_execution(
        boto3.client("stepfunctions"), deployment.state_machine, deployment.bucket, key, version
    )
    assert arn.endswith(f":{answer.json['id']}")
    assert count_executions(deployment) == before + 1
