"""What each role may do: these actions on these resources, and nothing else."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from lambdas.workflow import places
from tests.stacks.synthesis import STACKS, Assembly

# Actions that know no resources, and may therefore stand with "*" (service authorization reference).
WITHOUT_RESOURCES = {
    "application-autoscaling:DescribeScalableTargets",
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
        for which in ("bucket", "endpoint", "outcomes"):
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
        ("s3:GetObjectVersion", "arn:<Partition>:s3:::<bucket>/*"),
        ("s3:ListBucket", "arn:<Partition>:s3:::<bucket>"),
    }


def test_the_staged_data_set_can_be_made_and_removed_but_not_read(assembly: Assembly) -> None:
    parameter = "arn:<Partition>:ssm:<Region>:<AccountId>:parameter/scones/dataset"
    assert beyond_logs_and_traces(assembly, "storage", "DatasetRole") == {
        ("ssm:AddTagsToResource", parameter),
        ("ssm:DeleteParameter", parameter),
        ("ssm:PutParameter", parameter),
    }


@pytest.mark.parametrize(
    ("stack", "role"),
    [
        ("workflow", "SerializeRole"),
        ("workflow", "StateMachineRole"),
        ("batch", "BatchRole"),
        ("batch", "BatchSummaryRole"),
    ],
)
def test_no_photo_is_read_where_the_deployment_keeps_what_is_its_own(
    assembly: Assembly, stack: str, role: str
) -> None:
    denied = statements(assembly, stack, role, "Deny")
    prefixes = {value for value in vars(places).values() if isinstance(value, str) and value.endswith("/")}
    # Those that lie in another are refused with it.
    prefixes = {prefix for prefix in prefixes if prefix.count("/") == 1}
    own = prefixes - {places.DATASETS, places.INCOMING, places.BATCHES, places.REVIEW}
    assert {places.MODELS, places.CAPTURED} < own
    assert {(action, resource) for action, resource, _ in denied} == {
        (action, f"arn:<Partition>:s3:::<bucket>/{prefix}*")
        for action in ("s3:GetObject", "s3:GetObjectVersion")
        for prefix in own
    }


def test_classify_can_only_call_the_endpoint_of_either_mode_and_see_whether_it_is_off(
    assembly: Assembly,
) -> None:
    switch = "arn:<Partition>:ssm:<Region>:<AccountId>:parameter/scones/endpoint-switch"
    assert beyond_logs_and_traces(assembly, "workflow", "ClassifyRole") == {
        ("sagemaker:InvokeEndpoint", f"arn:<Partition>:sagemaker:<Region>:<AccountId>:endpoint/{endpoint}")
        for endpoint in ("scones", "scones-serverless")
    } | {("ssm:GetParameter", switch)}


def test_whoever_looks_at_an_update_of_the_endpoint_can_change_nothing(assembly: Assembly) -> None:
    # Asked of alarms by name, CloudWatch wants the permission for all.
    watched = {("cloudwatch:DescribeAlarms", "arn:<Partition>:cloudwatch:<Region>:<AccountId>:alarm:*")}
    assert beyond_logs_and_traces(assembly, "endpoint", "ChangeRole") == watched | {
        ("application-autoscaling:DescribeScalableTargets", "*"),
        ("sagemaker:DescribeEndpoint", f"{SAGEMAKER}:endpoint/scones"),
        ("sagemaker:DescribeEndpointConfig", f"{SAGEMAKER}:endpoint-config/*"),
        ("sagemaker:DescribeModel", f"{SAGEMAKER}:model/*"),
    }
    # SageMaker looks at the alarms in the model's role.
    assert watched <= beyond_logs_and_traces(assembly, "endpoint", "Role")


def test_the_schedule_can_call_its_function_which_can_update_its_own_stack_alone(
    with_auto: Assembly,
) -> None:
    assert beyond_logs_and_traces(with_auto, "endpoint", "ScheduleRole") == {
        ("lambda:InvokeFunction", "<ScheduledSwitch>")
    }
    read = {
        parameter["Default"]
        for parameter in with_auto.templates["endpoint"]["Parameters"].values()
        if parameter["Type"].startswith("AWS::SSM::Parameter::Value")
    }
    assert {"/scones/bucket", "/scones/model"} < read
    place = "arn:<Partition>:ssm:<Region>:<AccountId>:parameter"
    assert beyond_logs_and_traces(with_auto, "endpoint", "ScheduledSwitchRole") == LOOKS_AT_WHAT_SERVES | {
        ("cloudformation:UpdateStack", "<StackId>"),
        ("ssm:GetParameter", f"{place}/scones/model"),
        # In the name of who updates a stack CloudFormation looks its parameters up.
        *(("ssm:GetParameters", f"{place}{name}") for name in read),
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


def test_the_state_machine_keeps_outcomes_tells_them_and_copies_photos_for_review(assembly: Assembly) -> None:
    allowed = statements(assembly, "workflow", "StateMachineRole")
    others = {
        (action, resource, json.dumps(condition))
        for action, resource, condition in allowed
        if not action.startswith(("lambda:", "logs:", "xray:"))
    }
    of_this_name = json.dumps({"StringEquals": {"events:source": "scones.scones"}})
    assert others == {
        ("dynamodb:PutItem", "arn:<Partition>:dynamodb:<Region>:<AccountId>:table/<outcomes>", "null"),
        ("events:PutEvents", "arn:<Partition>:events:<Region>:<AccountId>:event-bus/default", of_this_name),
        ("s3:GetObject", "arn:<Partition>:s3:::<bucket>/*", "null"),
        ("s3:GetObjectVersion", "arn:<Partition>:s3:::<bucket>/*", "null"),
        ("s3:PutObject", "arn:<Partition>:s3:::<bucket>/review/*", "null"),
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


def test_a_role_is_handed_to_sagemaker_alone_by_whom_needs_to(
    assembly: Assembly, with_artifact: Assembly
) -> None:
    handed = {
        (role[:-8], resource, json.dumps(condition))
        for made in (assembly, with_artifact)
        for role in made.resources("training", "AWS::IAM::Role")
        for action, resource, condition in statements(made, "training", role[:-8])
        if action == "iam:PassRole"
    }
    to_sagemaker = json.dumps({"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}})
    assert handed == {
        ("StartRole", "<Role>", to_sagemaker),
        ("EvaluateRole", "<EvaluationRole>", to_sagemaker),
        ("ArtifactEvaluateRole", "<ArtifactEvaluationRole>", to_sagemaker),
    }


def test_sagemaker_step_functions_and_scheduler_get_a_role_for_what_this_account_runs_alone(
    assembly: Assembly, with_artifact: Assembly, with_auto: Assembly
) -> None:
    services = []
    for made, stack in (
        *((assembly, stack) for stack in STACKS if stack != "endpoint"),
        *((with_artifact, "training"), (with_auto, "endpoint")),
    ):
        for role in made.resources(stack, "AWS::IAM::Role").values():
            (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
            service = statement["Principal"]["Service"]
            if service != "lambda.amazonaws.com":
                services.append(service)
                assert statement["Condition"] == {
                    "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
                }
    assert sorted(services) == [
        *4 * ["sagemaker.amazonaws.com"],
        "scheduler.amazonaws.com",
        *4 * ["states.amazonaws.com"],
    ]


STATE_MACHINE = "AWS::StepFunctions::StateMachine"
BUCKET = "arn:<Partition>:s3:::<bucket>"
SAGEMAKER = "arn:<Partition>:sagemaker:<Region>:<AccountId>"
TRANSFORM_JOB, EVALUATED = (f"{SAGEMAKER}:{kind}/scones--evaluation-*" for kind in ("transform-job", "model"))
TRAINING_JOB = f"{SAGEMAKER}:training-job/scones--*"
GROUP, VERSIONS = f"{SAGEMAKER}:model-package-group/scones", f"{SAGEMAKER}:model-package/scones/*"
LISTS_VERSIONS = {
    ("sagemaker:ListModelPackages", GROUP),
    ("sagemaker:ListModelPackages", VERSIONS),
}
READS_VERSIONS = {*LISTS_VERSIONS, ("sagemaker:DescribeModelPackage", VERSIONS)}
LOOKS_AT_WHAT_SERVES = {
    ("ssm:GetParameter", "arn:<Partition>:ssm:<Region>:<AccountId>:parameter/scones/endpoint"),
    ("sagemaker:DescribeEndpoint", f"{SAGEMAKER}:endpoint/scones"),
    ("sagemaker:DescribeEndpoint", f"{SAGEMAKER}:endpoint/scones-serverless"),
    ("sagemaker:DescribeEndpointConfig", f"{SAGEMAKER}:endpoint-config/*"),
    ("sagemaker:DescribeModel", f"{SAGEMAKER}:model/*"),
}
KEEPS_MODELS = {
    *READS_VERSIONS,
    ("sagemaker:CreateModelPackage", GROUP),
    ("sagemaker:CreateModelPackage", VERSIONS),
    ("sagemaker:UpdateModelPackage", VERSIONS),
    ("s3:DeleteObjectTagging", f"{BUCKET}/models/*"),
    ("s3:GetObject", f"{BUCKET}/models/*"),
    ("s3:GetObjectTagging", f"{BUCKET}/models/*"),
    ("s3:PutObject", f"{BUCKET}/models/*"),
    ("s3:PutObjectTagging", f"{BUCKET}/models/*"),
    *LOOKS_AT_WHAT_SERVES,
}
ENDS_EVALUATIONS = {
    ("sagemaker:DeleteModel", EVALUATED),
    ("sagemaker:DescribeTransformJob", TRANSFORM_JOB),
    ("sagemaker:StopTransformJob", TRANSFORM_JOB),
}
STARTS_EVALUATIONS = {
    ("sagemaker:AddTags", EVALUATED),
    ("sagemaker:CreateModel", EVALUATED),
    ("sagemaker:AddTags", TRANSFORM_JOB),
    ("sagemaker:CreateTransformJob", TRANSFORM_JOB),
}
FINISHES = {
    ("s3:ListBucket", BUCKET),
    ("s3:GetObject", f"{BUCKET}/datasets/*"),
    ("s3:GetObject", f"{BUCKET}/evaluations/*"),
    ("s3:GetObject", f"{BUCKET}/validations/*"),
    ("s3:PutObject", f"{BUCKET}/validations/*"),
    ("s3:PutObject", f"{BUCKET}/verdicts/*"),
}


def waits(made: Assembly, name: str) -> set[tuple[str, str]]:
    """What starts and ends the executions of the state machine of a name."""
    (machine,) = (f"<{state_machine}>" for state_machine in made.resources("training", STATE_MACHINE))
    executions = f"arn:<Partition>:states:<Region>:<AccountId>:execution:{name}:*"
    return {
        ("s3:ListBucket", BUCKET),
        ("s3:GetObject", f"{BUCKET}/datasets/*"),
        ("s3:GetObject", f"{BUCKET}/validations/*"),
        ("s3:GetObject", f"{BUCKET}/verdicts/*"),
        ("states:StartExecution", machine),
        ("states:ListExecutions", machine),
        ("states:DescribeExecution", executions),
        ("states:StopExecution", executions),
    }


def test_a_model_that_is_trained_can_only_be_trained_and_evaluated(assembly: Assembly) -> None:
    start, evaluate, finish = (
        beyond_logs_and_traces(assembly, "training", f"{step}Role")
        for step in ("Start", "Evaluate", "Finish")
    )
    stops_training = {
        ("sagemaker:DescribeTrainingJob", TRAINING_JOB),
        ("sagemaker:StopTrainingJob", TRAINING_JOB),
    }
    starts_training = {
        ("sagemaker:AddTags", TRAINING_JOB),
        ("sagemaker:CreateTrainingJob", TRAINING_JOB),
        ("iam:PassRole", "<Role>"),
    }
    expected = waits(assembly, "scones-training") | KEEPS_MODELS | ENDS_EVALUATIONS
    assert start == expected | stops_training | starts_training
    executions = "arn:<Partition>:states:<Region>:<AccountId>:execution:scones-training:*"
    assert evaluate == STARTS_EVALUATIONS | ENDS_EVALUATIONS | {
        ("sagemaker:DescribeTrainingJob", TRAINING_JOB),
        ("states:DescribeExecution", executions),
        ("iam:PassRole", "<EvaluationRole>"),
    }
    assert finish == FINISHES | KEEPS_MODELS | ENDS_EVALUATIONS | stops_training


def test_a_model_that_is_given_can_only_be_evaluated_and_copied(with_artifact: Assembly) -> None:
    start, evaluate, finish = (
        beyond_logs_and_traces(with_artifact, "training", f"Artifact{step}Role")
        for step in ("Start", "Evaluate", "Finish")
    )
    assert start == waits(with_artifact, "scones-evaluation") | KEEPS_MODELS | ENDS_EVALUATIONS | {
        ("s3:GetObject", "arn:<Partition>:s3:::another-bucket/trained/model.tar.gz")
    }
    executions = "arn:<Partition>:states:<Region>:<AccountId>:execution:scones-evaluation:*"
    assert evaluate == STARTS_EVALUATIONS | ENDS_EVALUATIONS | {
        ("states:DescribeExecution", executions),
        ("iam:PassRole", "<ArtifactEvaluationRole>"),
    }
    assert finish == FINISHES | KEEPS_MODELS | ENDS_EVALUATIONS


def test_versions_are_deleted_by_their_own_function_alone(
    assembly: Assembly, with_artifact: Assembly
) -> None:
    for made in (assembly, with_artifact):
        assert beyond_logs_and_traces(made, "training", "VersionsRole") == {
            *LISTS_VERSIONS,
            ("sagemaker:DeleteModelPackage", VERSIONS),
        }
        for role in made.resources("training", "AWS::IAM::Role"):
            deletes = "sagemaker:DeleteModelPackage" in json.dumps(statements(made, "training", role[:-8]))
            assert deletes == (role[:-8] == "VersionsRole")


def test_the_state_machine_looks_at_the_jobs_of_this_name_alone(
    assembly: Assembly, with_artifact: Assembly
) -> None:
    def looked_at(made: Assembly, role: str) -> set[tuple[str, str]]:
        allowed = beyond_logs_and_traces(made, "training", role)
        return {(action, resource) for action, resource in allowed if action.startswith("sagemaker:")}

    transform = ("sagemaker:describeTransformJob", TRANSFORM_JOB)
    training = ("sagemaker:describeTrainingJob", TRAINING_JOB)
    assert looked_at(assembly, "WaitingRole") == {training, transform}
    assert looked_at(with_artifact, "EvaluationWaitingRole") == {transform}


def test_the_evaluation_reads_data_and_models_and_writes_its_answers(
    assembly: Assembly, with_artifact: Assembly
) -> None:
    for made, role in ((assembly, "EvaluationRole"), (with_artifact, "ArtifactEvaluationRole")):
        allowed = statements(made, "training", role)
        assert {(action, resource) for action, resource, _ in allowed if action.startswith("s3:")} == {
            ("s3:GetObject", f"{BUCKET}/datasets/*"),
            ("s3:GetObject", f"{BUCKET}/models/*"),
            ("s3:ListBucket", BUCKET),
            ("s3:PutObject", f"{BUCKET}/evaluations/*"),
            ("s3:AbortMultipartUpload", f"{BUCKET}/evaluations/*"),
        }


def test_no_job_of_a_deployment_is_touched_whose_name_begins_as_this_ones_does(
    assembly: Assembly, with_artifact: Assembly
) -> None:
    touched = 0
    for made in (assembly, with_artifact):
        for role in made.resources("training", "AWS::IAM::Role"):
            for action, resource, _ in statements(made, "training", role[:-8]):
                if not action.startswith("sagemaker:") or resource.endswith(
                    (":model/*", ":endpoint-config/*")
                ):
                    continue
                touched += 1
                for kind in ("training-job", "transform-job", "model", "endpoint"):
                    for name in (
                        places.job_name("scones-b", "0123456789ab"),
                        places.job_name("scones-evaluation-b", "evaluation-0123456789ab"),
                        "scones-b",
                    ):
                        assert not fnmatchcase(f"{SAGEMAKER}:{kind}/{name}", resource), action
    assert touched > 20


def test_who_does_not_train_may_not_train(with_artifact: Assembly) -> None:
    policies = json.dumps(list(with_artifact.resources("training", "AWS::IAM::Policy").values()))
    assert "TrainingJob" not in policies


def test_each_prefix_of_the_bucket_is_written_by_those_stacks_alone_that_make_what_lies_there(
    assembly: Assembly, with_artifact: Assembly, with_auto: Assembly
) -> None:
    writers: dict[str, set[str]] = {}
    for made in (assembly, with_artifact, with_auto):
        for stack in ("training", "endpoint", "workflow", "batch"):
            for role in made.resources(stack, "AWS::IAM::Role"):
                for action, resource, _ in statements(made, stack, role[:-8]):
                    if action == "s3:PutObject":
                        prefix = resource.removeprefix("arn:<Partition>:s3:::<bucket>/").removesuffix("*")
                        writers.setdefault(prefix, set()).add(stack)
    # Data sets, reports and photos to route are written by commands.
    assert writers == {
        places.MODELS: {"training"},
        places.EVALUATIONS: {"training"},
        places.VERDICTS: {"training"},
        places.CAPTURED: {"endpoint"},
        places.VALIDATIONS: {"training"},
        places.REVIEW: {"workflow", "batch"},
        places.BATCHES: {"batch"},
        f"{places.BATCHES}*/results/": {"batch"},
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
    for stack in ("training", "workflow", "batch"):
        users = [
            plain(resource["Properties"].get("Role") or resource["Properties"]["RoleArn"])
            for kind in ("AWS::Lambda::Function", "AWS::StepFunctions::StateMachine")
            for resource in assembly.resources(stack, kind).values()
        ]
        assert len(set(users)) == len(users)
    for stack in ("training", "endpoint", "workflow", "batch"):
        for role in assembly.resources(stack, "AWS::IAM::Role").values():
            assert "ManagedPolicyArns" not in role["Properties"]


def test_the_document_on_permissions_names_each_role(
    assembly: Assembly, with_auto: Assembly, with_artifact: Assembly
) -> None:
    document = (Path(__file__).resolve().parents[2] / "docs" / "permissions.md").read_text()
    rows = [re.match(r"\| (\w+) \| (.*?) \| ", line) for line in document.splitlines()]
    told = {(row[1], name) for row in rows if row for name in re.findall(r"`(\w+)`", row[2])}
    # The last eight characters of a logical id are a digest.
    roles = {
        (stack, role[:-8])
        for synthesised in (assembly, with_auto, with_artifact)
        for stack in STACKS
        for role in synthesised.resources(stack, "AWS::IAM::Role")
    }
    assert {row for row in told if row[1].endswith("Role")} == roles
