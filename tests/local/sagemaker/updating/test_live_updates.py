"""Callers that never stop have an answer to every call, however an endpoint's update goes on and ends."""

import contextlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.sagemaker.server import BUCKET, Server, wait_for
from tests.local.sagemaker.updating.callers import BLUE, GREEN, MODEL_ERROR, calling


def put_alarm(server: Server, name: str, *, errors: int = 0, **dimensions: str) -> str:
    """Makes an alarm on more than some 5xx errors in ten seconds and returns its name."""
    server.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        Statistic="Sum",
        Period=10,
        EvaluationPeriods=1,
        Threshold=errors,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    return name


def new_fleets_alarm(server: Server, endpoint: str, config: str) -> str:
    dimensions = {"EndpointName": endpoint, "VariantName": "AllTraffic", "EndpointConfigName": config}
    return put_alarm(server, f"{config}-5xx", **dimensions)


def update(
    server: Server, endpoint: str, config: str, *alarms: str, canary: int = 0, wait: int = 0, baking: int = 0
) -> None:
    """Updates an endpoint under alarms, all at once or with a canary of some percent."""
    routing: dict[str, Any] = {"Type": "CANARY" if canary else "ALL_AT_ONCE", "WaitIntervalInSeconds": wait}
    if canary:
        routing["CanarySize"] = {"Type": "CAPACITY_PERCENT", "Value": canary}
    deployment: dict[str, Any] = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": baking}
    }
    if alarms:
        named = [{"AlarmName": name} for name in alarms]
        deployment["AutoRollbackConfiguration"] = {"Alarms": named}
    server.client("sagemaker").update_endpoint(
        EndpointName=endpoint, EndpointConfigName=config, DeploymentConfig=deployment
    )


def baking(server: Server, endpoint: str, share: str) -> Callable[[], Any]:
    """Returns a condition: the pending deployment bakes with a share of the traffic."""

    def condition() -> Any:
        described = server.client("sagemaker").describe_endpoint(EndpointName=endpoint)
        if "PendingDeploymentSummary" not in described:
            return None
        [status] = described["PendingDeploymentSummary"]["ProductionVariants"][0]["VariantStatus"]
        message = status.get("StatusMessage", "")
        return described if status["Status"] == "Baking" and message.startswith(share) else None

    return condition


def status_of(server: Server, endpoint: str) -> str:
    return str(server.client("sagemaker").describe_endpoint(EndpointName=endpoint)["EndpointStatus"])


def test_an_update_by_canary_shifts_the_traffic_and_answers_every_call(server: Server) -> None:
    server.put_in_service("canary", 0.5, instances=2)
    server.deploy_model("canary-2", 0.25, instances=2)
    alarm = new_fleets_alarm(server, "canary", "canary-2")
    with calling(server, "canary") as calls:
        update(server, "canary", "canary-2", alarm, canary=50, wait=1)
        endpoint = server.endpoint_settled("canary")
        assert calls.next() == {GREEN}
    assert endpoint["EndpointConfigName"] == "canary-2"
    assert "FailureReason" not in endpoint
    assert "PendingDeploymentSummary" not in endpoint
    assert set(calls.answers) == {BLUE, GREEN}
    routing = endpoint["LastDeploymentConfig"]["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert routing["CanarySize"] == {"Type": "CAPACITY_PERCENT", "Value": 50}


def test_an_update_all_at_once_bakes_and_answers_every_call(server: Server) -> None:
    server.put_in_service("baked", 0.5)
    server.deploy_model("baked-2", 0.25)
    with calling(server, "baked") as calls:
        update(server, "baked", "baked-2", new_fleets_alarm(server, "baked", "baked-2"), baking=1)
        endpoint = server.endpoint_settled("baked")
        assert calls.next() == {GREEN}
    assert endpoint["EndpointConfigName"] == "baked-2"
    assert set(calls.answers) == {BLUE, GREEN}


def set_alarm(server: Server, alarm: str, state: str) -> None:
    server.client("cloudwatch").set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="a test")


