"""Shows one photo after the other in a terminal, and does what the person answers."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from console.reviews.errors import JudgedMeanwhile, ReviewError, UnknownPhoto
from console.reviews.photos import Waiting
from console.reviews.terminal.desk import Desk, Ready
from console.reviews.terminal.keys import NONE, QUIT, SKIP, UNDO, Answers, name_keys
from lambdas.workflow.errors import NoneOfTheClasses
from lambdas.workflow.places import s3_uri
from lambdas.workflow.prediction import format_probability, format_threshold

_BAR = 20
_MOST_CLASSES = 8
_DISCARDED = "none of these"


class Dialog:
    """A review from its first photo to the end of the queue, or of the input."""

    def __init__(self, desk: Desk, classes: Sequence[str], waiting: int) -> None:
        """Makes a dialog.

        Args:
            desk: Hands out the photos.
            classes: The classes that a photo may be given.
            waiting: How many photos wait.
        """
        self._desk = desk
        self._left = waiting
        self._skipped = 0
        self._said: Counter[str] = Counter()
        self._history: list[str] = []
        self._classes = name_keys(classes)
        self.keys = [*self._classes, NONE, SKIP, UNDO, QUIT]

    def run(self, read: Answers) -> None:
        """Reviews until the person quits or nothing is left.

        Args:
            read: Reads the answers.

        Raises:
            EvaluationError, botocore.exceptions.ClientError: AWS does not give the next photo.
        """
        print(self._explain_keys())
        while True:
            ready = self._desk.take()
            for note in self._desk.read_notes():
                print(f"NOTE: {make_printable(note)}")
            if not (self._ask(ready, read) if ready is not None else self._ask_at_end(read)):
                break
        print(self._sum_up())

    def _ask(self, ready: Ready, read: Answers) -> bool:
        """Shows a photo until it is dealt with; returns whether to go on."""
        print()
        for line in describe(ready, self._classes, max(self._left, 1)):
            print(line)
        while True:
            print(f"[{' '.join(self.keys)}] ", end="", flush=True)
            answer = read()
            if answer is None or answer == QUIT:
                self._desk.put_back(ready)
                return False
            try:
                if self._answer(ready, answer):
                    return True
            except (JudgedMeanwhile, UnknownPhoto) as error:
                print(make_printable(str(error)))
                self._left -= 1
                return True
            except ReviewError as error:
                print(make_printable(str(error)))

    def _answer(self, ready: Ready, answer: str) -> bool:
        """Does what an answer says; returns whether the photo is dealt with."""
        names = {**{name: name for name in self._classes.values()}, **self._classes}
        if answer == UNDO:
            return self._undo(ready)
        if answer == SKIP:
            self._desk.skip(ready)
            self._skipped += 1
            self._left -= 1
        elif answer == NONE or answer in names:
            label = None if answer == NONE else names[answer]
            self._desk.judge(ready, label)
            self._history.append(label or _DISCARDED)
            self._said[self._history[-1]] += 1
            self._left -= 1
        else:
            print(f"{make_printable(answer[:40])!r} is no key. {self._explain_keys()}")
            return False
        return True

    def _undo(self, shown: Ready | None) -> bool:
        """Takes back the last judgement; returns whether another photo is to be shown."""
        if not self._desk.undoable:
            print("Nothing was judged here that could be undone")
            return False
        try:
            undone = self._desk.undo()
        except ReviewError as error:
            print(make_printable(str(error)))
            del self._history[self._desk.undoable :]
            return False
        self._said[self._history.pop()] -= 1
        self._left += 1
        if shown is not None:
            self._desk.put_back(shown)
        self._desk.put_back(undone)
        return True

    def _ask_at_end(self, read: Answers) -> bool:
        """Lets the last judgement be undone; returns whether to go on."""
        if not self._desk.undoable:
            return False
        print(f"\nNo photo is left. {UNDO}: undo the last, {QUIT}: quit, another key: look again", flush=True)
        answer = read()
        if answer == UNDO:
            self._undo(None)
        return answer is not None and answer != QUIT

    def _explain_keys(self) -> str:
        classes = ", ".join(f"{key} {name}" for key, name in self._classes.items())
        return f"Keys: {classes}, {NONE} {_DISCARDED}, {SKIP} skip, {UNDO} undo, {QUIT} quit"

    def _sum_up(self) -> str:
        judged = ", ".join(f"{count} {name}" for name, count in self._said.items() if count)
        skipped = f"; skipped: {self._skipped}" if self._skipped else ""
        others = f"; before other reviewers: {self._desk.others}" if self._desk.others else ""
        return f"Judged: {judged or 'nothing'}{skipped}{others}"


def describe(ready: Ready, classes: dict[str, str], left: int) -> Iterator[str]:
    """Yields lines that describe a photo: name, place, why it waits, probabilities, and its picture's file.

    Args:
        ready: The photo.
        classes: Today's classes by their keys.
        left: How many photos are left, this one included.
    """
    waiting = ready.waiting
    name = waiting.key.rpartition("/")[2] or waiting.key
    yield f"{make_printable(name)}  ({left} left)"
    yield f"  {make_printable(s3_uri(waiting.bucket, waiting.key))}"
    yield f"  arrived {_format_moment(waiting.started_at)}; {explain_waiting(waiting)}"
    keys = {name: key for key, name in classes.items()}
    ranked = sorted(waiting.probabilities.items(), key=lambda item: -item[1])
    width = max(len(name) for name, _ in ranked[:_MOST_CLASSES])
    for name, probability in ranked[:_MOST_CLASSES]:
        bar = "#" * round(probability * _BAR)
        # A class that the model of then knew, and today's does not, has no key.
        key = keys.get(name, "-")
        yield f"  {key}  {make_printable(name):{width}}  {format_probability(probability)}  {bar}".rstrip()
    if len(ranked) > _MOST_CLASSES:
        yield f"  and {len(ranked) - _MOST_CLASSES} classes less probable"
    yield f"  picture: {ready.picture or make_printable(f'none, {ready.fault}')}"


def explain_waiting(waiting: Waiting) -> str:
    """Returns why a photo waits for a person."""
    if waiting.error == NoneOfTheClasses.__name__:
        return f"waits because the model takes it for none of the classes ({waiting.predicted_class})"
    confidence, threshold = format_probability(waiting.confidence), format_threshold(waiting.threshold)
    return f"waits because its confidence {confidence} is below the threshold {threshold}"


def make_printable(text: str) -> str:
    """Returns a text that tells a terminal nothing but what to show, whatever a stranger has put into it."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode()
        for char in text
    )


def _format_moment(time: str) -> str:
    try:
        return f"{datetime.fromisoformat(time):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return make_printable(time[:40])
