"""The InferenceId of what an execution asks the endpoint: data capture records it beside the answer."""

_BEGINNING = "execution:"
_LONGEST = 64


def name_inference(execution_arn: object) -> str | None:
    """Returns the id for an execution; None where there is none, or none that SageMaker takes."""
    if not isinstance(execution_arn, str) or not execution_arn:
        return None
    inference = _BEGINNING + execution_arn.rpartition(":")[2]
    takes = len(inference) <= _LONGEST and inference.isascii() and inference.isprintable()
    return inference if takes else None


def read_execution(inference: object) -> str | None:
    """Returns the name of the execution that asked; None for anybody else's id."""
    if not isinstance(inference, str) or not inference.startswith(_BEGINNING):
        return None
    return inference.removeprefix(_BEGINNING) or None
