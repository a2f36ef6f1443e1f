"""What the templates hold: how data are kept, how the model is served, how long logs stay, what is tagged."""

import json
from functools import cache
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from tests.stacks.synthesis import STACKS, Assembly


def test_the_bucket_is_private_encrypted_and_versioned(assembly: Assembly) -> None:
    bucket = assembly.only("storage", "AWS::S3::Bucket")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert "CorsConfiguration" not in bucket


def test_the_bucket_takes_no_request_without_tls(assembly: Assembly) -> None:
    statements = assembly.only("storage", "AWS::S3::BucketPolicy")["PolicyDocument"]["Statement"]
    denials = [s["Condition"] for s in statements if s["Effect"] == "Deny" and s["Action"] == "s3:*"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in denials
    assert {"NumericLessThan": {"s3:TlsVersion": 1.2}} in denials


def test_traffic_old_models_and_leftovers_are_removed_in_time(assembly: Assembly) -> None:
    rules = {
        rule["Id"]: rule
        for rule in assembly.only("storage", "AWS::S3::Bucket")["LifecycleConfiguration"]["Rules"]
    }
    assert {rule["Status"] for rule in rules.values()} == {"Enabled"}
    leftovers = rules.pop("overwritten-and-unfinished")
    assert {(rule["Prefix"], rule["ExpirationInDays"]) for rule in rules.values()} == {
        ("captured/", 30),
        ("incoming/", 30),
        ("batches/", 30),
        ("models/", 90),
        ("evaluations/", 1),
    }
    # In a versioned bucket what has expired is there until its noncurrent version is removed.
    for rule in rules.values():
        assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert rules["superseded-models"]["TagFilters"] == [{"Key": "superseded", "Value": "true"}]
    assert leftovers["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
    assert leftovers["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert "ExpirationInDays" not in leftovers


def test_data_go_with_the_stack_or_stay_as_the_setting_says(
    assembly: Assembly, otherwise_set: Assembly
) -> None:
    (bucket,) = assembly.resources("storage", "AWS::S3::Bucket").values()
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Delete"
    assert assembly.resources("storage", "Custom::S3AutoDeleteObjects")
    (bucket,) = otherwise_set.resources("storage", "AWS::S3::Bucket").values()
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    assert otherwise_set.resources("storage", "Custom::S3AutoDeleteObjects") == {}


def test_outcomes_are_billed_by_use_can_be_restored_and_forget_what_nobody_waits_for(
    assembly: Assembly, otherwise_set: Assembly
) -> None:
    table = assembly.only("storage", "AWS::DynamoDB::Table")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    (index,) = table["GlobalSecondaryIndexes"]
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["outcome", "decided_at"]
    assert index["Projection"] == {"ProjectionType": "ALL"}
    for made, policy in ((assembly, "Delete"), (otherwise_set, "Retain")):
        (resource,) = made.resources("storage", "AWS::DynamoDB::Table").values()
        assert resource["DeletionPolicy"] == policy


def test_the_bucket_tells_eventbridge_of_uploads(assembly: Assembly) -> None:
    told = assembly.only("storage", "AWS::S3::Bucket")["NotificationConfiguration"]
    assert told == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    assert assembly.resources("storage", "Custom::S3BucketNotifications") == {}


def test_stacks_talk_through_parameters_under_the_name(assembly: Assembly) -> None:
    written = {
        (stack, parameter["Properties"]["Name"])
        for stack in STACKS
        for parameter in assembly.resources(stack, "AWS::SSM::Parameter").values()
    }
    assert written == {
        ("storage", "/scones/bucket"),
        ("storage", "/scones/outcomes"),
        ("training", "/scones/model"),
        ("training", "/scones/model-dataset"),
        ("training", "/scones/model-version"),
        ("training", "/scones/training-job"),
        ("endpoint", "/scones/endpoint"),
        ("endpoint", "/scones/endpoint-config"),
        ("endpoint", "/scones/endpoint-switch"),
        ("workflow", "/scones/state-machine"),
        ("workflow", "/scones/threshold"),
        ("uploads", "/scones/dead-letters"),
        ("batch", "/scones/batch-machine"),
        ("monitoring", "/scones/alarms-topic"),
    }
    read = {
        (stack, parameter["Default"])
        for stack in STACKS
        for parameter in assembly.templates[stack].get("Parameters", {}).values()
        if parameter["Type"] == "AWS::SSM::Parameter::Value<String>"
        and parameter["Default"].startswith("/scones/")
    }
    assert read == {
        ("training", "/scones/bucket"),
        ("training", "/scones/dataset"),
        ("endpoint", "/scones/bucket"),
        ("endpoint", "/scones/model"),
        ("workflow", "/scones/bucket"),
        ("workflow", "/scones/endpoint"),
        ("workflow", "/scones/model"),
        ("workflow", "/scones/outcomes"),
        ("uploads", "/scones/bucket"),
        ("uploads", "/scones/state-machine"),
        ("batch", "/scones/bucket"),
        ("batch", "/scones/endpoint"),
        ("batch", "/scones/model"),
        ("batch", "/scones/outcomes"),
        ("batch", "/scones/threshold"),
        ("monitoring", "/scones/outcomes"),
        ("monitoring", "/scones/bucket"),
        ("monitoring", "/scones/endpoint"),
    }
    for stack in STACKS:
        outputs = assembly.templates[stack].get("Outputs", {}).values()
        assert [output for output in outputs if "Export" in output] == []


def test_no_update_of_a_stack_writes_over_the_staged_data_set(assembly: Assembly) -> None:
    # CloudFormation's own parameters are written whenever the template changes anything of them.
    parameters = assembly.resources("storage", "AWS::SSM::Parameter").values()
    assert {parameter["Properties"]["Name"] for parameter in parameters} == {
        "/scones/bucket",
        "/scones/outcomes",
    }
    (staged,) = assembly.resources("storage", "Custom::StagedDataSet").values()
    assert staged["Properties"]["Name"] == "scones"
    policies = assembly.resources("storage", "AWS::IAM::Policy")
    assert set(staged["DependsOn"]) >= {name for name in policies if name.startswith("DatasetRole")}


def test_the_training_job_takes_what_the_settings_say(assembly: Assembly) -> None:
    job = assembly.only("training", "Custom::TrainingJob")
    assert job["Classes"] == ["bicycle", "motorcycle"]
    assert json.loads(job["Hyperparameters"])["image_shape"] == "3,224,224"
    assert job["AccuracyGate"] == "0.8"
    assert int(job["ServiceTimeout"]) == 3600
    assert job["EvaluationInstanceType"] == "ml.m5.large"
    # The answer comes before CloudFormation stops waiting, after the longest training and its evaluation.
    assert int(job["MaxSeconds"]) + 240 <= int(job["MaxTrainingWaitSeconds"])
    assert int(job["MaxTrainingWaitSeconds"]) + 480 <= int(job["MaxWaitSeconds"])
    assert int(job["MaxWaitSeconds"]) <= int(job["ServiceTimeout"]) - 120


def test_nothing_that_the_job_needs_comes_after_it_or_goes_before_it(assembly: Assembly) -> None:
    (job,) = assembly.resources("training", "Custom::TrainingJob").values()
    policies = {
        name
        for name in assembly.resources("training", "AWS::IAM::Policy")
        # What empties the group of the versions goes after all of this.
        if not name.startswith("VersionsRole")
    }
    machines = set(assembly.resources("training", "AWS::StepFunctions::StateMachine"))
    assert policies | machines <= set(job["DependsOn"])


def test_a_function_that_died_before_it_answered_cloudformation_is_run_again(assembly: Assembly) -> None:
    # That is Lambda's way with events unless a configuration says otherwise.
    assert assembly.resources("training", "AWS::Lambda::EventInvokeConfig") == {}


def test_the_image_is_found_in_each_region_where_the_sdk_finds_it(
    assembly: Assembly, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Here and not above: the import takes seconds in each process that collects the tests.
    from sagemaker.core import common_utils, image_uris

    # The SDK reads all endpoints of AWS anew for each region.
    monkeypatch.setattr(common_utils, "_botocore_resolver", cache(common_utils._botocore_resolver))
    regions = image_uris.config_for_framework("image-classification")["versions"]["1"]["registries"]
    assert len(regions) > 25
    uris = {region: image_uris.retrieve("image-classification", region) for region in regions}
    assert uris["us-east-1"] == "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
    for stack in ("training", "endpoint"):
        (mapping,) = assembly.templates[stack]["Mappings"].values()
        assert {region: found["uri"] for region, found in mapping.items()} == uris
        assert {region: found["account"] for region, found in mapping.items()} == regions


def functions(assembly: Assembly) -> dict[str, dict[str, Any]]:
    """The app's own functions by name."""
    return {
        function["Properties"]["FunctionName"]: function["Properties"]
        for stack in ("storage", "training", "endpoint", "workflow", "uploads", "batch", "monitoring")
        for function in assembly.resources(stack, "AWS::Lambda::Function").values()
        if "FunctionName" in function["Properties"]
    }


def test_the_functions_know_what_they_need(assembly: Assembly) -> None:
    environments = {name: f["Environment"]["Variables"] for name, f in functions(assembly).items()}
    endpoint = environments["scones-classify"]["ENDPOINT_NAME"]
    assert assembly.templates["workflow"]["Parameters"][endpoint["Ref"]]["Default"] == "/scones/endpoint"
    assert environments["scones-classify"] == {
        "CLASSES": "bicycle,motorcycle",
        "ENDPOINT_NAME": endpoint,
        "ENDPOINT_SWITCH": "/scones/endpoint-switch",
        "POWERTOOLS_SERVICE_NAME": "scones",
    }
    assert environments["scones-filter"]["CONFIDENCE_THRESHOLD"] == "0.8"
    assert environments["scones-filter"]["CLASSES"] == "bicycle,motorcycle"
    assert not any("OTHER_CLASS" in environment for environment in environments.values())


def test_the_functions_that_leave_the_other_class_out_know_it(with_other_class: Assembly) -> None:
    environments = {name: f["Environment"]["Variables"] for name, f in functions(with_other_class).items()}
    knowing = {name: each["CLASSES"] for name, each in environments.items() if "OTHER_CLASS" in each}
    assert knowing == dict.fromkeys(
        ("scones-filter", "scones-batch", "scones-drift"), "bicycle,motorcycle,other"
    )


def test_every_function_logs_json_to_a_group_of_its_own_and_is_traced(
    assembly: Assembly, with_artifact: Assembly, with_auto: Assembly
) -> None:
    for made in (assembly, with_artifact, with_auto):
        described = functions(made)
        assert {"scones-serialize", "scones-classify", "scones-filter"} < described.keys()
        groups = [json.dumps(f["LoggingConfig"]["LogGroup"]) for f in described.values()]
        assert len(set(groups)) == len(groups)
        for function in described.values():
            assert function["LoggingConfig"]["LogFormat"] == "JSON"
            assert function["TracingConfig"] == {"Mode": "Active"}


@pytest.mark.parametrize(
    "stack", ["storage", "training", "endpoint", "workflow", "uploads", "batch", "monitoring"]
)
def test_every_log_is_forgotten_and_goes_with_its_stack(assembly: Assembly, stack: str) -> None:
    groups = assembly.resources(stack, "AWS::Logs::LogGroup").values()
    logging = ("AWS::Lambda::Function", "AWS::StepFunctions::StateMachine")
    assert len(groups) == sum(len(assembly.resources(stack, kind)) for kind in logging)
    for group in groups:
        assert group["Properties"]["RetentionInDays"] == 30
        assert group["DeletionPolicy"] == "Delete"


def can_be_tagged(resource_type: str) -> bool:
    """Returns whether CloudFormation's schema of a type of resources has tags."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
    return "Tags" in schema.get("properties", {})


def test_everything_that_can_be_is_tagged_with_the_project(
    assembly: Assembly, with_artifact: Assembly, with_auto: Assembly
) -> None:
    taggable = {
        (stack, name): resource["Properties"].get("Tags")
        for made in (assembly, with_artifact, with_auto)
        for stack in STACKS
        for name, resource in made.templates[stack]["Resources"].items()
        # The CDK tags all but the function, with its role, that empties the bucket.
        if can_be_tagged(resource["Type"]) and not name.startswith("CustomS3AutoDeleteObjects")
    }
    assert {stack for stack, _ in taggable} == set(STACKS)
    for name, tags in taggable.items():
        # Parameters have a map in place of the list.
        values = tags if isinstance(tags, dict) else {tag["Key"]: tag["Value"] for tag in tags or []}
        assert values.get("project") == "scones", name


def test_a_person_is_told_what_was_made(assembly: Assembly) -> None:
    assert {stack: sorted(assembly.templates[stack].get("Outputs", {})) for stack in STACKS} == {
        "storage": ["BucketName"],
        "training": ["ModelDataUrl", "TrainingJobName", "ValidationAccuracy"],
        "endpoint": ["EndpointName", "EndpointSettings", "ModelDataUrl"],
        "workflow": ["ConfidenceThreshold", "StateMachineArn", "StateMachineConsole"],
        "uploads": [],
        "batch": [],
        "monitoring": [],
    }


def test_two_copies_share_no_name(assembly: Assembly, otherwise_set: Assembly) -> None:
    for stack in STACKS:
        # The source of events begins with the project's own name, whatever the copy's.
        text = json.dumps(otherwise_set.templates[stack]).replace("scones.other", "")
        assert "scones" not in text
        assert json.dumps(assembly.templates[stack]).count("scones") > 0
