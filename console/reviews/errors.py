"""What can go wrong in a review; each message is one line for the person who reviews."""

from evaluation.deployment import EvaluationError


class ReviewError(EvaluationError):
    """Something that a person who reviews can meet; the message says what was wrong and what to do."""


class JudgedMeanwhile(ReviewError):
    """The photo does not wait any more, or lies before somebody else."""


class AlreadyTold(ReviewError):
    """What was decided cannot be taken back: the event that tells of it is out."""


class UnknownClass(ReviewError):
    """The label is no class of the deployment, or not any more."""


class UnknownPhoto(ReviewError):
    """The id is none of a photo, or of none that the table knows."""


class MalformedOutcome(ReviewError):
    """An item of the table lacks an attribute or has a wrong one: a foreign or an older program wrote it."""


class NotTold(ReviewError):
    """EventBridge did not take an event; it is sent again."""


class TableBusy(ReviewError):
    """DynamoDB throttles the table, and went on with that while it was asked again."""
