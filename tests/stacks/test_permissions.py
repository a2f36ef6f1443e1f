"""What each role may do: these actions on these resources, and nothing else."""

import json
from typing import Any

from lambdas.workflow import places
from tests.stacks.synthesis import STACKS, Assembly

# Actions that know no resources, and may therefore stand with "*" (service authorization reference).
WITHOUT_RESOURCES = {
    "cloudwatch:PutMetricData",
    "ecr:GetAuthorizationToken",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def plain(value: Any) -> str:
    """Writes an ARN of a template as text, references in angle brackets."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::Join":
        return str(argument[0]).join(plain(part) for part in argument[1])
    if function == "Ref":
        for which in ("bucket", "endpoint"):
            if which in argument:
                return f"<{which}>"
        return f"<{argument.removeprefix('AWS::')}>"
    if function == "Fn::GetAtt":
        return f"<{argument[0][:-8]}>"
    return f"<{json.dumps(value)}>"


def statements(
    assembly: Assembly, stack: str, role: str, effect: str = "Allow"
) -> list[tuple[str, str, Any]]:
    """Returns (action, resource, condition) of all that the role's own policies allow, or deny."""
    allowed = []
    for policy in assembly.resources(stack, "AWS::IAM::Policy").values():
        (attached,) = policy["Properties"]["Roles"]
        if attached["Ref"][:-8] != role:
            continue
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            if statement["Effect"] != effect:
                continue
            allowed += [
                (action, plain(resource), statement.get("Condition"))
                for action in as_list(statement["Action"])
                for resource in as_list(statement["Resource"])
            ]
    assert allowed, f"no policy for {role}"
    return allowed


def beyond_logs_and_traces(assembly: Assembly, stack: str, role: str) -> set[tuple[str, str]]:
    return {
        (action, resource)
        for action, resource, _ in statements(assembly, stack, role)
        if not action.startswith(("logs:CreateLogStream", "logs:PutLogEvents", "xray:"))
    }


def test_serialize_can_only_read_the_bucket(assembly: Assembly) -> None:
    assert beyond_logs_and_traces(assembly, "workflow", "SerializeRole") == {
        ("s3:GetObject", "arn:<Partition>:s3:::<bucket>/*"),
        ("s3:ListBucket", "arn:<Partition>:s3:::<bucket>"),
    }


def test_serialize_cannot_read_what_the_deployment_keeps_for_itself(assembly: Assembly) -> None:
    denied = statements(assembly, "workflow", "SerializeRole", "Deny")
    own = (places.MODELS, places.CAPTURED, places.REPORTS, places.EVALUATIONS, places.VALIDATIONS)
    assert {(action, resource) for action, resource, _ in denied} == {
        ("s3:GetObject", f"arn:<Partition>:s3:::<bucket>/{prefix}*") for prefix in own
    }


def test_classify_can_only_call_this_endpoint(assembly: Assembly) -> None:
    assert beyond_logs_and_traces(assembly, "workflow", "ClassifyRole") == {
        ("sagemaker:InvokeEndpoint", "arn:<Partition>:sagemaker:<Region>:<AccountId>:endpoint/<endpoint>"),
    }


def test_filter_can_do_nothing_but_log(assembly: Assembly) -> None:
    assert beyond_logs_and_traces(assembly, "workflow", "FilterRole") == set()


def test_a_function_logs_to_its_own_group_alone(assembly: Assembly) -> None:
    for function in ("Serialize", "Classify", "Filter"):
        allowed = statements(assembly, "workflow", f"{function}Role")
        groups = {resource for action, resource, _ in allowed if action.startswith("logs:")}
        assert groups == {f"<{function}Logs>"}


def test_the_state_machine_can_only_invoke_the_three_functions(assembly: Assembly) -> None:
    invoked = {
        resource
        for action, resource, _ in statements(assembly, "workflow", "StateMachineRole")
        if action == "lambda:InvokeFunction"
    }
    assert invoked == {
        f"<{f}>{version}" for f in ("Serialize", "Classify", "Filter") for version in ("", ":*")
    }


def test_the_training_job_reads_data_and_writes_models(assembly: Assembly) -> None:
    allowed = statements(assembly, "training", "Role")
    of_s3 = {(action, resource) for action, resource, _ in allowed if action.startswith("s3:")}
    assert of_s3 == {
        ("s3:GetObject", "arn:<Partition>:s3:::<bucket>/datasets/*"),
        ("s3:ListBucket", "arn:<Partition>:s3:::<bucket>"),
        ("s3:PutObject", "arn:<Partition>:s3:::<bucket>/models/*"),
        ("s3:AbortMultipartUpload", "arn:<Partition>:s3:::<bucket>/models/*"),
    }
    (condition,) = [condition for action, _, condition in allowed if action == "s3:ListBucket"]
    assert condition == {"StringLike": {"s3:prefix": ["datasets/*"]}}


def test_the_endpoint_reads_models_and_writes_captured_traffic(assembly: Assembly) -> None:
    of_s3 = {
        (action, resource)
        for action, resource, _ in statements(assembly, "endpoint", "Role")
        if action.startswith("s3:") and action != "s3:ListBucket"
    }
    assert of_s3 == {
        ("s3:GetObject", "arn:<Partition>:s3:::<bucket>/models/*"),
        ("s3:PutObject", "arn:<Partition>:s3:::<bucket>/captured/*"),
        ("s3:AbortMultipartUpload", "arn:<Partition>:s3:::<bucket>/captured/*"),
    }


def test_images_are_pulled_from_the_algorithms_repository_alone(assembly: Assembly) -> None:
    for stack in ("training", "endpoint"):
        pulls = [r for a, r, _ in statements(assembly, stack, "Role") if a == "ecr:BatchGetImage"]
        assert len(pulls) == 1
        assert pulls[0].endswith(":repository/image-classification")


def test_metrics_go_to_the_namespaces_of_sagemaker_alone(assembly: Assembly) -> None:
    for stack in ("training", "endpoint"):
        allowed = statements(assembly, stack, "Role")
        (condition,) = [c for a, _, c in allowed if a == "cloudwatch:PutMetricData"]
        assert all("sagemaker" in n.lower() for n in condition["StringEquals"]["cloudwatch:namespace"])


def test_the_training_role_is_handed_to_sagemaker_alone(assembly: Assembly) -> None:
    handed = [
        (resource, condition)
        for action, resource, condition in statements(assembly, "training", "StartRole")
        if action == "iam:PassRole"
    ]
    assert handed == [("<Role>", {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}})]


