"""Several outcomes as one list: whatever DynamoDB answers at a time, each photo comes once, in order."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from console.executions.filter import ExecutionFilter
from console.outcomes import table as table_module
from console.outcomes.strands import decode_places
from console.outcomes.table import Outcomes
from console.reviews.table import OutcomeTable, Place
from evaluation.deployment import Deployment
from lambdas.workflow import outcomes

# It is never asked anything: making one takes most of an example's time.
DEPLOYMENT = Deployment("scones")
PHOTOS = st.lists(
    st.tuples(st.sampled_from(outcomes.OUTCOMES), st.integers(0, 30), st.booleans()), min_size=1, max_size=40
)


def write_item(number: int, outcome: str, second: int) -> dict[str, Any]:
    return {
        "photo": f"{number:032x}",
        "outcome": outcome,
        "decided_at": f"2026-02-01T00:00:{second:02}.000Z",
        "started_at": "2026-02-01T00:00:00.000Z",
        "bucket": "b",
        "key": f"{number}.png",
        "execution": f"arn:aws:states:us-east-1:1:execution:scones:{number}",
    }


@given(photos=PHOTOS, looked_at=st.integers(1, 5), page=st.integers(1, 7), most=st.integers(6, 9))
@example(photos=[("routed", 0, True)] * 8, looked_at=1, page=1, most=6)
def test_a_list_has_each_wanted_photo_once_newest_first_whatever_the_bounds(
    photos: list[tuple[str, int, bool]], looked_at: int, page: int, most: int
) -> None:
    items = [write_item(number, outcome, second) for number, (outcome, second, _) in enumerate(photos)]
    wanted = {item["photo"] for item, (_, _, fits) in zip(items, photos, strict=True) if fits}

    def order(item: dict[str, Any]) -> tuple[str, str]:
        return item["decided_at"], item["photo"]

    def read_newest(
        self: OutcomeTable, outcome: str, *, after: Place | None, **_: Any
    ) -> tuple[list[dict[str, Any]], Place | None]:
        """Looks at so many photos a request, as DynamoDB does, and returns those that fit."""
        left = sorted((item for item in items if item["outcome"] == outcome), key=order, reverse=True)
        left = [item for item in left if after is None or order(item) < (after.decided_at, after.photo)]
        seen = left[:looked_at]
        end = Place(*order(seen[-1])) if len(left) > looked_at else None
        return [item for item in seen if item["photo"] in wanted], end

    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(OutcomeTable, "read_newest", read_newest)
        patches.setattr(table_module, "PAGE", page)
        patches.setattr(table_module, "MOST_REQUESTS", most)
        listed: list[dict[str, Any]] = []
        cursor, kept = "", Outcomes(DEPLOYMENT)
        for _ in range(len(photos) + 2):
            answer = kept.list_page(ExecutionFilter(), decode_places(cursor))
            assert len(answer["executions"]) <= page
            listed += answer["executions"]
            cursor = answer["cursor"]
            if cursor is None:
                break
        assert cursor is None
    assert sorted(shown["photo"] for shown in listed) == sorted(wanted)
    times = [shown["decided"] for shown in listed]
    assert times == sorted(times, reverse=True)


@given(st.text() | st.sampled_from(["eyJsb3N0IjogbnVsbH0=", "eyJyb3V0ZWQiOiBbMSwgMl19", "W10=", "bnVsbA=="]))
def test_any_other_cursor_is_refused_or_read(cursor: str) -> None:
    try:
        places = decode_places(cursor)
    except ValueError as error:
        assert "cursor" in str(error)
    else:
        assert not cursor or all(outcome in outcomes.OUTCOMES for outcome in places or {})
