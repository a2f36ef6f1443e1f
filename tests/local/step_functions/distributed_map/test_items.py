"""The items of a distributed Map state come from its input or from S3, and are selected as it says."""

import gzip
import json
from typing import Any

from tests.local.cloud_process import Cloud
from tests.local.step_functions.distributed_map.maps import (
    await_end,
    find_run,
    make_bucket,
    map_state,
    may_read,
    output_of,
    run,
)
from tests.local.step_functions.test_history import history
from tests.local.step_functions.test_redrive import redrive

SELECTED = {"value.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index", "source.$": "$$.Map.Item.Source"}
LIST = "arn:aws:states:::s3:listObjectsV2"
GET = "arn:aws:states:::s3:getObject"


def get(bucket: str, key: str, **config: Any) -> Any:
    arguments = {"Bucket": bucket, "Key": key}
    return {"ItemReader": {"Resource": GET, "Arguments": arguments, "ReaderConfig": config}}


def test_items_of_the_input_are_selected_in_jsonpath_and_the_result_takes_its_place(cloud: Cloud) -> None:
    state = map_state(
        ItemsPath="$.items",
        ItemSelector={**SELECTED, "all.$": "$.all"},
        MaxConcurrencyPath="$.most",
        ResultSelector={"first.$": "$[0]"},
        ResultPath="$.result",
        OutputPath="$.result",
    )
    given = {"given": {"items": ["a", "b"], "all": 1, "most": 2}}
    ended = run(cloud, {**state, "InputPath": "$.given"}, given, language="JSONPath")
    wanted = {"value": "a", "index": 0, "source": "STATE_DATA", "all": 1}
    assert output_of(ended) == {"first": wanted}
    assert find_run(cloud, ended["executionArn"])["maxConcurrency"] == 2
    started = history(cloud, ended)[2]["mapStateStartedEventDetails"]
    assert started == {"length": 2}


def test_items_of_an_expression_are_selected_in_jsonata_and_assigned(cloud: Cloud) -> None:
    selector = "{% $states.context.Map.Item.Value & $states.input.end %}"
    state = map_state(
        Items="{% $states.input.items[$ != 'b'] %}",
        ItemSelector=selector,
        Assign={"kept": "{% $states.result[0] %}"},
        Output={"all": "{% $states.result %}", "counted": "{% $count($states.result) %}"},
    )
    ended = run(cloud, state, {"items": ["a", "b", "c"], "end": "!"})
    assert output_of(ended) == {"all": ["a!", "c!"], "counted": 2}


def test_an_object_is_taken_apart_into_pairs(cloud: Cloud) -> None:
    assert output_of(run(cloud, map_state(), {"a": 1, "b": [2]})) == [
        {"Key": "a", "Value": 1},
        {"Key": "b", "Value": [2]},
    ]


def test_items_are_read_from_an_object_up_to_as_many_as_are_wanted(cloud: Cloud) -> None:
    bucket = make_bucket(cloud, data="a,b\n1,2\n3,4\n5,6\n")
    selector = "{% $states.context.Map.Item.Value.a & $states.context.Map.Item.Source %}"
    reader = get(bucket, "data", InputType="CSV", MaxItems="{% $states.input.most %}")
    ended = run(cloud, map_state(ItemSelector=selector, **reader), {"most": 2}, may_read(bucket))
    assert output_of(ended) == [f"{first}S3://{bucket}/data" for first in (1, 3)]
    assert history(cloud, ended)[2]["mapStateStartedEventDetails"] == {"length": 0}


def test_objects_are_listed_page_by_page_or_read_one_after_another(cloud: Cloud) -> None:
    bucket = make_bucket(
        cloud, **{"in/a.jsonl": '"a"\n"b"\n', "in/b.jsonl": '"c"', "in/empty/": "", "out": "x"}
    )
    listing = {"Resource": LIST, "Parameters": {"Bucket": bucket, "Prefix.$": "$.prefix"}}
    state = map_state(ItemReader=listing, ItemSelector=SELECTED)
    listed = output_of(run(cloud, state, {"prefix": "in/"}, may_read(bucket), language="JSONPath"))
    assert [each["value"]["Key"] for each in listed] == ["in/a.jsonl", "in/b.jsonl", "in/empty/"]
    assert {each["source"] for each in listed} == {f"S3://{bucket}"}
    first = listed[0]["value"]
    assert first.keys() == {"Etag", "Key", "LastModified", "Size", "StorageClass"}
    assert (first["Size"], first["StorageClass"], type(first["LastModified"])) == (8, "STANDARD", int)

    listing["ReaderConfig"] = {"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN"}
    read = output_of(run(cloud, state, {"prefix": "in/"}, may_read(bucket), language="JSONPath"))
    assert [each["value"] for each in read] == ["a", "b", "c"]
    assert [each["source"] for each in read] == [f"S3://{bucket}/in/{name}.jsonl" for name in "aab"]


def test_an_inventory_names_its_objects_in_files_of_its_own(cloud: Cloud) -> None:
    manifest = {
        "destinationBucket": "",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key",
        "files": [{"key": "data.csv.gz"}],
    }
    bucket = make_bucket(cloud, **{"data.csv.gz": gzip.compress(b'"photos","a.png"\n"photos","b.png"\n')})
    manifest["destinationBucket"] = f"arn:aws:s3:::{bucket}"
    cloud.client("s3").put_object(Bucket=bucket, Key="manifest.json", Body=json.dumps(manifest))
    state = map_state(**get(bucket, "manifest.json", InputType="MANIFEST"))
    assert output_of(run(cloud, state, {}, may_read(bucket))) == [
        {"Bucket": "photos", "Key": "a.png"},
        {"Bucket": "photos", "Key": "b.png"},
    ]


def test_what_cannot_be_read_fails_the_map_run_and_a_redrive_reads_it_anew(cloud: Cloud) -> None:
    bucket = make_bucket(cloud)
    reader = get(bucket, "data", InputType="JSON")
    ended = run(cloud, map_state(**reader), {}, may_read(bucket))
    assert ended["error"] == "States.ItemReaderFailed"
    assert ended["cause"] == (
        "The specified key does not exist. (Service: Amazon S3; Status Code: 404; Error Code: NoSuchKey)"
    )
    assert find_run(cloud, ended["executionArn"])["status"] == "FAILED"
    cloud.client("s3").put_object(Bucket=bucket, Key="data", Body='["a"]')
    redrive(cloud, ended["executionArn"])
    assert output_of(await_end(cloud, ended["executionArn"])) == ["a"]


def test_what_the_role_may_not_read_is_not_read(cloud: Cloud) -> None:
    bucket = make_bucket(cloud, data='["a"]')
    ended = run(cloud, map_state(**get(bucket, "data", InputType="JSON")), {})
    assert ended["error"] == "States.ItemReaderFailed"
    assert "is not authorized to perform: s3:GetObject" in ended["cause"]
    assert "Error Code: AccessDenied" in ended["cause"]
