"""The labels that people gave: all of them, and how many the model in service was not trained on."""

import json
from collections.abc import Iterator

from console.model_in_service import find_training_data
from console.reviews.errors import MalformedOutcome
from console.reviews.photos import Judged, read_judged
from console.reviews.table import OutcomeTable
from evaluation.deployment import Deployment, NotDeployed
from lambdas.workflow import outcomes, places
from stacks.configuration.settings import read_cdk_json


def list_labelled(deployment: Deployment) -> Iterator[Judged | MalformedOutcome]:
    """Yields each photo that a person gave a class, the first one first; an error for an item that is none.

    Raises:
        NotDeployed, TableBusy: As ``OutcomeTable`` says.
    """
    for item in OutcomeTable(deployment).query(outcomes.ROUTED_BY_REVIEW):
        try:
            yield read_judged(item)
        except MalformedOutcome as error:
            yield error


def suggest_retraining(deployment: Deployment) -> str | None:
    """Returns a line that says how many labels have come since the last training, if it is time to say so.

    It is time from the setting ``retrain_after_labels`` on, in cdk.json, where 0 stands for never.

    Raises:
        SettingError: cdk.json cannot be read, or a setting in it is wrong.
        TableBusy: The table is throttled.
    """
    settings = read_cdk_json()
    if not settings.retrain_after_labels or not settings.labels_in_training:
        return None
    try:
        count = count_untrained_labels(deployment)
    except NotDeployed:
        return None
    if count is None or count < settings.retrain_after_labels:
        return None
    return f"{count} label{'s' if count > 1 else ''} since the last training: `make deploy` retrains"


def count_untrained_labels(deployment: Deployment) -> int | None:
    """Returns how many labels are news to the model in service; None if no training job here made it.

    News is what the manifest of its data set does not name: neither as a training picture with this label,
    nor as one that staging had to leave out and would leave out again.

    Raises:
        NotDeployed: There is no endpoint, no table, or the data set is gone.
        TableBusy: The table is throttled.
    """
    data_set = find_training_data(deployment, deployment.find_endpoint())
    if data_set is None:
        return None
    s3 = deployment.client("s3")
    try:
        answer = s3.get_object(Bucket=deployment.bucket, Key=places.manifest_key(data_set))
    except s3.exceptions.NoSuchKey:
        raise NotDeployed(f"The data set {data_set} of the model in service is gone") from None
    # data_staging/dataset.py has the format.
    source = json.load(answer["Body"])["source"]
    known = {(entry["photo"], entry["label"]) for entry in source.get("labelled", {}).values()}
    left_out = source.get("labelled_left_out", {})
    return sum(
        isinstance(judged, Judged)
        and (judged.photo, judged.label) not in known
        and judged.photo not in left_out
        for judged in list_labelled(deployment)
    )
