"""Findings of cdk-nag's AwsSolutions pack that stand, each with its reason; any other fails the tests."""

# (pattern of the rule, pattern of the construct's path, why it may stand)
ACCEPTED_FINDINGS = (
    (
        r"AwsSolutions-S1",
        r"[^/]+-storage/Bucket/Resource",
        "Server access logs need a second bucket; CloudTrail's data events tell the same where needed.",
    ),
    (
        r"AwsSolutions-L1",
        r"[^/]+-(storage|training|endpoint|workflow|uploads|batch|monitoring)/(Dataset|"
        r"(Artifact)?(Start|Evaluate|Finish)|"
        r"Versions|Change|ScheduledSwitch|Serialize|Classify|Filter|Threshold|Upload|Batch|BatchSummary|Drift|"
        r"Watch)/Resource",
        "The runtime is pinned: the newest is taken when the wheels that lambdas/ lists are for it.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:s3:::<[^>]+>/"
        r"(datasets|models|evaluations|verdicts|captured|validations|reports|review|"
        r"batches|batches/\*/results|reports/drift|validations/looks)/\*\]",
        r"[^/]+-(training|endpoint|workflow|batch|monitoring)/"
        r"(Role|(Artifact)?(Evaluation|Start|Finish)Role|ThresholdRole|StateMachineRole|Batch(Summary)?Role|DriftRole)/"
        r"DefaultPolicy/Resource",
        "A prefix of the app's own bucket: the keys under it are not known beforehand.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:s3:::<[^>]+>/\*\]",
        r"[^/]+-(workflow/(Serialize|StateMachine)|batch/Batch(Summary)?|monitoring/Drift)Role/DefaultPolicy/Resource",
        "A photo may lie anywhere in the app's own bucket; all may only read.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:sagemaker:.*:training-job/scones--\*\]",
        r"[^/]+-training/(Start|Evaluate|Finish|Waiting)Role/DefaultPolicy/Resource",
        "A job's name ends in a digest of its inputs.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:sagemaker:.*:(transform-job|model)/"
        r"scones--evaluation-\*\]",
        r"[^/]+-training/((Artifact)?(Start|Evaluate|Finish)|(Evaluation)?Waiting)Role/DefaultPolicy/Resource",
        "A job's name ends in a digest of its inputs; the model that is made for it bears the same.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:sagemaker:.*:model-package/scones/\*\]",
        r"[^/]+-training/((Artifact)?(Start|Finish)|Versions)Role/DefaultPolicy/Resource",
        "The versions of this deployment's model: SageMaker counts them.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:sagemaker:.*:"
        r"(endpoint-config/\*|model/\*)\]",
        r"[^/]+-(training/(Artifact)?(Start|Finish)|endpoint/(Change|ScheduledSwitch))Role/DefaultPolicy/Resource",
        "To see which model serves: CloudFormation names configurations and models.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:states:.*:execution:scones-(training|evaluation):\*\]",
        r"[^/]+-training/(Artifact)?(Start|Evaluate)Role/DefaultPolicy/Resource",
        "Each request of CloudFormation names an execution of the one state machine.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:states:.*:execution:scones-batch(/Photos)?:\*\]",
        r"[^/]+-batch/StateMachineRole/DefaultPolicy/Resource",
        "Step Functions names the child executions of the one state machine.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:logs:.*:log-group:/aws/sagemaker/"
        r"(TrainingJobs|TransformJobs|Endpoints/scones):\*\]",
        r"[^/]+-(training|endpoint)/((Artifact)?Evaluation)?Role/DefaultPolicy/Resource",
        "SageMaker names the streams of its log groups.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:cloudwatch:.*:alarm:\*\]",
        r"[^/]+-endpoint/(Change)?Role/DefaultPolicy/Resource",
        "To tell of alarms by their names CloudWatch asks for the permission to look at all.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::\*\]",
        r"[^/]+-(training|endpoint)/((Artifact)?Evaluation)?Role/DefaultPolicy/Resource",
        "ecr:GetAuthorizationToken and cloudwatch:PutMetricData know no resources.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::\*\]",
        r"[^/]+-(storage|training|endpoint|workflow|uploads|batch|monitoring)/\w+Role/DefaultPolicy/Resource",
        "X-Ray's actions, those that set up a state machine's log delivery, and "
        "application-autoscaling:DescribeScalableTargets know no resources.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::<\w+\.Arn>:\*\]",
        r"[^/]+-(training/(Evaluation)?Waiting|workflow/StateMachine)Role/DefaultPolicy/Resource",
        "The versions of the one function named before the colon.",
    ),
)
