"""What was deployed is there after a restart, and whatever ends the server, it leaves no process behind."""

import os
import signal
from pathlib import Path

from tests.local.sagemaker.server import BUCKET, Server, processes, running, wait_for

CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": f"s3://{BUCKET}/captured",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}


def under_way(server: Server, mark: str) -> None:
    """Puts an endpoint in service and begins jobs, one with a child process that has ``mark``."""
    server.put_in_service("kept", 0.75, DataCaptureConfig=CAPTURE)
    server.client("s3").put_object(Bucket=BUCKET, Key="slow/a.png", Body=b"sleep 60")
    server.transform("cut", "kept", "slow/")
    wait_for(lambda: processes(f"{server.home}/sagemaker/jobs/"))
    server.train("cut", HyperParameters={"seconds": "60", "child": mark, "ignore_stop": "1"})
    wait_for(lambda: processes(f"# {mark}"))


def bake(server: Server) -> None:
    """Begins an update of an endpoint of three instances and returns once its new fleet answers."""
    server.put_in_service("updated", 0.5)
    sagemaker = server.client("sagemaker")
    sagemaker.update_endpoint_weights_and_capacities(
        EndpointName="updated",
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": 3}],
    )
    server.endpoint_settled("updated")
    server.deploy_model("updated-2", 0.25)
    policy = {
        "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
        "TerminationWaitInSeconds": 3600,
    }
    sagemaker.update_endpoint(
        EndpointName="updated",
        EndpointConfigName="updated-2",
        DeploymentConfig={"BlueGreenUpdatePolicy": policy},
    )
    wait_for(lambda: server.ask("updated") == [0.25, 0.75])


def check_what_was_updated(server: Server) -> None:
    """Fails unless that endpoint serves what it served before its update, and says so."""
    assert server.ask("updated") == [0.5, 0.5]
    endpoint = server.endpoint_settled("updated")
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", "updated")
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 3
    assert "PendingDeploymentSummary" not in endpoint
    assert endpoint["FailureReason"] == (
        "The embedded cloud was stopped in the middle of the update to endpoint configuration updated-2: "
        "updated goes on serving."
    )


def test_a_restart_keeps_endpoints_ends_their_updates_and_fails_jobs_that_ran(tmp_path: Path) -> None:
    mark = f"restart-{os.getpid()}"
    with running(tmp_path / "home") as server:
        under_way(server, mark)
        server.train("done")
        server.finished("done")
        server.ask("kept")
        server.put_in_service("lost", 0.5)
        server.client("s3").delete_object(Bucket=BUCKET, Key="models/lost.tar.gz")
        bake(server)
        server.stop()
        assert not processes(f"# {mark}")
        assert not processes(str(server.home))
        server.start()
        captured = server.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="captured/kept/")
        assert captured["KeyCount"] == 1
        assert server.ask("kept") == [0.75, 0.25]
        sagemaker = server.client("sagemaker")
        assert server.endpoint_settled("kept")["EndpointStatus"] == "InService"
        check_what_was_updated(server)
        assert server.finished("done")["TrainingJobStatus"] == "Completed"
        cut = sagemaker.describe_training_job(TrainingJobName="cut")
        assert cut["TrainingJobStatus"] == cut["SecondaryStatus"] == "Failed"
        assert cut["FailureReason"].startswith("InternalServerError: The embedded cloud was stopped")
        transform = sagemaker.describe_transform_job(TransformJobName="cut")
        assert transform["TransformJobStatus"] == "Failed"
        assert transform["FailureReason"] == cut["FailureReason"]
        lost = server.endpoint_settled("lost")
        assert lost["EndpointStatus"] == "Failed"
        assert "Failed to download model data" in lost["FailureReason"]


def test_a_server_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    mark = f"killed-{os.getpid()}"
    with running(tmp_path / "home") as server:
        under_way(server, mark)
        server.stop(signal.SIGKILL)
        wait_for(lambda: not processes(str(server.home)))
        assert not processes(f"# {mark}")
