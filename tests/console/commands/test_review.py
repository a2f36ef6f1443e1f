"""What `python -m console review` shows, and what it does with the answers."""

import io
import os
import pty
import re
import threading
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from console.__main__ import main
from console.commands import review
from console.reviews import labels
from console.reviews.errors import TableBusy
from console.reviews.queue import Reviews
from console.reviews.telling import Teller
from evaluation.deployment import Deployment
from stacks.configuration.settings import Settings
from tests.console.reviews.waiting_photos import BUCKET, deployed, empty, read_item, refuse, stage

ME = "arn:aws:sts::123456789012:user/moto"


@pytest.fixture(scope="module")
def deployment_of_module() -> Iterator[Deployment]:
    with deployed() as it:
        yield it


@pytest.fixture(autouse=True)
def deployment(deployment_of_module: Deployment) -> Deployment:
    """A deployment in which no photo was ever judged."""
    empty()
    return deployment_of_module


def answer(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


def outcomes_of(photos: list[str]) -> list[str]:
    items = [read_item(photo) for photo in photos]
    return [str(item.get("label", item["outcome"])) for item in items]


def test_a_script_judges_with_a_line_for_each_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = [refuse(f"incoming/{number}/photo-{number}.png", number) for number in range(5)]
    answer(monkeypatch, "1", "s", "n", "motorcycle", "q")
    assert main(["review"]) == 0
    assert outcomes_of(photos) == ["bicycle", "refused", "discarded", "motorcycle", "refused"]
    items = [read_item(photo) for photo in photos]
    assert not any({"untold", "claimed_by"} & item.keys() for item in items)
    assert items[0]["reviewed_by"] == ME
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "5 photos wait for review",
        "Keys: 1 bicycle, 2 motorcycle, n none of these, s skip, u undo, q quit",
    ]
    shown = [line for line in lines if line.endswith(" left)")]
    assert shown == [f"photo-{number}.png  ({5 - number} left)" for number in range(5)]
    assert lines[-1] == "Judged: 1 bicycle, 1 none of these, 1 motorcycle; skipped: 1"


def test_a_photo_is_shown_with_all_that_a_person_needs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photo = refuse("incoming/1/photo.png", 65)
    answer(monkeypatch, "q")
    assert main(["review"]) == 0
    output = capsys.readouterr().out
    assert (
        "photo.png  (1 left)\n"
        f"  s3://{BUCKET}/incoming/1/photo.png\n"
        "  arrived 2026-01-31 12:01:05 UTC; waits because its confidence 0.625 is below the threshold 0.800\n"
        "  1  bicycle     0.625  ############\n"
        "  2  motorcycle  0.375  ########\n"
        "  picture: "
    ) in output
    assert f"/photo-{photo[:8]}.png\n[1 2 n s u q] q\n" in output


def test_the_picture_lies_in_a_file_while_it_is_shown_and_not_any_more_afterwards(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse("photo.png")
    files: list[Path] = []

    class Person:
        def isatty(self) -> bool:
            return False

        def readline(self) -> str:
            found = re.search(r"picture: (.*)$", capsys.readouterr().out, re.MULTILINE)
            assert found
            files.append(Path(found[1]))
            assert files[0].read_bytes().startswith(b"\x89PNG")
            return "q\n"

    monkeypatch.setattr("sys.stdin", Person())
    assert main(["review"]) == 0
    assert not files[0].parent.exists()


def test_undo_takes_back_the_last_judgements_one_by_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = [refuse(f"{number}.png", number) for number in range(3)]
    answer(monkeypatch, "1", "n", "u", "u", "2", "2", "q")
    assert main(["review"]) == 0
    assert outcomes_of(photos) == ["motorcycle", "motorcycle", "refused"]
    output = capsys.readouterr().out
    shown = re.findall(r"^(\d)\.png  \((\d) left\)$", output, re.MULTILINE)
    assert shown == [("0", "3"), ("1", "2"), ("2", "1"), ("1", "2"), ("0", "3"), ("1", "2"), ("2", "1")]
    assert output.splitlines()[-1] == "Judged: 2 motorcycle"


def test_the_last_photo_s_judgement_can_be_undone_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = [refuse("only.png")]
    answer(monkeypatch, "1", "u", "n", "q")
    assert main(["review"]) == 0
    assert outcomes_of(photos) == ["discarded"]
    assert "No photo is left. u: undo the last, q: quit, another key: look again" in capsys.readouterr().out


def test_what_was_told_stays_and_a_line_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], deployment: Deployment
) -> None:
    photos = [refuse("first.png"), refuse("second.png", 1)]

    class Person:
        answers = iter(["1\n", "u\n", "u\n", "q\n"])

        def isatty(self) -> bool:
            return False

        def readline(self) -> str:
            if "untold" in read_item(photos[0]):
                Teller(deployment).tell(photos[0])
            return next(self.answers)

    monkeypatch.setattr("sys.stdin", Person())
    assert main(["review"]) == 0
    output = capsys.readouterr().out
    assert "(bicycle) cannot be undone: other systems were told of it already" in output
    assert "Nothing was judged here that could be undone" in output
    assert outcomes_of(photos) == ["bicycle", "refused"]


