"""What items of the table are read as, whoever wrote them."""

from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from console.reviews.errors import MalformedOutcome
from console.reviews.export import name_file
from console.reviews.photos import TEXTS, Judged, Waiting, format_time, read_judged, read_waiting
from console.reviews.terminal.dialog import explain_waiting, make_printable

anything: Any = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
names = st.sampled_from(
    [*TEXTS, "outcome", "label", "predicted_class", "confidence", "probabilities", "threshold", "reviewed_by"]
)
WAITING: dict[str, Any] = {
    **dict.fromkeys(TEXTS, "2026-01-31T12:00:00.000Z"),
    "outcome": "routed by review",
    "label": "bicycle",
    "reviewed_by": "arn:ann",
    "predicted_class": "bicycle",
    "confidence": 0.5,
    "probabilities": {"bicycle": 0.5},
    "threshold": 0.8,
}


@given(st.dictionaries(names, anything, max_size=3), st.sets(names, max_size=2))
def test_whatever_an_item_holds_it_is_read_or_refused_in_a_line(
    other: dict[str, Any], missing: set[str]
) -> None:
    item = {name: value for name, value in (WAITING | other).items() if name not in missing}
    for read, kind in ((read_waiting, Waiting), (read_judged, Judged)):
        try:
            assert isinstance(read(item), kind)
        except MalformedOutcome as error:
            assert len(str(error)) < 500
            assert len(make_printable(str(error)).splitlines()) == 1


@given(st.text(max_size=1024))
def test_a_file_s_name_is_safe_whatever_the_key_holds(key: str) -> None:
    judged = Judged("f" * 32, "bucket", key, "", "routed by review", "bicycle", "arn", "now", untold=False)
    path = name_file(judged)
    assert len(path.parts) == 2
    assert path.parts[0] == "bicycle"
    stem, _, extension = path.name.partition(".")
    assert stem.replace("-", "").replace("_", "").isalnum()
    assert stem.isascii()
    assert not path.name.startswith((".", "-"))
    assert extension.isascii()
    assert len(path.name) < 90


@given(st.text(st.characters(), max_size=50))
def test_what_a_stranger_wrote_tells_the_terminal_nothing(text: str) -> None:
    assert make_printable(text).isprintable()


@given(st.text(max_size=30))
def test_a_label_is_part_of_a_path_only_where_it_is_a_class_s_name(label: str) -> None:
    with suppress(MalformedOutcome):
        assert name_file(read_judged(WAITING | {"label": label})).parts[0] == label
        assert label.replace("-", "").replace("_", "").isalnum()


def test_times_are_those_of_the_table_to_the_millisecond_and_in_its_order() -> None:
    times = [format_time(seconds) for seconds in (0, 0.9996, 1_800_000_000.001, 1_800_000_000.0999)]
    assert times[0] == "1970-01-01T00:00:00.000Z"
    assert times[2] == "2027-01-15T08:00:00.001Z"
    assert times == sorted(times)


def test_a_photo_waits_for_the_reason_that_the_filter_gave() -> None:
    assert explain_waiting(read_waiting(WAITING)) == (
        "waits because its confidence 0.500 is below the threshold 0.800"
    )
    stranger = WAITING | {"error": "NoneOfTheClasses", "predicted_class": "other", "confidence": 0.97}
    assert explain_waiting(read_waiting(stranger)) == (
        "waits because the model takes it for none of the classes (other)"
    )
