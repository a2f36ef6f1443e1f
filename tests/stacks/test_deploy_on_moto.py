"""All stacks deploy on a second opinion: moto's server, from the templates and assets as synthesised."""

import io
import json
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import moto.settings
import pytest
from moto.awslambda.models import LambdaFunction
from moto.cloudformation.custom_model import CustomModel
from moto.server import ThreadedMotoServer

from lambdas.workflow import places
from tests.stacks.synthesis import STACKS, Assembly

ACCOUNT = "123456789012"
ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-us-east-1"
JOB = "scones-0123456789ab"
MODEL_URL = f"s3://a-bucket/models/{JOB}/output/model.tar.gz"
ANSWER = {
    "TrainingJobName": JOB,
    "ModelDataUrl": MODEL_URL,
    "ValidationAccuracy": "0.9",
    "Dataset": "d1ce",
    "EndpointName": "scones",
    "EndpointConfigName": "told",
    "Switch": "on",
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Requests to custom resources; moto would start a container for each."""
    requests: list[dict[str, Any]] = []

    def take(_: LambdaFunction, event: dict[str, Any]) -> tuple[str, bool, str]:
        requests.append(event)
        return "{}", False, ""

    monkeypatch.setattr(LambdaFunction, "_invoke_lambda", take)
    # moto asks for attributes before the answer that brings them.
    monkeypatch.setattr(CustomModel, "get_cfn_attribute", lambda _, name: ANSWER[name])
    return requests


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Starts moto's server; returns its address, which custom resources are told to answer to."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setattr(moto.settings, "moto_server_host", lambda: f"http://{host}")
    monkeypatch.setenv("MOTO_PORT", str(port))
    # The server shares its account with every other test of this process that uses moto.
    reset = urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")
    urllib.request.urlopen(reset).close()
    yield f"http://{host}:{port}"
    server.stop()


def zipped(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return content.getvalue()


def template_for_moto(template: dict[str, Any]) -> str:
    """Leaves out the tags of parameters and keys, which moto reads in another form than CloudFormation.

    The group of the versions goes as well: moto has no such type, and nothing may depend on what it lacks. So
    does the dashboard, which refers to alarms, another such type.
    """
    copy = json.loads(json.dumps(template))
    left_out = [
        name
        for name, resource in copy["Resources"].items()
        if resource["Type"] in ("AWS::SageMaker::ModelPackageGroup", "AWS::CloudWatch::Dashboard")
    ]
    for name in left_out:
        del copy["Resources"][name]
    for resource in copy["Resources"].values():
        if "DependsOn" in resource:
            resource["DependsOn"] = [name for name in resource["DependsOn"] if name not in left_out]
        if resource["Type"] in ("AWS::SSM::Parameter", "AWS::KMS::Key"):
            del resource["Properties"]["Tags"]
    return json.dumps(copy)


def publish_assets(assembly: Assembly, s3: Any) -> None:
    """Uploads what the stacks refer to, as the CDK CLI does."""
    s3.create_bucket(Bucket=ASSETS)
    files = {}
    for stack in STACKS:
        listed = json.loads((assembly.folder / f"scones-{stack}.assets.json").read_text())["files"]
        files |= {key: file for key, file in listed.items() if file["source"]["packaging"] == "zip"}
    for file in files.values():
        (destination,) = file["destinations"].values()
        content = zipped(assembly.folder / file["source"]["path"])
        s3.put_object(Bucket=ASSETS, Key=destination["objectKey"], Body=content)


def answer_request(request: dict[str, Any]) -> None:
    """Answers a custom resource's request as its function does."""
    identity = {name: request[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    body = {"Status": "SUCCESS", "PhysicalResourceId": JOB, "Data": ANSWER, **identity}
    headers = {"Content-Type": ""}
    data = json.dumps(body).encode()
    put = urllib.request.Request(request["ResponseURL"], data=data, headers=headers, method="PUT")
    urllib.request.urlopen(put).close()


# moto passes over the few types that it does not know.
@pytest.mark.filterwarnings("ignore:Tried to parse AWS.* but it's not supported by moto")
def test_all_stacks_deploy_and_find_one_another(
    assembly: Assembly, server: str, asked: list[dict[str, Any]]
) -> None:
    def client(service: str) -> Any:
        return boto3.client(service, endpoint_url=server)

    publish_assets(assembly, client("s3"))
    ssm, cloudformation = client("ssm"), client("cloudformation")
    ssm.put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Type="String", Value="30")

    outputs = {}
    for stack in STACKS:
        cloudformation.create_stack(
            StackName=f"scones-{stack}",
            TemplateBody=template_for_moto(assembly.templates[stack]),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        for request in asked:
            if request["ResourceType"] == "Custom::StagedDataSet":
                ssm.put_parameter(Name="/scones/dataset", Type="String", Value=places.NOT_STAGED)
            answer_request(request)
        asked.clear()
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=f"scones-{stack}", WaiterConfig={"Delay": 0.2, "MaxAttempts": 50}
        )
        (described,) = cloudformation.describe_stacks(StackName=f"scones-{stack}")["Stacks"]
        outputs |= {o["OutputKey"]: o["OutputValue"] for o in described.get("Outputs", [])}

    def parameter(which: str) -> str:
        return str(ssm.get_parameter(Name=f"/scones/{which}")["Parameter"]["Value"])

    assert client("s3").head_bucket(Bucket=parameter("bucket"))
    assert parameter("dataset") == "not-staged"
    table = client("dynamodb").describe_table(TableName=parameter("outcomes"))["Table"]
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["by-outcome"]
    assert client("sqs").get_queue_attributes(QueueUrl=parameter("dead-letters"))
    assert parameter("model") == MODEL_URL
    sagemaker = client("sagemaker")
    # moto gives it a name of its own.
    (listed,) = sagemaker.list_endpoints()["Endpoints"]
    endpoint = sagemaker.describe_endpoint(EndpointName=listed["EndpointName"])
    assert parameter("endpoint") == "scones"
    assert endpoint["EndpointStatus"] == "InService"
    configuration = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    assert configuration["DataCaptureConfig"]["DestinationS3Uri"] == f"s3://{parameter('bucket')}/captured"
    assert parameter("endpoint-switch") == "on"
    model = sagemaker.describe_model(ModelName=configuration["ProductionVariants"][0]["ModelName"])
    assert model["PrimaryContainer"]["ModelDataUrl"] == MODEL_URL
    assert model["PrimaryContainer"]["Image"] == (
        "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
    )
    machine = client("stepfunctions").describe_state_machine(stateMachineArn=parameter("state-machine"))
    assert machine["status"] == "ACTIVE"
    assert outputs["StateMachineArn"] == parameter("state-machine")
    assert parameter("state-machine") in outputs["StateMachineConsole"]
    handlers = {f["FunctionName"]: f["Handler"] for f in client("lambda").list_functions()["Functions"]}
    assert handlers["scones-serialize"] == "lambdas.serialize.handler"
