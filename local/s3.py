"""Completes MiniStack's ``AWS::S3::Bucket``: tags, encryption, lifecycle, and no delete of a full bucket."""

from typing import Any

from botocore.exceptions import ClientError
from ministack.services.cloudformation import provisioners, stacks

from local.clients import make_client
from local.patching import find_original, wrap

TYPE = "AWS::S3::Bucket"
Properties = dict[str, Any]


def install() -> None:
    """Replaces MiniStack's handlers of the type by ones that complete them."""
    handlers = find_original(provisioners, "_RESOURCE_HANDLERS")
    theirs = handlers[TYPE]

    def create(logical_id: str, properties: Properties, stack: str) -> tuple[str, Properties]:
        bucket, attributes = theirs["create"](logical_id, properties, stack)
        configure(bucket, properties, {})
        return bucket, attributes

    def update(bucket: str, old: Properties, new: Properties, stack: str) -> tuple[str, Properties]:
        updated, attributes = theirs["update"](bucket, old, new, stack)
        configure(updated, new, old if updated == bucket else {})
        return updated, attributes

    handlers[TYPE] = {**theirs, "create": create, "update": update, "delete": delete}
    # The handlers ask S3 itself, which answers on the event loop.
    wrap(stacks, "_runs_on_worker_thread", lambda runs_there, kind: kind == TYPE or runs_there(kind))


def configure(bucket: str, new: Properties, old: Properties) -> None:
    """Brings a bucket's tags, encryption and lifecycle from the old properties to the new."""
    s3 = make_client("s3")
    if new.get("Tags") != old.get("Tags"):
        if new.get("Tags"):
            s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": new["Tags"]})
        else:
            s3.delete_bucket_tagging(Bucket=bucket)
    if new.get("BucketEncryption") != old.get("BucketEncryption"):
        if new.get("BucketEncryption"):
            s3.put_bucket_encryption(
                Bucket=bucket, ServerSideEncryptionConfiguration=convert_encryption(new["BucketEncryption"])
            )
        else:
            s3.delete_bucket_encryption(Bucket=bucket)
    if new.get("LifecycleConfiguration") != old.get("LifecycleConfiguration"):
        if new.get("LifecycleConfiguration"):
            rules = [convert_lifecycle_rule(rule) for rule in new["LifecycleConfiguration"]["Rules"]]
            s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
        else:
            s3.delete_bucket_lifecycle(Bucket=bucket)


def delete(bucket: str, _properties: Properties) -> None:
    """Deletes a bucket.

    Raises:
        ValueError: It has contents; worded as CloudFormation shows it.
    """
    try:
        make_client("s3").delete_bucket(Bucket=bucket)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code != "NoSuchBucket":
            message = error.response["Error"]["Message"]
            raise ValueError(f"{message} (Service: S3, Status Code: 409, Error Code: {code})") from None


def convert_encryption(property_: Properties) -> Properties:
    """Returns S3's form of the property ``BucketEncryption``."""
    rules = []
    for rule in property_["ServerSideEncryptionConfiguration"]:
        by_default = dict(rule["ServerSideEncryptionByDefault"])
        if by_default["SSEAlgorithm"] == "aws:kms" and "KMSMasterKeyID" not in by_default:
            # The account's own key for S3, which MiniStack does not have: nobody can tell it from S3's.
            by_default = {"SSEAlgorithm": "AES256"}
        rules.append(
            {
                "ApplyServerSideEncryptionByDefault": by_default,
                "BucketKeyEnabled": _is_true(rule.get("BucketKeyEnabled")),
            }
        )
    return {"Rules": rules}


def convert_lifecycle_rule(rule: Properties) -> Properties:
    """Returns S3's form of one rule of the property ``LifecycleConfiguration``."""
    api: Properties = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        api["ID"] = rule["Id"]
    if "AbortIncompleteMultipartUpload" in rule:
        days = int(rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"])
        api["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    if "ExpirationInDays" in rule:
        api["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "ExpiredObjectDeleteMarker" in rule:
        marker = _is_true(rule["ExpiredObjectDeleteMarker"])
        api.setdefault("Expiration", {})["ExpiredObjectDeleteMarker"] = marker
    if "NoncurrentVersionExpiration" in rule:
        api["NoncurrentVersionExpiration"] = {
            name: int(value) for name, value in rule["NoncurrentVersionExpiration"].items()
        }
    return api


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"
