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
        r"[^/]+-(training|workflow)/((Artifact)?(Start|Finish)|Serialize|Classify|Filter|Threshold)/Resource",
        "The runtime is the Python that synthesises, so that what the tests ran is what is shipped.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:s3:::<[^>]+>/"
        r"(datasets|models|evaluations|captured|validations)/\*\]",
        r"[^/]+-(training|endpoint|workflow)/(Role|EvaluationRole|(Artifact)?(Start|Finish)Role|ThresholdRole)/"
        r"DefaultPolicy/Resource",
        "A prefix of the app's own bucket: the keys under it are not known beforehand.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:s3:::<[^>]+>/\*\]",
        r"[^/]+-workflow/SerializeRole/DefaultPolicy/Resource",
        "A photo may lie anywhere in the app's own bucket; the function may only read.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:sagemaker:.*:training-job/scones-\*\]",
        r"[^/]+-training/(Start|Finish|Waiting)Role/DefaultPolicy/Resource",
        "A job's name ends in a digest of its inputs.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:sagemaker:.*:(transform-job|model)/"
        r"scones-evaluation-\*\]",
        r"[^/]+-training/(ArtifactStart|ArtifactFinish|EvaluationWaiting)Role/DefaultPolicy/Resource",
        "A job's name ends in a digest of its inputs; the model that is made for it bears the same.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::arn:<AWS::Partition>:logs:.*:log-group:/aws/sagemaker/"
        r"(TrainingJobs|TransformJobs|Endpoints/scones):\*\]",
        r"[^/]+-(training|endpoint)/(Role|EvaluationRole|FinishRole)/DefaultPolicy/Resource",
        "SageMaker names the streams of its log groups.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::\*\]",
        r"[^/]+-(training|endpoint)/(Evaluation)?Role/DefaultPolicy/Resource",
        "ecr:GetAuthorizationToken and cloudwatch:PutMetricData know no resources.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::\*\]",
        r"[^/]+-(training|workflow)/\w+Role/DefaultPolicy/Resource",
        "X-Ray's actions, and those that set up a state machine's log delivery, know no resources.",
    ),
    (
        r"AwsSolutions-IAM5\[Resource::<\w+\.Arn>:\*\]",
        r"[^/]+-(training/(Evaluation)?Waiting|workflow/StateMachine)Role/DefaultPolicy/Resource",
        "The versions of the one function named before the colon.",
    ),
)
