"""Tells the errors of photos over which asking again may help from those that stay with the photo."""

_PASSING = frozenset(
    ("StorageUnavailable", "OutcomesUnavailable", "ImageNotFound", "ImageArchived", "ImageAccessDenied")
)
_PASSING_KINDS = ("Endpoint", "Lambda.", "States.")


def is_passing(error: str) -> bool:
    """Tells whether an error is an outage, or is mended without another photo: by a permission, say."""
    return error in _PASSING or error.startswith(_PASSING_KINDS)