def test_a_key_that_is_none_is_said_to_be_none_and_does_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = [refuse("only.png")]
    answer(monkeypatch, "3", "", "x" * 500, "\x1b[2J", "cat", "q")
    assert main(["review"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("is no key. Keys: 1 bicycle, 2 motorcycle" in line for line in lines) == 5
    assert all(line.isprintable() for line in lines)
    assert outcomes_of(photos) == ["refused"]


def test_the_end_of_the_input_quits(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = [refuse(f"{number}.png", number) for number in range(2)]
    answer(monkeypatch, "1")
    assert main(["review"]) == 0
    assert outcomes_of(photos) == ["bicycle", "refused"]
    assert capsys.readouterr().out.splitlines()[-1] == "Judged: 1 bicycle"


def test_ctrl_c_gives_back_what_was_claimed_and_tells_what_was_judged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = [refuse(f"{number}.png", number) for number in range(3)]

    class Person:
        answers = iter(["1\n"])

        def isatty(self) -> bool:
            return False

        def readline(self) -> str:
            for line in self.answers:
                return line
            raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin", Person())
    assert main(["review"]) == 130
    assert capsys.readouterr().err.startswith("Interrupted.")
    assert outcomes_of(photos) == ["bicycle", "refused", "refused"]
    assert not any({"untold", "claimed_by"} & read_item(photo).keys() for photo in photos)


def test_a_terminal_judges_with_single_keys(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = [refuse(f"{number}.png", number) for number in range(3)]
    pressing, terminal = pty.openpty()
    with os.fdopen(pressing, "wb"), os.fdopen(terminal, "r") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        described = review.Dialog.run

        def run(self: Any, read: Any) -> None:
            # What is typed before the terminal is asked for keys would be thrown away.
            person = threading.Thread(target=os.write, args=(pressing, b"1n2uq"))
            person.start()
            described(self, read)
            person.join()

        monkeypatch.setattr(review.Dialog, "run", run)
        assert main(["review"]) == 0
    assert outcomes_of(photos) == ["bicycle", "discarded", "refused"]
    assert "[1 2 n s u q] 1\n" in capsys.readouterr().out


def test_a_photo_that_another_judged_meanwhile_is_a_line_and_the_next_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], deployment: Deployment
) -> None:
    photos = [refuse(f"{number}.png", number) for number in range(2)]

    class Person:
        answers = iter(["1\n", "2\n", "q\n"])
        bob = Reviews(deployment, "arn:bob#terminal", clock=lambda: 1_900_000_000.0)

        def isatty(self) -> bool:
            return False

        def readline(self) -> str:
            if read_item(photos[0])["outcome"] == "refused":
                # Far in the future: the claim has ended.
                self.bob.judge(photos[0], "motorcycle")
            return next(self.answers)

    monkeypatch.setattr("sys.stdin", Person())
    assert main(["review"]) == 0
    assert "What bob said of 0.png (motorcycle) stands: take the next photo" in capsys.readouterr().out
    assert outcomes_of(photos) == ["motorcycle", "motorcycle"]
    assert read_item(photos[1])["reviewed_by"] == ME


def test_a_class_that_went_away_is_a_line_and_the_photo_stays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = [refuse("only.png")]

    class Person:
        answers = iter(["2\n", "1\n", "q\n"])

        def isatty(self) -> bool:
            return False

        def readline(self) -> str:
            stage(["apple", "bicycle"])
            return next(self.answers)

    monkeypatch.setattr("sys.stdin", Person())
    assert main(["review"]) == 0
    assert (
        "'motorcycle' is no class of 'scones' (any more): they are apple, bicycle" in capsys.readouterr().out
    )
    assert outcomes_of(photos) == ["bicycle"]


def test_a_throttled_table_is_a_line_and_the_same_key_may_be_pressed_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = [refuse("only.png")]
    judge = Reviews.judge
    faults = [TableBusy("The table is throttled: nothing is lost, try again in a minute")]

    def fail_once(self: Reviews, photo: str, label: str | None) -> Any:
        if faults:
            raise faults.pop()
        return judge(self, photo, label)

    monkeypatch.setattr(Reviews, "judge", fail_once)
    answer(monkeypatch, "1", "1", "q")
    assert main(["review"]) == 0
    assert "The table is throttled: nothing is lost" in capsys.readouterr().out
    assert outcomes_of(photos) == ["bicycle"]


def test_a_class_of_then_that_there_is_no_more_is_shown_without_a_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse("only.png", probabilities={"bicycle": Decimal("0.4"), "plane": Decimal("0.6")})
    answer(monkeypatch, "q")
    assert main(["review"]) == 0
    output = capsys.readouterr().out
    assert "  -  plane    0.600  ############\n  1  bicycle  0.400  ########\n" in output


def test_of_many_classes_the_most_probable_are_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage([f"class-{number:02}" for number in range(40)])
    refuse("only.png", probabilities={f"class-{number:02}": Decimal(number) / 1000 for number in range(40)})
    answer(monkeypatch, "40", "q")
    assert main(["review"]) == 0
    output = capsys.readouterr().out
    assert "  40  class-39  0.039  #\n  39  class-38  0.038  #\n" in output
    assert "  and 32 classes less probable\n" in output
    assert output.splitlines()[-1] == "Judged: 1 class-39"


def test_what_a_stranger_put_into_a_name_tells_the_terminal_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse("incoming/1/\x1b]0;owned\x07\u202egnp.exe")
    answer(monkeypatch, "q")
    assert main(["review"]) == 0
    output = capsys.readouterr().out
    assert r"\x1b]0;owned\x07\u202egnp.exe  (1 left)" in output
    assert all(line.isprintable() for line in output.splitlines())


def test_an_item_that_cannot_be_read_is_a_note(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = refuse("foreign.png", wrong={"model": None})
    refuse("good.png", 1)
    answer(monkeypatch, "q")
    assert main(["review"]) == 0
    assert (
        f"NOTE: Photo {foreign} cannot be reviewed: its attribute model is missing" in capsys.readouterr().out
    )


def test_without_a_waiting_photo_a_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review"]) == 0
    assert capsys.readouterr().out == "No photo waits for review\n"


def test_labels_since_the_last_training_are_told_at_the_start_and_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse("only.png")
    counts = iter([7, 8])
    monkeypatch.setattr(labels, "read_cdk_json", lambda: Settings(retrain_after_labels=7))
    monkeypatch.setattr(labels, "count_untrained_labels", lambda _: next(counts))
    answer(monkeypatch, "1", "q")
    assert main(["review"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "7 labels since the last training: `make deploy` retrains"
    assert lines[-1] == "8 labels since the last training: `make deploy` retrains"


def test_where_nothing_is_deployed_a_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--name", "other", "review"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("console: No parameter /other/outcomes")
