"""An alarm of the running cloud tells a topic and the bus of its change, and answers boto3 as AWS does."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from local.cloudwatch.alarms.actions import PRINCIPAL
from tests.local.cloud_process import Cloud, eventually

#: Fails where it is told of anything else.
FUNCTION = """
def handler(event, context):
    assert event["alarmData"]["state"]["value"] == "ALARM", event
"""
STATE_CHANGE = {"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}


def count(cloud: Cloud, function: str, metric: str) -> float:
    now = datetime.now(UTC)
    points = cloud.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName=metric,
        Dimensions=[{"Name": "FunctionName", "Value": function.rpartition(":")[2]}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


def let_alarms_write(topic: str) -> dict[str, Any]:
    """Returns a topic's policy that takes nothing without TLS, and of the services CloudWatch alone."""
    at_topic = {"Action": "sns:Publish", "Resource": topic}
    region, account, name = topic.split(":")[3:]
    here = {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:{region}:{account}:alarm:{name[:-1]}*"},
    }
    plainly = {"Bool": {"aws:SecureTransport": "false"}}
    alarms = {"Service": "cloudwatch.amazonaws.com"}
    statements = [
        {**at_topic, "Effect": "Allow", "Principal": alarms, "Condition": here},
        {**at_topic, "Effect": "Deny", "Principal": "*", "Condition": plainly},
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def test_a_topic_a_function_and_a_rule_are_told_once_that_an_alarm_was_raised(cloud: Cloud) -> None:
    cloudwatch, topics, queues, events = map(cloud.client, ("cloudwatch", "sns", "sqs", "events"))
    name = f"alarm-{uuid4().hex[:12]}"
    topic = topics.create_topic(Name=name)["TopicArn"]
    topics.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(let_alarms_write(topic))
    )
    queue = queues.create_queue(QueueName=name)["QueueUrl"]
    asked = queues.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    arn = asked["Attributes"]["QueueArn"]
    allowed = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    queues.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    events.put_rule(Name=name, EventPattern=json.dumps({**STATE_CHANGE, "detail": {"alarmName": [name]}}))
    events.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    function = cloud.function(FUNCTION)
    cloud.client("lambda").add_permission(
        FunctionName=function,
        StatementId="alarms",
        Action="lambda:InvokeFunction",
        Principal=PRINCIPAL,
    )
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace=name,
        MetricName="Errors",
        Dimensions=[{"Name": "EndpointName", "Value": "scones"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic, function],
    )

    def raised() -> Any:
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return alarm if alarm["StateValue"] == "ALARM" else None

    def send(**dimensions: str) -> None:
        named = [{"Name": dimension, "Value": value} for dimension, value in dimensions.items()]
        datum = {"MetricName": "Errors", "Dimensions": named, "Value": 1}
        cloudwatch.put_metric_data(Namespace=name, MetricData=[datum])

    send(EndpointName="another")
    send(EndpointName="scones")
    alarm = eventually(raised)
    assert alarm["Dimensions"] == [{"Name": "EndpointName", "Value": "scones"}]
    told: list[Any] = []

    def both_told() -> bool:
        answer = queues.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        told.extend(json.loads(message["Body"]) for message in answer.get("Messages", ()))
        return len(told) >= 2

    eventually(both_told)
    (message,) = [one for one in told if "NewStateValue" in one]
    (event,) = [one for one in told if "detail" in one]
    assert (message["AlarmName"], message["NewStateValue"]) == (name, "ALARM")
    assert message["NewStateReason"] == event["detail"]["state"]["reason"] == alarm["StateReason"]
    eventually(lambda: count(cloud, function, "Invocations") == 1)
    assert count(cloud, function, "Errors") == 0
    cloudwatch.delete_alarms(AlarmNames=[name])


def test_a_stack_has_alarms_of_expressions_and_of_alarms(cloud: Cloud) -> None:
    cloudformation, cloudwatch = cloud.client("cloudformation"), cloud.client("cloudwatch")
    stack = f"alarms-{uuid4().hex[:12]}"
    metric = {"Namespace": stack, "MetricName": "Errors", "Dimensions": [{"Name": "App", "Value": "a"}]}
    queries = [
        {"Id": "filled", "Expression": "FILL(errors, 0)", "ReturnData": True},
        {
            "Id": "errors",
            "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"},
            "ReturnData": False,
        },
    ]
    template = {
        "Resources": {
            "Late": {
                "Type": "AWS::CloudWatch::Alarm",
                "Properties": {
                    "Metrics": queries,
                    "EvaluationPeriods": 1,
                    "Threshold": 0,
                    "ComparisonOperator": "GreaterThanThreshold",
                },
            },
            "Any": {
                "Type": "AWS::CloudWatch::CompositeAlarm",
                "Properties": {"AlarmRule": {"Fn::Sub": "ALARM(${Late})"}, "AlarmName": stack},
            },
        },
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Any", "Arn"]}}},
    }
    cloudformation.create_stack(StackName=stack, TemplateBody=json.dumps(template))
    made = cloud.settled(stack)
    assert made["StackStatus"] == "CREATE_COMPLETE", made.get("StackStatusReason")
    (composite,) = cloudwatch.describe_alarms(AlarmNames=[stack], AlarmTypes=["CompositeAlarm"])[
        "CompositeAlarms"
    ]
    assert composite["AlarmArn"] == made["Outputs"][0]["OutputValue"]
    (alarm,) = cloudwatch.describe_alarms(AlarmNamePrefix=f"{stack}-")["MetricAlarms"]
    assert alarm["Metrics"] == queries
    # Without a datum, the expression has values, and so the alarm a state.
    eventually(
        lambda: cloudwatch.describe_alarms(AlarmNamePrefix=f"{stack}-", StateValue="OK")["MetricAlarms"]
    )
    cloudformation.delete_stack(StackName=stack)
    eventually(lambda: not cloudwatch.describe_alarms(AlarmNamePrefix=stack)["MetricAlarms"])
