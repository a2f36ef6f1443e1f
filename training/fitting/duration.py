"""Tells at the beginning of a training about how long it takes on this machine, from its first seconds."""

import time

from training.hyperparameters import Hyperparameters

LONG_ENOUGH = 2.0  # seconds of training from which the time of all of it is told


class Announcement:
    """One line, which AWS's container does not have: about how long it takes."""

    def __init__(self, hyperparameters: Hyperparameters, training: int, validation: int) -> None:
        """Takes how many examples an epoch trains on, and on how many it is scored."""
        self._hyperparameters = hyperparameters
        self._updates = training // hyperparameters.mini_batch_size
        # A score is the forward part, a third, of what an update takes for each of its examples.
        self._scoring = validation / 3 / hyperparameters.mini_batch_size
        self._began: float | None = None
        self._is_made = False

    def finish_update(self, updates: int) -> None:
        """Takes how many updates there have been, and prints the line as soon as it is known."""
        now = time.monotonic()
        if self._began is None:
            self._began = now  # the first update also prepares memory and code
        elif not self._is_made and (now - self._began >= LONG_ENOUGH or updates >= self._updates):
            self._print((now - self._began) / (updates - 1))
            self._is_made = True

    def _print(self, an_update: float) -> None:
        epochs = self._hyperparameters.epochs
        seconds = max(1, round(an_update * (self._updates + self._scoring) * epochs))
        length = _count(round(seconds / 60), "minute") if seconds >= 120 else _count(seconds, "second")
        most = "at most " if self._hyperparameters.early_stopping else ""
        line = f"This training takes {most}about {length} on this machine, for {_count(epochs, 'epoch')}."
        if not self._hyperparameters.use_pretrained_model:
            line += " Quick here: use_pretrained_model=1, and the rest as cdk.json comes"
        print(line, flush=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
