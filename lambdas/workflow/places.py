"""Where everything of a deployment lies: the bucket's keys, Parameter Store's names, SageMaker's log groups.

One home for writers, readers and the permissions of both. Standard library only: any room may read it.
"""

from collections.abc import Sequence
from hashlib import sha256

DATASETS = "datasets/"
"""Staged pictures with their lists and manifests."""
MODELS = "models/"
"""Model artifacts, a folder each."""
SUPERSEDED = {"superseded": "true"}
"""Tag of artifacts that the bucket's lifecycle may remove in time."""
CAPTURED = "captured/"
"""What the endpoint was asked and answered, as SageMaker's data capture writes it."""
INCOMING = "incoming/"
"""Photos to route that were uploaded by somebody."""
BATCHES = "batches/"
"""What belongs to batches, a folder each: photos that were uploaded for one, and what became of them."""
REVIEW = "review/"
"""Copies of photos that the filter refused: those who judge them, and training, still find them later."""
REPORTS = "reports/"
"""Published evaluations of a model."""
EVALUATIONS = "evaluations/"
"""Answers of the gate's transform jobs; the bucket's lifecycle clears them away."""
VERDICTS = "verdicts/"
"""What the gate's evaluations found, to be had again when a deploy is rolled back."""
VALIDATIONS = "validations/"
"""A model's kept answers for the validation split."""
VALIDATION_LOOKS = f"{VALIDATIONS}looks/"
"""How the validation pictures of a data set look; no model has this name."""
DRIFT_REPORTS = f"{REPORTS}drift/"
"""How far the photos of a day have drifted from the validation split."""

LATEST = "latest"
"""Value of the training stack's parameter ``ModelVersion`` until somebody goes back to a version."""
NOT_STAGED = "not-staged"
"""Value of the parameter ``dataset`` until something is staged."""

ENDPOINT_MODES = ("instance", "serverless")
"""The kinds of endpoints. SageMaker takes none from the first to the second: each has one of its own."""
SWITCH_OFF = "off"
SWITCH_ON = "on"
SWITCH_AS_SET = "as-set"
"""What the endpoint stack's parameter may be; ``/{name}/endpoint-switch`` is one of the first two."""
VARIANT = "classes-"
"""How the names of production variants begin; a digest of the classes follows."""

PHOTO_DIGITS = 32
"""How much of a SHA-256 digest is a photo's id."""

TRAINING_JOBS_LOG_GROUP = "/aws/sagemaker/TrainingJobs"
TRANSFORM_JOBS_LOG_GROUP = "/aws/sagemaker/TransformJobs"
ENDPOINTS_LOG_GROUP = "/aws/sagemaker/Endpoints"

USUAL_NAME = "scones"
"""The deployment's name unless cdk.json or ``-c`` gives another."""


def name_console(name: str) -> str:
    """Returns how commands on a deployment begin, which need its name where it is not the usual one."""
    return "python -m console" if name == USUAL_NAME else f"python -m console --name {name}"


def parameter(name: str, which: str) -> str:
    """Returns the Parameter Store name of one of a deployment's parameters, such as ``bucket``."""
    return f"/{name}/{which}"


def read_name(parameter_name: str) -> str:
    """Returns the deployment's name from the name of one of its parameters."""
    return parameter_name.split("/")[1]


def s3_uri(bucket: str, key: str) -> str:
    """Returns the S3 URI of an object or prefix."""
    return f"s3://{bucket}/{key}"


def data_set_key(data_set: str, path: str = "") -> str:
    """Returns the key of a file of a data set, by its path in it; its prefix if no path is given."""
    return f"{DATASETS}{data_set}/{path}"


def manifest_key(data_set: str) -> str:
    """Returns the key of a data set's manifest, without which the data set does not exist."""
    return data_set_key(data_set, "manifest.json")


def job_name(name: str, rest: str) -> str:
    """Returns the name of a deployment's SageMaker job.

    No deployment's name has two hyphens in a row: no other one's jobs begin as this one's do, so that
    permissions for ``job_name(name, "*")`` are for this deployment alone.
    """
    return f"{name}--{rest}"


