"""Why a deploy gets no model: the refusals that are written for a person, and how any error is told."""

from aws_lambda_powertools import Logger

logger = Logger(use_rfc3339=True)


class ModelRefused(Exception):
    """No model can be had from this deploy; the message is one line for the person who deploys."""


def explained(error: Exception) -> str:
    """Logs an error; returns it in a line, with its name where it was not written for the user."""
    foreseen = isinstance(error, ModelRefused)
    logger.error("The model is refused", exc_info=None if foreseen else error, extra={"reason": str(error)})
    return str(error) if foreseen else f"{type(error).__name__}: {error}"