def test_only_jobs_of_this_name_are_touched(assembly: Assembly) -> None:
    for role in ("StartRole", "FinishRole", "WaitingRole"):
        jobs = {
            resource
            for action, resource, _ in statements(assembly, "training", role)
            if action.startswith("sagemaker:")
        }
        assert jobs == {"arn:<Partition>:sagemaker:<Region>:<AccountId>:training-job/scones-*"}


def test_a_model_that_is_given_can_only_be_evaluated_and_copied(with_artifact: Assembly) -> None:
    job, model = (
        f"arn:<Partition>:sagemaker:<Region>:<AccountId>:{kind}/scones-evaluation-*"
        for kind in ("transform-job", "model")
    )
    bucket = "arn:<Partition>:s3:::<bucket>"
    start = beyond_logs_and_traces(with_artifact, "training", "ArtifactStartRole")
    (machine,) = [resource for action, resource in start if action == "states:StartExecution"]
    assert machine.startswith("<EvaluationWaiting")
    assert start - {("states:StartExecution", machine)} == {
        ("s3:ListBucket", bucket),
        ("s3:GetObject", "arn:<Partition>:s3:::another-bucket/trained/model.tar.gz"),
        ("s3:GetObject", f"{bucket}/datasets/*"),
        ("s3:GetObject", f"{bucket}/models/*"),
        ("s3:PutObject", f"{bucket}/models/*"),
        ("sagemaker:AddTags", model),
        ("sagemaker:CreateModel", model),
        ("sagemaker:DeleteModel", model),
        ("sagemaker:AddTags", job),
        ("sagemaker:CreateTransformJob", job),
        ("sagemaker:DescribeTransformJob", job),
        ("iam:PassRole", "<EvaluationRole>"),
    }
    finish = beyond_logs_and_traces(with_artifact, "training", "ArtifactFinishRole")
    assert finish == {
        ("s3:ListBucket", bucket),
        ("s3:GetObject", f"{bucket}/datasets/*"),
        ("s3:GetObject", f"{bucket}/evaluations/*"),
        ("s3:GetObject", f"{bucket}/models/*"),
        ("s3:PutObject", f"{bucket}/models/*"),
        ("s3:PutObjectTagging", f"{bucket}/models/*"),
        ("s3:DeleteObjectTagging", f"{bucket}/models/*"),
        ("sagemaker:DescribeTransformJob", job),
        ("sagemaker:StopTransformJob", job),
        ("sagemaker:DeleteModel", model),
    }


