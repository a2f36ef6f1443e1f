"""The errors by whose names the state machine tells one failure from another; operators read the messages."""


class WorkflowError(Exception):
    """A photo cannot go on; the class name tells the kind, the message what was wrong and what to do."""


class InvalidEvent(WorkflowError):
    """The event lacks a field or holds a wrong one."""


class ImageNotFound(WorkflowError):
    """There is no such object, or no such bucket."""


class ImageAccessDenied(WorkflowError):
    """The function's role may not read the object."""


class ImageArchived(WorkflowError):
    """The object lies in an archive of S3 and has to be restored before it can be read."""


class InvalidImage(WorkflowError):
    """The bytes are not a whole image of a known format."""


class ImageTooLarge(WorkflowError):
    """More bytes or pixels than the function can hold in memory."""


class StorageUnavailable(WorkflowError):
    """S3 did not answer, or asked to slow down: worth a retry."""


class EndpointThrottled(WorkflowError):
    """More calls than the endpoint's or the account's rate allows: worth a retry."""


class EndpointUnavailable(WorkflowError):
    """The endpoint did not answer, or could not right now: worth a retry."""


class EndpointNotInService(WorkflowError):
    """There is no such endpoint, or it is not in service."""


class EndpointAccessDenied(WorkflowError):
    """The function's role may not call the endpoint."""


class ModelError(WorkflowError):
    """The model's container refused the request."""


class ModelOfOtherClasses(WorkflowError):
    """The endpoint's model knows other classes than the workflow, or the same in another order."""


class InvalidPrediction(WorkflowError):
    """The endpoint's answer is not one probability for each class."""


class ThresholdConfidenceNotMet(WorkflowError, ValueError):
    """The model is less sure of its class than the threshold asks for."""


class NoneOfTheClasses(WorkflowError, ValueError):
    """The model takes the photo for the class of all that is none of the others."""


REFUSALS = (ThresholdConfidenceNotMet, NoneOfTheClasses)
"""The errors of a photo that is refused, and waits for a person; all others are failures."""