@pytest.fixture(scope="module")
def watched(server: Server) -> str:
    """Name of an alarm on configuration watched-2; the endpoint watched has two instances."""
    server.put_in_service("watched", 0.5, instances=2)
    server.deploy_model("watched-2", 0.25, instances=2)
    return new_fleets_alarm(server, "watched", "watched-2")


def test_a_canary_is_rolled_back_by_set_alarm_state_and_every_call_answered(
    server: Server, watched: str
) -> None:
    with calling(server, "watched") as calls:
        set_alarm(server, watched, "OK")
        update(server, "watched", "watched-2", watched, canary=50, wait=3600, baking=3600)
        endpoint = wait_for(baking(server, "watched", "50%"))
        wait_for(lambda: {BLUE, GREEN} <= set(calls.answers[-40:]))
        assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("Updating", "watched")
        assert endpoint["PendingDeploymentSummary"]["EndpointConfigName"] == "watched-2"
        [pending] = endpoint["PendingDeploymentSummary"]["ProductionVariants"]
        assert pending["InstanceType"] == "ml.m5.large"
        assert pending["CurrentInstanceCount"] == pending["DesiredInstanceCount"] == 2
        assert (pending["CurrentWeight"], pending["DesiredWeight"]) == (0.5, 1.0)
        assert pending["DeployedImages"][0]["SpecifiedImage"].endswith("image-classification:1")
        with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
            server.client("sagemaker").delete_endpoint(EndpointName="watched")
        set_alarm(server, watched, "ALARM")
        endpoint = server.endpoint_settled("watched")
        assert calls.next() == {BLUE}
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", "watched")
    assert endpoint["FailureReason"] == (
        "Alarm watched-2-5xx went into state ALARM while endpoint configuration watched-2 had 50% of the "
        "traffic, and the update was rolled back to watched."
    )


def test_while_the_new_fleet_ends_the_endpoint_is_rolling_back_and_answers_every_call(
    server: Server, watched: str, tmp_path: Path
) -> None:
    gate = tmp_path / "answered"
    with calling(server, "watched") as calls, ThreadPoolExecutor(1) as pool:
        set_alarm(server, watched, "OK")
        update(server, "watched", "watched-2", watched, baking=3600)
        wait_for(baking(server, "watched", "100%"))
        assert calls.next() == {GREEN}
        # The new fleet has this request, and ends no sooner than it is answered.
        with held_request(server, pool, gate) as held:
            set_alarm(server, watched, "ALARM")
            wait_for(lambda: status_of(server, "watched") == "RollingBack")
            assert calls.next() == {BLUE}
            assert not held.done()
        assert tuple(held.result()) == GREEN
        endpoint = server.endpoint_settled("watched")
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", "watched")


@contextlib.contextmanager
def held_request(server: Server, pool: ThreadPoolExecutor, gate: Path) -> Iterator[Future[list[float]]]:
    """Has the container of the endpoint watched hold one request until the end of the block."""
    try:
        held = pool.submit(server.ask, "watched", f"await {gate}".encode())
        wait_for(lambda: Path(f"{gate}.asked").exists())
        yield held
    finally:
        gate.touch()


def test_an_alarm_that_is_in_alarm_already_ends_an_update_before_anything_is_started(
    server: Server, watched: str
) -> None:
    with calling(server, "watched") as calls:
        set_alarm(server, watched, "ALARM")
        update(server, "watched", "watched-2", watched, canary=50)
        endpoint = server.endpoint_settled("watched")
    assert set(calls.answers) == {BLUE}
    assert endpoint["FailureReason"] == (
        "The update to endpoint configuration watched-2 did not begin: alarm watched-2-5xx is in state ALARM."
    )


