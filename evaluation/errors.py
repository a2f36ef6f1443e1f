"""The one kind of error that an evaluation shows to its user, as a single line."""


class EvaluationError(Exception):
    """Something that the user can put right; the message says what was wrong and what to do."""
