"""Which of SageMaker's quotas a deploy of the settings takes, and how much of each."""

from dataclasses import dataclass

from stacks.configuration.endpoint import SERVERLESS_CONCURRENCY
from stacks.configuration.settings import Settings

CONCURRENCY = "Maximum total concurrency that can be allocated across all serverless endpoints"
"""The quota of all serverless endpoints together."""
INSTANCES_PER_TRAINING_JOB = "Maximum number of instances per training job"
TRAINING, TRANSFORM, ENDPOINT = "training job", "transform job", "endpoint"


@dataclass(frozen=True)
class Need:
    """What is asked of a quota.

    Attributes:
        quota: Name of the quota.
        asked: How much has to be free of it, in instances or calls at a time.
        at_first: How much of that a first deploy takes; an update of the endpoint takes all of it.
        use: What it is asked for: a training job, a transform job or an endpoint.
    """

    quota: str
    asked: int
    at_first: int
    use: str


def list_needs(settings: Settings) -> list[Need]:
    """Returns what a deploy asks of quotas, in the order in which it does.

    An update of an endpoint starts new instances before it ends the former ones:
    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html
    """
    needs = []
    if not settings.model_artifact:
        spot = "spot " if settings.training_mode == "spot" else ""
        name = f"{settings.training_instance_type} for {spot}training job usage"
        needs.append(_ask(name, settings.training_instance_count, TRAINING))
        if settings.training_instance_count > 1:
            needs.append(_ask(INSTANCES_PER_TRAINING_JOB, settings.training_instance_count, TRAINING))
    needs.append(_ask(f"{settings.evaluation_instance_type} for transform job usage", 1, TRANSFORM))
    if settings.endpoint_mode == "instance":
        name = f"{settings.endpoint_instance_type} for endpoint usage"
        most, least = settings.endpoint_max_instances, settings.endpoint_min_instances
        needs.append(Need(name, 2 * most, least, ENDPOINT))
    elif settings.endpoint_mode == "serverless":
        needs.append(_ask(CONCURRENCY, SERVERLESS_CONCURRENCY, ENDPOINT))
    return needs


def _ask(quota: str, count: int, use: str) -> Need:
    return Need(quota, count, count, use)