def test_an_update_is_rolled_back_by_the_errors_of_the_new_fleet_alone(server: Server) -> None:
    server.put_in_service("failing", 0.5, instances=2)
    server.deploy_model("failing-2", 0.25, status=500, instances=2)
    alarm = new_fleets_alarm(server, "failing", "failing-2")
    with calling(server, "failing") as calls:
        update(server, "failing", "failing-2", alarm, canary=50, wait=3600)
        endpoint = server.endpoint_settled("failing", 60)
        assert calls.next() == {BLUE}
    assert set(calls.answers) == {BLUE, MODEL_ERROR}
    assert endpoint["EndpointConfigName"] == "failing"
    assert endpoint["FailureReason"].startswith("Alarm failing-2-5xx went into state ALARM")


def test_an_update_under_alarms_that_cannot_be_read_changes_nothing(server: Server) -> None:
    server.put_in_service("unwatched", 0.5)
    server.deploy_model("unwatched-2", 0.25)
    update(server, "unwatched", "unwatched-2", "nobody-made-it")
    endpoint = server.endpoint_settled("unwatched")
    assert endpoint["FailureReason"] == "There is no alarm nobody-made-it to watch over the update."

    iam, sagemaker = server.client("iam"), server.client("sagemaker")
    trust = json.dumps(iam.get_role(RoleName="learner")["Role"]["AssumeRolePolicyDocument"])
    role = iam.create_role(RoleName="blind", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    known = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:known"
    statements = [
        {"Effect": "Allow", "Action": ["s3:GetObject", "logs:*"], "Resource": "*"},
        {"Effect": "Allow", "Action": "cloudwatch:DescribeAlarms", "Resource": known},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName="blind", PolicyName="all", PolicyDocument=policy)
    data = f"s3://{BUCKET}/models/unwatched-2.tar.gz"
    image = sagemaker.describe_model(ModelName="unwatched-2")["PrimaryContainer"]["Image"]
    sagemaker.create_model(
        ModelName="blind", ExecutionRoleArn=role, PrimaryContainer={"Image": image, "ModelDataUrl": data}
    )
    variant = {"VariantName": "AllTraffic", "ModelName": "blind", "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(
        EndpointConfigName="blind", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
    )
    for name in ("known", "unknown"):
        put_alarm(server, name, errors=10**9, EndpointName="unwatched", VariantName="AllTraffic")
    update(server, "unwatched", "blind", "known", "unknown")
    endpoint = server.endpoint_settled("unwatched")
    assert endpoint["EndpointConfigName"] == "unwatched"
    assert "not authorized to perform: cloudwatch:DescribeAlarms" in endpoint["FailureReason"]
    assert "alarm:unknown" in endpoint["FailureReason"]
    assert server.ask("unwatched") == [0.5, 0.5]
    update(server, "unwatched", "blind", "known")
    assert server.endpoint_settled("unwatched")["EndpointConfigName"] == "blind"


def test_a_deployment_configuration_that_aws_bars_is_refused_and_changes_nothing(server: Server) -> None:
    server.put_in_service("barred", 0.5)
    server.deploy_model("barred-2", 0.25)
    with pytest.raises(ClientError, match=r"CanarySize 50 .* of the 1 instance") as caught:
        update(server, "barred", "barred-2", canary=50)
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    endpoint = server.client("sagemaker").describe_endpoint(EndpointName="barred")
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", "barred")
    assert "LastDeploymentConfig" not in endpoint


def test_the_last_deployment_configuration_is_used_again_where_it_is_to_be_retained(server: Server) -> None:
    server.deploy_model("again", 0.5)
    server.deploy_model("again-2", 0.25)
    sagemaker = server.client("sagemaker")
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0}
    deployment = {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing},
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "of-yesterday"}]},
    }
    sagemaker.create_endpoint(EndpointName="again", EndpointConfigName="again", DeploymentConfig=deployment)
    assert server.endpoint_settled("again")["LastDeploymentConfig"] == deployment
    names = {"EndpointName": "again", "EndpointConfigName": "again-2"}
    sagemaker.update_endpoint(**names, RetainDeploymentConfig=True)
    assert "There is no alarm of-yesterday" in server.endpoint_settled("again")["FailureReason"]
    sagemaker.update_endpoint(**names)
    assert server.endpoint_settled("again")["EndpointConfigName"] == "again-2"
