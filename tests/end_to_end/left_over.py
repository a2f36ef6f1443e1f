"""What is still there of an app that was destroyed."""

from tests.end_to_end.embedded_cloud import App


def left_over(app: App, bucket: str) -> list[str]:
    """Returns the names of all resources of the app that are still there."""
    cloud = app.cloud
    sagemaker = cloud.client("sagemaker")
    named = [
        *(b["Name"] for b in cloud.client("s3").list_buckets()["Buckets"] if b["Name"] == bucket),
        *(e["EndpointName"] for e in sagemaker.list_endpoints()["Endpoints"]),
        *(c["EndpointConfigName"] for c in sagemaker.list_endpoint_configs()["EndpointConfigs"]),
        *(m["ModelName"] for m in sagemaker.list_models()["Models"]),
        *(f["FunctionName"] for f in cloud.client("lambda").list_functions()["Functions"]),
        *(s["name"] for s in cloud.client("stepfunctions").list_state_machines()["stateMachines"]),
        *(
            p["Name"]
            for p in cloud.client("ssm").describe_parameters()["Parameters"]
            if p["Name"].startswith(f"/{app.name}/")
        ),
        *(r["RoleName"] for r in cloud.client("iam").list_roles()["Roles"] if app.name in r["RoleName"]),
        *(
            g["logGroupName"]
            for g in cloud.client("logs").describe_log_groups()["logGroups"]
            if app.name in g["logGroupName"] and not g["logGroupName"].startswith("/aws/sagemaker/")
        ),
    ]
    return sorted(named)
