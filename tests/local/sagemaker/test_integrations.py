"""Other services reach this SageMaker: Step Functions by its SDK integration, IAM by action and resource."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.model import ListShape, MapShape, Shape, StructureShape
from ministack.services import sts

from local.sagemaker import Place, api, hooks
from local.sagemaker.request_validation import load_service_model
from tests.local.sagemaker.server import BUCKET, ROLE, Server, transform_input, wait_for

ARN = "arn:aws:sagemaker:us-east-1:000000000000"


@pytest.fixture(scope="module")
def server(server: Server) -> Server:
    server.train("job")
    server.finished("job")
    server.put_in_service("served", 0.5)
    server.transform("job", "served", "data/train/")
    server.transformed("job")
    return server


def executed(server: Server, name: str, job: str) -> dict[str, Any]:
    """Runs a state machine that describes a training job in JSONata and returns the ended execution."""
    output = (
        "{% $states.result.TrainingJobStatus & ' ' & $states.result.FinalMetricDataList"
        "[MetricName='validation:accuracy'].Value %}"
    )
    return called(server, name, "describeTrainingJob", {"TrainingJobName": job}, output)


def called(server: Server, name: str, action: str, arguments: dict[str, Any], output: str) -> dict[str, Any]:
    """Runs a state machine that calls SageMaker once and returns the ended execution."""
    task = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::aws-sdk:sagemaker:{action}",
        "Arguments": arguments,
        "Output": output,
        "End": True,
    }
    machine = {"QueryLanguage": "JSONata", "StartAt": "Call", "States": {"Call": task}}
    states = server.client("stepfunctions")
    role = server.client("iam").get_role(RoleName="states")["Role"]["Arn"]
    arn = states.create_state_machine(name=name, definition=json.dumps(machine), roleArn=role)
    run = states.start_execution(stateMachineArn=arn["stateMachineArn"])["executionArn"]

    def ended() -> Any:
        execution = states.describe_execution(executionArn=run)
        return None if execution["status"] == "RUNNING" else execution

    return dict(wait_for(ended))


@pytest.fixture(scope="module")
def states_role(server: Server) -> None:
    states = {"Service": "states.amazonaws.com"}
    trusted = {"Effect": "Allow", "Principal": states, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trusted]})
    server.client("iam").create_role(RoleName="states", AssumeRolePolicyDocument=document)
    actions = ["DescribeTrainingJob", "CreateTransformJob", "DescribeTransformJob"]
    allowed = {
        "Effect": "Allow",
        "Action": [f"sagemaker:{action}" for action in actions],
        "Resource": [f"{ARN}:training-job/*", f"{ARN}:transform-job/*"],
    }
    server.client("iam").put_role_policy(
        RoleName="states",
        PolicyName="describe",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )


@pytest.mark.usefixtures("states_role")
def test_a_state_machine_describes_a_training_job(server: Server) -> None:
    execution = executed(server, "describes", "job")
    assert execution["status"] == "SUCCEEDED", execution
    assert json.loads(execution["output"]) == "Completed 0.7"


@pytest.mark.usefixtures("states_role")
def test_a_state_machine_gets_awss_error_for_a_job_that_is_not_there(server: Server) -> None:
    execution = executed(server, "describes-none", "none")
    assert execution["error"] == "SageMaker.SageMakerException"
    assert "Requested resource not found." in execution["cause"]


@pytest.mark.usefixtures("states_role")
def test_a_state_machine_creates_and_describes_a_transform_job(server: Server) -> None:
    request = {
        "TransformJobName": "from-states",
        "ModelName": "served",
        "TransformInput": transform_input("data/train/"),
        "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/transformed"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    output = "{% $states.result.TransformJobArn %}"
    created = called(server, "creates", "createTransformJob", request, output)
    assert json.loads(created["output"]) == f"{ARN}:transform-job/from-states"
    server.transformed("from-states")
    job = {"TransformJobName": "from-states"}
    output = "{% $states.result.TransformJobStatus %}"
    described = called(server, "describes-transform", "describeTransformJob", job, output)
    assert json.loads(described["output"]) == "Completed"


def user(server: Server, name: str, action: str, resource: str) -> Any:
    """Returns a client factory of a user who may do one thing to one resource."""
    iam = server.client("iam")
    iam.create_user(UserName=name)
    allowed = {"Effect": "Allow", "Action": action, "Resource": resource}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=name, PolicyName="invoke", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return partial(
        boto3.client,
        endpoint_url=f"http://127.0.0.1:{server.port}",
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


def test_who_may_invoke_this_endpoint_may(server: Server) -> None:
    client = user(server, "allowed", "sagemaker:InvokeEndpoint", f"{ARN}:endpoint/served")
    runtime = client("sagemaker-runtime")
    assert runtime.invoke_endpoint(EndpointName="served", Body=b"x")["Body"].read() == b"[0.5, 0.5]"


def test_who_may_invoke_another_endpoint_may_not(server: Server) -> None:
    client = user(server, "denied", "sagemaker:InvokeEndpoint", f"{ARN}:endpoint/other")
    runtime = client("sagemaker-runtime")
    with pytest.raises(ClientError) as caught:
        runtime.invoke_endpoint(EndpointName="served", Body=b"x")
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert "sagemaker:InvokeEndpoint" in caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("service_name", "may"), [("sagemaker.amazonaws.com", True), ("lambda.amazonaws.com", False)]
)
def test_sagemaker_acts_as_a_role_only_for_who_may_pass_it_to_sagemaker(
    server: Server, service_name: str, may: bool
) -> None:
    name = f"modeller-{may}"
    sagemaker = user(server, name, "sagemaker:CreateModel", "*")("sagemaker")
    passing = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": ROLE,
        "Condition": {"StringEquals": {"iam:PassedToService": service_name}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [passing]})
    server.client("iam").put_user_policy(UserName=name, PolicyName="pass", PolicyDocument=document)
    model = {"ModelName": name, "ExecutionRoleArn": ROLE, "PrimaryContainer": {"Image": "image"}}
    if may:
        assert sagemaker.create_model(**model)["ModelArn"] == f"{ARN}:model/{name}"
        return
    with pytest.raises(ClientError) as caught:
        sagemaker.create_model(**model)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert f"is not authorized to perform: iam:PassRole on resource: {ROLE}" in str(caught.value)


def test_an_operation_that_is_not_here_is_awss_unknown_operation(server: Server) -> None:
    with pytest.raises(ClientError) as caught:
        server.client("sagemaker").list_notebook_instances()
    assert caught.value.response["Error"]["Code"] == "UnknownOperationException"


RESPONSES = {
    "AddTags": {"ResourceArn": f"{ARN}:endpoint/served", "Tags": [{"Key": "a", "Value": "b"}]},
    "DescribeEndpoint": {"EndpointName": "served"},
    "DescribeEndpointConfig": {"EndpointConfigName": "served"},
    "DescribeModel": {"ModelName": "served"},
    "DescribeModelPackage": {"ModelPackageName": f"{ARN}:model-package/served/1"},
    "DescribeModelPackageGroup": {"ModelPackageGroupName": "served"},
    "DescribeTrainingJob": {"TrainingJobName": "job"},
    "DescribeTransformJob": {"TransformJobName": "job"},
    "ListEndpointConfigs": {},
    "ListEndpoints": {},
    "ListModelPackageGroups": {},
    "ListModelPackages": {"ModelPackageGroupName": "served"},
    "ListModels": {},
    "ListTags": {"ResourceArn": f"{ARN}:endpoint/served"},
    "ListTrainingJobs": {},
    "ListTransformJobs": {},
}


@pytest.fixture(scope="module")
def version(server: Server) -> None:
    """A model package group of the name "served" with one version."""
    sagemaker = server.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="served")
    sagemaker.create_model_package(
        ModelPackageGroupName="served",
        InferenceSpecification={"Containers": [{"Image": "image", "ModelDataUrl": f"s3://{BUCKET}/model"}]},
    )


@pytest.mark.usefixtures("version")
@pytest.mark.parametrize("operation", sorted(RESPONSES))
def test_a_reply_as_botocore_reads_it_has_the_models_members(server: Server, operation: str) -> None:
    sagemaker = server.client("sagemaker")
    method = {name: key for key, name in sagemaker.meta.method_to_api_mapping.items()}[operation]
    reply = getattr(sagemaker, method)(**RESPONSES[operation])
    reply.pop("ResponseMetadata")
    shape = load_service_model().operation_model(operation).output_shape
    assert shape is not None
    assert list(misfits(reply, shape, operation)) == []


def misfits(value: Any, shape: Shape, path: str) -> Iterator[str]:
    """Yields what a parsed reply lacks of the model, or has beyond it."""
    if isinstance(shape, StructureShape):
        for name in set(shape.required_members) - set(value):
            yield f"{path} lacks {name}"
        for name, member in value.items():
            if name in shape.members:
                yield from misfits(member, shape.members[name], f"{path}.{name}")
            else:
                yield f"{path} has {name}"
    elif isinstance(shape, ListShape):
        for item in value:
            yield from misfits(item, shape.member, f"{path}[]")
    elif isinstance(shape, MapShape):
        for item in value.values():
            yield from misfits(item, shape.value, f"{path}{{}}")
    elif value not in shape.metadata.get("enum", [value]):
        yield f"{path} is {value}"


def test_every_operation_has_its_reply_checked_or_answers_with_an_arn_or_nothing() -> None:
    unchecked = set(api.OPERATIONS) - set(RESPONSES)
    for name in unchecked:
        shape = load_service_model().operation_model(name).output_shape
        members = list(shape.members) if shape else []
        assert members == [] or (len(members) == 1 and members[0].endswith("Arn")), name


def test_another_ministack_than_the_pinned_one_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(sts, "register_session")
    with pytest.raises(SystemExit) as caught:
        hooks.install(Place(port=1, home=tmp_path))
    assert "has no ministack.services.sts.register_session: install ministack==1.5.33" in str(caught.value)
