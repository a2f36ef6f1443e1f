"""What the workflow uses of AWS: by itself, for each photo, and for each review.

Names are those of the table of prices. What follows from the stacks is held against them by tests. What would
take a measurement on AWS, which nobody has made for this project, is assumed; ``ASSUMED`` tells the reader.
"""

from stacks.configuration.endpoint import scales
from stacks.configuration.settings import Settings

ASSUMED = (
    "a photo has 0.5 MB, of which the endpoint is shown 0.175, and takes 0.4 seconds there, 0.4 GB-seconds "
    "of functions (in a batch 0.15), 25 KB of logs (in a batch 1), a trace (in a batch one for 50) and 2 KB "
    "in the table; data sets and models have 1 GB; where photos are counted by the day, one in ten is "
    "refused and waits a day for its judgement, and the function drift looks at a photo for 0.06 seconds"
)
DAYS_A_MONTH = 30

ROUTED_STATES = 6
"""States of an execution whose photo is routed; a refused one has another, which copies the photo."""
PHOTOS_OF_A_PART = 50
"""Photos of a batch that one child execution, of one state, asks a function for."""
DEFAULT_ALARMS = 19
"""Metrics of alarms that the stacks make with the default settings."""
SCALING_ALARMS = 2
"""Those that Application Auto Scaling makes for an endpoint whose number of instances goes by its load."""
IDLE_METRICS = 2
"""Custom metrics that get values the whole month: how many reviews wait, and since when."""
DAILY_METRICS = 6
"""Custom metrics that get a value a day: the drift of five measures, and whether one is above its noise."""
STEPS = 3
REFUSED_CONFIDENCE_FAILED = 3

_POLLS_A_MONTH = 650_000  # Lambda asks a queue that has nothing for it.
_WATCHES_A_MONTH = 12 * 24 * DAYS_A_MONTH
_PHOTO_GB, _SHOWN_GB, _OUTCOME_GB = 5e-4, 1.75e-4, 2e-6
_ANSWER_SECONDS = 0.4
_STORED_GB = 1
_REFUSED_SHARE = 0.1
_DRIFT_GB_SECONDS = 0.06
MOST_DRIFT_PHOTOS = 2_000
"""Of a day's photos the function drift looks at no more."""


def use_idle(settings: Settings) -> dict[str, dict[str, float]]:
    """Returns what a month without a photo uses beside the endpoint, by what for."""
    alarms = DEFAULT_ALARMS + (SCALING_ALARMS if scales(settings) else 0)
    return {
        "alarms": {"alarm_month": alarms + (1 if settings.alarm_no_traffic_hours else 0)},
        "dashboard": {"dashboard_month": 1},
        "custom metrics": {"metric_month": IDLE_METRICS + DAILY_METRICS / 24},
        "key of the alarms' topic": {"key_month": 1},
        "queue that Lambda asks": {"queue_request": _POLLS_A_MONTH},
        "functions that watch": {
            "lambda_request": _WATCHES_A_MONTH,
            "lambda_gb_second": 0.25 * _WATCHES_A_MONTH,
            "table_read": 10 * _WATCHES_A_MONTH,
            "trace": _WATCHES_A_MONTH,
            "log_gb": 2e-6 * _WATCHES_A_MONTH,
        },
        "data sets and models in S3": {"bucket_gb_month": _STORED_GB},
    }


def use_busy(settings: Settings) -> dict[str, float]:
    """Returns what a month uses more in each hour of which photos come, of each class and failed ones too.

    Each error that makes them fail has a metric more, in the hours in which it does.
    """
    return {"metric_month": len(settings.classes) + STEPS + REFUSED_CONFIDENCE_FAILED}


def use_photos(settings: Settings, count: float) -> dict[str, dict[str, float]]:
    """Returns what photos use that are uploaded one by one and routed, by what for."""
    return {
        "state machine": {"state_transition": ROUTED_STATES * count},
        "functions": {"lambda_request": 4 * count, "lambda_gb_second": 0.4 * count},
        "logs and traces": {**_log(settings, 2.5e-5 * count), "trace": count},
        "upload and queue": {"bucket_put": count, "queue_request": 3 * count},
        **_use_photos_anyhow(settings, count),
    }


def use_batch(settings: Settings, count: float) -> dict[str, dict[str, float]]:
    """Returns what photos of a batch use that lie in S3 already, by what for."""
    parts = count / PHOTOS_OF_A_PART
    return {
        "state machine": {"state_transition": parts},
        "functions": {"lambda_request": parts, "lambda_gb_second": 0.15 * count},
        "logs and traces": {**_log(settings, 1e-6 * count), "trace": parts},
        "looking photos up": {"bucket_get": count},
        **_use_photos_anyhow(settings, count),
    }


def use_reviews(settings: Settings, count: float) -> dict[str, dict[str, float]]:
    """Returns what photos use that are refused, wait a month and are judged, beside what routed ones do."""
    return {
        "state that copies the photo": {"state_transition": count},
        "copy, and a month in S3": {"bucket_put": count, "bucket_gb_month": _PHOTO_GB * count},
        "looking at it": {"bucket_get": 2 * count, "table_read": 2 * count},
        "judgement and its event": {"table_write": 6 * count, "own_event": count},
    }


def use_daily_photos(settings: Settings, photos_a_day: float) -> dict[str, dict[str, float]]:
    """Returns what photos use that come each day of a month, beside what each of them does, by what for."""
    waiting = _REFUSED_SHARE * photos_a_day
    looked_at = min(photos_a_day, MOST_DRIFT_PHOTOS) * DAYS_A_MONTH
    reviews = use_reviews(settings, waiting * DAYS_A_MONTH)
    amounts: dict[str, float] = {}
    for use in reviews.values():
        for name, amount in use.items():
            amounts[name] = amounts.get(name, 0) + amount
    return {
        "custom metrics of photos": use_busy(settings) if photos_a_day else {},
        "reviews": amounts,
        # Each look reads all that wait, 2 KB each, and 8 KB cost as much as 4 KB that must be the newest.
        "counting what waits for a review": {"table_read": waiting * 2 / 8 * _WATCHES_A_MONTH},
        "drift, looked at each day": {
            "lambda_request": DAYS_A_MONTH,
            "lambda_gb_second": _DRIFT_GB_SECONDS * looked_at,
            "bucket_get": looked_at,
        },
    }


def _use_photos_anyhow(settings: Settings, count: float) -> dict[str, dict[str, float]]:
    months_kept = settings.capture_days / DAYS_A_MONTH
    serverless = settings.endpoint_mode == "serverless"
    # SageMaker captures no traffic of a serverless endpoint.
    kept_gb = _PHOTO_GB if serverless else _PHOTO_GB + _SHOWN_GB
    gb_seconds = settings.endpoint_serverless_memory_mb / 1024 * _ANSWER_SECONDS * count
    return {
        "answers of the endpoint": {
            "endpoint_gb": _SHOWN_GB * count,
            **({"serverless_gb_second": gb_seconds} if serverless else {}),
        },
        "photos in S3, and captured traffic": {
            "bucket_get": 2 * count,
            "bucket_gb_month": kept_gb * months_kept * count,
        },
        "outcomes": {
            "table_write": 4 * count,
            "table_gb_month": _OUTCOME_GB * settings.outcome_days / DAYS_A_MONTH * count,
            "own_event": count,
        },
    }


def _log(settings: Settings, gigabytes: float) -> dict[str, float]:
    return {"log_gb": gigabytes, "log_gb_month": gigabytes * settings.log_days / DAYS_A_MONTH}
