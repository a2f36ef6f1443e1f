"""A resource that is deleted or given up leaves nothing that runs, also where it was never answered for."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.deploy import jobs
from tests.lambdas.deploy.deploy_cloud import ANOTHER, Cloud

# CloudFormation makes an id up for what has not been answered.
MADE_UP = "scones-training-Model-1ABCDEFGHIJKL"


def run_all(cloud: Cloud) -> list[str]:
    """Has every job run; returns their names."""
    names = [*cloud.training_jobs(), *cloud.transform_jobs()]
    for name in names:
        cloud.end(name, "InProgress")
    return names


def test_a_delete_is_answered_at_once_and_leaves_the_model(cloud: Cloud) -> None:
    model = cloud.deploy()["PhysicalResourceId"]
    answer = cloud.ask("Delete", model)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", model)
    assert model in cloud.marked()


@pytest.mark.parametrize("resource_id", [MADE_UP, "scones-not-started"])
def test_a_delete_of_what_never_started_succeeds(cloud: Cloud, resource_id: str) -> None:
    assert cloud.ask("Delete", resource_id)["Status"] == "SUCCESS"


def test_a_delete_while_it_trains_stops_the_training_and_its_execution(training: Cloud) -> None:
    waiting = training.start()
    (job,) = run_all(training)
    assert training.ask("Delete", MADE_UP)["Status"] == "SUCCESS"
    assert training.status(job) == "Stopped"
    assert waiting["execution"] not in training.running()


def test_a_delete_while_it_is_evaluated_stops_all_attempts_and_deletes_their_models(cloud: Cloud) -> None:
    waiting = cloud.start()
    first = cloud.evaluate(waiting)["evaluation"]
    cloud.end(first, "Failed")
    assert cloud.evaluate(waiting)["evaluation"] == f"{first}-2"
    cloud.end(f"{first}-2", "InProgress")
    assert cloud.ask("Delete", MADE_UP)["Status"] == "SUCCESS"
    assert (cloud.status(first), cloud.status(f"{first}-2")) == ("Failed", "Stopped")
    assert cloud.evaluated_models() == []
    assert cloud.running() == []


def test_a_delete_stops_the_training_that_runs_under_a_later_number(training: Cloud) -> None:
    job = training.start()["model"]
    training.end(job, "Failed")
    assert training.start()["model"] == f"{job}-2"
    training.end(f"{job}-2", "InProgress")
    training.ask("Delete", MADE_UP)
    assert training.status(f"{job}-2") == "Stopped"


def test_a_model_that_was_left_without_its_job_is_deleted_too(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(**_: Any) -> None:
        raise SystemExit

    waiting = cloud.start()
    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(jobs.sagemaker, "create_transform_job", die)
        cloud.evaluate(waiting)
    assert cloud.evaluated_models() != []
    cloud.ask("Delete", MADE_UP)
    assert cloud.evaluated_models() == []


def test_what_starts_just_as_the_delete_comes_is_ended_by_who_started_it(cloud: Cloud) -> None:
    waiting = cloud.start()
    cloud.ask("Delete", MADE_UP)
    # The step was under way when its execution was stopped.
    create = cloud.sagemaker.create_transform_job

    def create_and_go_on(**request: Any) -> Any:
        created = create(**request)
        cloud.end(request["TransformJobName"], "InProgress")
        return created

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs.sagemaker, "create_transform_job", create_and_go_on)
        evaluated = cloud.evaluate(waiting)
    assert "not wanted any more" in evaluated["failure"]
    assert [cloud.status(job) for job in cloud.transform_jobs()] == ["Stopped"]
    assert cloud.evaluated_models() == []


def test_a_training_that_can_not_be_waited_for_is_stopped_by_the_delete_that_follows(
    training: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def throttle(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow"}}, "StartExecution")

    with monkeypatch.context() as patch:
        patch.setattr(training.step_functions, "start_execution", throttle)
        answer = training.ask()
    assert answer["Status"] == "FAILED"
    (job,) = run_all(training)
    training.ask("Delete", answer["PhysicalResourceId"])
    assert training.status(job) == "Stopped"


def test_a_job_that_ends_just_before_it_is_stopped_is_no_failure(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        error = {"Code": "ValidationException", "Message": "The job must be InProgress to be stopped"}
        raise ClientError({"Error": error}, "StopJob")

    cloud.evaluate(cloud.start())
    run_all(cloud)
    for kind in ("training", "transform"):
        monkeypatch.setattr(jobs.sagemaker, f"stop_{kind}_job", refuse)
    assert cloud.ask("Delete", MADE_UP)["Status"] == "SUCCESS"


def test_the_delete_of_a_replaced_model_leaves_what_runs_for_its_successor(cloud: Cloud) -> None:
    former = cloud.deploy()["PhysicalResourceId"]
    evaluated = cloud.evaluate(cloud.start("Update", former, **ANOTHER[cloud.way]))
    cloud.end(evaluated["evaluation"], "InProgress")
    cloud.ask("Delete", former)
    assert cloud.running() == [evaluated["execution"]]
    assert cloud.status(evaluated["evaluation"]) == "InProgress"
    assert cloud.evaluated_models() == [evaluated["evaluation"]]


def test_a_rollback_of_a_cancelled_update_ends_what_the_update_began(cloud: Cloud) -> None:
    before = cloud.request()["ResourceProperties"]
    former = cloud.deploy()["PhysicalResourceId"]
    known = {*cloud.training_jobs(), *cloud.transform_jobs()}
    waiting = cloud.start("Update", former, former=before, **ANOTHER[cloud.way])
    cloud.evaluate(waiting)
    begun = [job for job in (*cloud.training_jobs(), *cloud.transform_jobs()) if job not in known]
    for job in begun:
        cloud.end(job, "InProgress")
    after = cloud.request(**ANOTHER[cloud.way])["ResourceProperties"]
    assert cloud.ask("Update", former, former=after)["Status"] == "SUCCESS"
    assert [cloud.status(job) for job in begun] == ["Stopped"] * len(begun)
    assert cloud.running() == []
    assert cloud.evaluated_models() == []