def test_the_evaluation_reads_data_and_models_and_writes_its_answers(with_artifact: Assembly) -> None:
    allowed = statements(with_artifact, "training", "EvaluationRole")
    bucket = "arn:<Partition>:s3:::<bucket>"
    assert {(action, resource) for action, resource, _ in allowed if action.startswith("s3:")} == {
        ("s3:GetObject", f"{bucket}/datasets/*"),
        ("s3:GetObject", f"{bucket}/models/*"),
        ("s3:ListBucket", bucket),
        ("s3:PutObject", f"{bucket}/evaluations/*"),
        ("s3:AbortMultipartUpload", f"{bucket}/evaluations/*"),
    }


def test_who_does_not_train_may_not_train_and_who_trains_may_not_transform(
    assembly: Assembly, with_artifact: Assembly
) -> None:
    for made, foreign in ((assembly, "Transform"), (with_artifact, "Training")):
        policies = json.dumps(list(made.resources("training", "AWS::IAM::Policy").values()))
        assert f"{foreign}Job" not in policies


def test_each_prefix_of_the_bucket_is_written_by_one_stack_alone(
    assembly: Assembly, with_artifact: Assembly, with_auto: Assembly
) -> None:
    writers: dict[str, set[str]] = {}
    for made in (assembly, with_artifact, with_auto):
        for stack in ("training", "endpoint", "workflow"):
            for role in made.resources(stack, "AWS::IAM::Role"):
                for action, resource, _ in statements(made, stack, role[:-8]):
                    if action == "s3:PutObject":
                        prefix = resource.removeprefix("arn:<Partition>:s3:::<bucket>/").removesuffix("*")
                        writers.setdefault(prefix, set()).add(stack)
    # Data sets, reports and photos to route are written by commands.
    assert writers == {
        places.MODELS: {"training"},
        places.EVALUATIONS: {"training"},
        places.CAPTURED: {"endpoint"},
        places.VALIDATIONS: {"workflow"},
    }


def test_no_action_is_a_wildcard_and_no_resource_either_where_there_are_any(
    assembly: Assembly, with_artifact: Assembly
) -> None:
    seen = 0
    for made, stack in (*((assembly, stack) for stack in STACKS), (with_artifact, "training")):
        for policy in made.resources(stack, "AWS::IAM::Policy").values():
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                actions = set(as_list(statement["Action"]))
                assert [action for action in actions if "*" in action] == []
                if "*" in as_list(statement["Resource"]):
                    assert actions <= WITHOUT_RESOURCES
                seen += 1
    assert seen > 20


def test_a_role_belongs_to_one_function_or_machine(assembly: Assembly) -> None:
    for stack in ("training", "workflow"):
        users = [
            plain(resource["Properties"].get("Role") or resource["Properties"]["RoleArn"])
            for kind in ("AWS::Lambda::Function", "AWS::StepFunctions::StateMachine")
            for resource in assembly.resources(stack, kind).values()
        ]
        assert len(set(users)) == len(users)
    for stack in ("training", "endpoint", "workflow"):
        for role in assembly.resources(stack, "AWS::IAM::Role").values():
            assert "ManagedPolicyArns" not in role["Properties"]
