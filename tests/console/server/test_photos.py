"""A photo that is sent has a plain name; a body that never ends is cut off; test photos are offered."""

import asyncio
from typing import Any
from urllib.parse import quote

import boto3
import pytest

from console.server.routes import photos
from evaluation.deployment import Deployment
from lambdas.workflow import execution, places
from tests.console.server.page_client import PageClient, png

DATASET = "0123456789abcdef"


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
    assert answer.json == {
        "id": places.identify_photo(deployment.bucket, key, version),
        "name": name,
        "key": key,
    }
    arn = execution.start_execution(
        boto3.client("stepfunctions"), deployment.state_machine, deployment.bucket, key, version
    )
    assert arn.endswith(f":{answer.json['id']}")
    assert count_executions(deployment) == before + 1


def test_a_body_that_never_ends_is_cut_off_but_none_that_goes_on_arriving(
    page: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(request: Any) -> Any:
        yield b"begun"
        await asyncio.Event().wait()

    async def slowly(request: Any) -> Any:
        content = png(2)
        for place in range(0, len(content), 10):
            await asyncio.sleep(0.03)
            yield content[place : place + 10]

    monkeypatch.setattr(photos, "BODY_SECONDS", 0.1)
    monkeypatch.setattr(photos, "SLOWEST_BYTES_A_SECOND", 100)
    monkeypatch.setattr("starlette.requests.Request.stream", never)
    answer = page.ask("POST", "/api/photos", {"x-file-name": "never.png"}, b"")
    assert answer.status == 408
    assert "5 bytes came" in answer.json["error"]
    monkeypatch.setattr("starlette.requests.Request.stream", slowly)
    assert page.ask("POST", "/api/photos", {"x-file-name": "slow.png"}, b"").status == 201


def test_the_samples_are_staged_test_photos_each_with_its_class_and_the_input_of_an_execution(
    page: PageClient, deployment: Deployment
) -> None:
    first, second = page.get("/api/samples").json["samples"]
    assert (first["name"], first["label"]) == ("bicycle_1.png", "bicycle")
    assert second["label"] == "motorcycle"
    assert first["picture"] == f"/api/datasets/{DATASET}/test/bicycle/bicycle_1.png"
    assert first["input"] == {
        "image_data": "",
        "s3_bucket": deployment.bucket,
        "s3_key": f"datasets/{DATASET}/test/bicycle/bicycle_1.png",
    }


def test_samples_come_from_all_over_each_class_and_are_few() -> None:
    names = ["ape", "bee", "cat", "dog"]
    files = {
        f"test/{name}/{number:02}.png": {"label": label}
        for number in range(40)
        for label, name in enumerate(names)
    }
    files |= {"train/ape/1.png": {"label": 0}, "validation/ape/2.png": {"label": 0}}
    chosen = photos.choose_samples({"classes": names, "dataset": DATASET, "files": files}, "bucket")
    assert [sample["label"] for sample in chosen] == names * 3
    assert [sample["name"] for sample in chosen[::4]] == ["00.png", "10.png", "20.png"]
    one = {"test/bee/1.png": {"label": 1}}
    assert len(photos.choose_samples({"classes": names, "dataset": DATASET, "files": one}, "bucket")) == 1