def model_key(model: str) -> str:
    """Returns the key of a model's artifact, as a training job of that name writes it."""
    return f"{MODELS}{model}/output/model.tar.gz"


def read_model_name(model_data_url: str) -> str:
    """Returns the name of the model whose artifact lies at an S3 URI that ends in a key of ``model_key``."""
    return model_data_url.split("/")[-3]


def answers_prefix(job: str) -> str:
    """Returns the prefix under which a transform job of the gate leaves its answers."""
    return f"{EVALUATIONS}{job}/"


def verdict_key(evaluation: str) -> str:
    """Returns the key of what an evaluation found."""
    return f"{VERDICTS}{evaluation}.json"


def validation_answers_key(model: str, data_set: str) -> str:
    """Returns the key of a model's kept answers for the validation split of a data set."""
    return f"{VALIDATIONS}{model}/{data_set}.json"


def validation_looks_key(data_set: str) -> str:
    """Returns the key of how the validation pictures of a data set look."""
    return f"{VALIDATION_LOOKS}{data_set}.json"


def captured_day_prefix(endpoint: str, variant: str, day: str) -> str:
    """Returns the prefix of what data capture writes of a day, in UTC and ISO 8601."""
    return f"{CAPTURED}{endpoint}/{variant}/{day.replace('-', '/')}/"


def drift_key(day: str) -> str:
    """Returns the key of the report of how far the photos of a day have drifted, by the day in ISO 8601."""
    return f"{DRIFT_REPORTS}{day}.json"


def report_key(model: str, split: str, file: str) -> str:
    """Returns the key of a file of a published evaluation."""
    return f"{REPORTS}{model}/{split}/{file}"


def incoming_key(digest: str, file_name: str) -> str:
    """Returns the key of an uploaded photo: under a digest of its content, by its own name."""
    return f"{INCOMING}{digest}/{file_name}"


def batch_key(batch: str, file: str) -> str:
    """Returns the key of a file of a batch, such as ``summary.json``."""
    return f"{BATCHES}{batch}/{file}"


def batch_photos_prefix(batch: str) -> str:
    """Returns the prefix of the photos that were uploaded for a batch: nothing but photos lies there."""
    return batch_key(batch, "photos/")


def batch_results_prefix(batch: str) -> str:
    """Returns the prefix under which Step Functions writes the results of a batch's runs, without a slash."""
    return batch_key(batch, "results")


def identify_photo(bucket: str, key: str, version: str) -> str:
    """Returns the id of one version of an object: 32 hexadecimal digits.

    The execution that an upload starts has this name, and the table of outcomes this key. The state machine
    computes it too (stacks/parts/outcome_states.py).
    """
    return sha256(f"{bucket}/{key}?versionId={version}".encode()).hexdigest()[:PHOTO_DIGITS]


def review_key(photo: str, key: str) -> str:
    """Returns the key of the copy of a refused photo, by the photo's id and its own key."""
    return f"{REVIEW}{photo}/{key.rpartition('/')[2]}"


def endpoint_name(name: str, mode: str) -> str:
    """Returns the name of a deployment's endpoint, which is another one where it is serverless."""
    return f"{name}-{mode}" if mode == "serverless" else name


def endpoint_log_group(endpoint: str) -> str:
    """Returns the log group of an endpoint's containers."""
    return f"{ENDPOINTS_LOG_GROUP}/{endpoint}"


def name_variant(classes: Sequence[str]) -> str:
    """Returns the name of the production variant whose model knows these classes in this order.

    SageMaker tells the name with each answer, and data capture keeps answers under it. It changes with the
    classes alone: for an update that is to shift traffic step by step SageMaker wants the name kept.
    """
    return f"{VARIANT}{sha256(','.join(classes).encode()).hexdigest()[:12]}"


def tells_other_classes(variant: str, classes: Sequence[str]) -> bool:
    """Tells whether by the name of its variant a model knows other classes, or these in another order.

    A name that is none of ``name_variant``'s tells nothing.
    """
    return variant.startswith(VARIANT) and variant != name_variant(classes)


def read_captured_variant(key: str) -> str:
    """Returns the name of the variant whose answers a captured object holds; empty if its key tells none."""
    return "".join(key.removeprefix(CAPTURED).split("/")[1:2])
