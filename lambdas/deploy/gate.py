"""The gate between a model and the endpoint: its accuracy on the validation split."""


class ModelRefused(Exception):
    """A deploy gets no model; the message is one line for the person who deploys."""


def check_gate(accuracy: float, *, gate: float, model: str, log: str) -> None:
    """Refuses a model below the gate.

    Args:
        accuracy: The model's accuracy on the validation split.
        gate: Least accuracy that passes.
        model: Which model it is, to follow "the model".
        log: Where the log is that tells more.

    Raises:
        ModelRefused: The accuracy is below the gate.
    """
    if not accuracy >= gate:
        raise ModelRefused(
            f"Validation accuracy {accuracy:.4f} is below accuracy_gate {gate:g}: the model {model} "
            f"is not deployed ({log})"
        )
