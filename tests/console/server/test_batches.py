"""What the page is told of batches, what it can do with them, and where an outcome of one leads."""

import json
from collections.abc import Iterator

import boto3
import pytest

from console.traffic.source import Origin
from evaluation.deployment import Deployment
from lambdas.workflow import places
from tests.console.batches.batch_machine import MACHINE, BatchMachine, make_summary
from tests.console.server.outcome_table import TABLE, keeping_outcomes
from tests.console.server.page_client import PageClient
from tests.console.server.test_reviews import WINDOW, refuse

BATCH = "photos-0a1b2c3d"
RUN = f"{BATCH}-20260131T120000Z"


@pytest.fixture
def machine(deployment: Deployment) -> Iterator[BatchMachine]:
    """The Step Functions of the deployment's batches, and of nothing else."""
    ssm = boto3.client("ssm")
    ssm.put_parameter(Name="/scones/batch-machine", Value=MACHINE, Type="String")
    machine = BatchMachine(deployment)
    yield machine
    machine.close()
    ssm.delete_parameter(Name="/scones/batch-machine")
    vars(deployment).pop("batch_machine", None)


def test_an_older_deployment_s_page_says_what_adds_batches(page: PageClient) -> None:
    assert "make deploy adds them" in page.get("/api/batches").json["missing"]


def test_batches_are_listed_and_one_is_described(page: PageClient, machine: BatchMachine) -> None:
    arn = machine.begin(RUN)
    machine.count(arn, total=10, succeeded=4, running=6)
    (line,) = page.get("/api/batches").json["batches"]
    assert (line["id"], line["state"], line["progress"]["done"]) == (BATCH, "running", 4)
    assert page.get(f"/api/batches/{BATCH}").json == line
    assert page.get("/api/batches/others-0a1b2c3d").status == 404


def test_the_overview_counts_the_batches_that_run(page: PageClient, machine: BatchMachine) -> None:
    machine.begin(RUN)
    assert page.get("/api/overview").json["today"]["running_batches"] == 1
    machine.end(machine.runs[0]["executionArn"], "SUCCEEDED")
    assert page.get("/api/overview").json["today"]["running_batches"] == 0


def test_a_batch_is_cancelled_and_redriven_where_that_can_be(page: PageClient, machine: BatchMachine) -> None:
    def post(act: str) -> int:
        return page.ask("POST", f"/api/batches/{BATCH}/{act}", {}, b"").status

    assert post("cancel") == 404
    machine.begin(RUN)
    assert post("redrive") == 409
    assert post("cancel") == 200
    assert post("cancel") == 409
    machine.runs[0]["redriveStatus"] = "REDRIVABLE"
    assert post("redrive") == 200
    assert machine.runs[0]["status"] == "RUNNING"


def test_what_a_run_wrote_is_downloaded_and_nothing_else(
    page: PageClient, deployment: Deployment, machine: BatchMachine
) -> None:
    machine.end(machine.begin(RUN), "SUCCEEDED", make_summary())
    key = places.batch_key(BATCH, "routes.csv")
    boto3.client("s3").put_object(Bucket=deployment.bucket, Key=key, Body=b"key,version\r\n" * 200_000)
    answer = page.get(f"/api/batches/{BATCH}/files/routes.csv")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.body == b"key,version\r\n" * 200_000
    summary = json.loads(page.get(f"/api/batches/{BATCH}/files/summary.json").body)
    assert summary["routed"] == {"bicycle": 6, "motorcycle": 2}
    for file in ("routes.jsonl", "manifest.json", "..%2F..%2Fmodels"):
        assert page.get(f"/api/batches/{BATCH}/files/{file}").status == 404


def test_an_outcome_of_a_batch_leads_to_it_and_is_a_line_of_its_own(
    page: PageClient, deployment: Deployment
) -> None:
    with keeping_outcomes(deployment):
        photos = [refuse(deployment, f"{number}.png", number) for number in range(2)]
        table = boto3.resource("dynamodb").Table(TABLE)
        run = f"{MACHINE.replace(':stateMachine:', ':execution:')}:{RUN}"
        for photo in photos:
            table.put_item(Item=table.get_item(Key={"photo": photo})["Item"] | {"execution": run})
        for query in ("outcome=refused", f"search={BATCH}", f"search={RUN}"):
            lines = page.get(f"/api/executions?{query}").json["executions"]
            assert [(line["id"], line["batch"]) for line in lines] == [(it, BATCH) for it in photos[::-1]]
            # A photo of a batch has no start of its own.
            assert {line["milliseconds"] for line in lines} == {None}
        body = json.dumps({"after": None, "most": 5, "held": []}).encode()
        claimed = page.ask("POST", "/api/reviews/claims", {"x-reviewer": WINDOW}, body).json["photos"]
        assert [photo["batch"] for photo in claimed] == [BATCH, BATCH]


def test_an_outcome_of_an_execution_leads_to_no_batch(page: PageClient, deployment: Deployment) -> None:
    with keeping_outcomes(deployment):
        photo = refuse(deployment, "alone.png", 1)
        (line,) = page.get("/api/executions?outcome=refused").json["executions"]
        assert (line["id"], line["batch"]) == (photo, None)
    assert Origin("execution").batch is None
