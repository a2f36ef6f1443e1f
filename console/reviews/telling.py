"""Sends the events that tell of judged photos: once the time in which one can be undone is over.

An event is sent at least once, whatever ends the program that sends it: an item has ``untold`` until its
event is out, and ``telling_until`` while a program is about to send it. Nobody undoes it from then on.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress

from console.reviews.errors import MalformedOutcome, NotTold, ReviewError
from console.reviews.photos import check_event_item, format_time
from console.reviews.table import ConditionFailed, Item, OutcomeTable
from evaluation.deployment import Deployment
from lambdas.workflow import outcomes

UNDO_SECONDS = 10
"""How long a person can undo what they have said."""
TELLING_SECONDS = 60
"""How long others wait for a program that was about to send an event."""
# How far the index may be behind, and clocks apart.
_MARGIN_SECONDS = 600


class Teller:
    """Tells of what people have judged, whoever they are. One thread at a time uses it."""

    def __init__(self, deployment: Deployment, clock: Callable[[], float] = time.time) -> None:
        """Makes a teller.

        Args:
            deployment: Whose photos were judged.
            clock: Tells the time in Unix seconds.
        """
        self._deployment = deployment
        self._table = OutcomeTable(deployment)
        self._clock = clock
        # Everything that was judged before this is told.
        self._told_before = ""

    def tell_due(self, seconds: float = UNDO_SECONDS) -> int:
        """Tells of all that was judged so many seconds ago or longer; returns how many events were sent.

        The first call looks at all that was ever judged, so that what another program has left is found, and
        each later one at the last minutes.

        Raises:
            NotTold: EventBridge did not take one; the others are sent, and this one by a later call.
            MalformedOutcome: One cannot be told of; the others are sent.
            NotDeployed, TableBusy: As ``OutcomeTable`` says.
        """
        now = self._clock()
        due = format_time(now - seconds)
        told = 0
        fault: ReviewError | None = None
        for outcome in (outcomes.ROUTED_BY_REVIEW, outcomes.DISCARDED):
            untold = self._table.query(outcome, since=self._told_before, having="attribute_exists(#untold)")
            for item in untold:
                try:
                    told += item["decided_at"] <= due and self._tell(item["photo"], due)
                except (NotTold, MalformedOutcome) as error:
                    fault = error
        # What cannot be told of now cannot be later either, until somebody mends the item.
        if not isinstance(fault, NotTold):
            self._told_before = format_time(now - seconds - _MARGIN_SECONDS)
        if fault is not None:
            raise fault
        return told

    def tell(self, photo: str) -> bool:
        """Tells of one judged photo at once; returns whether that was still to be done.

        Raises:
            NotTold, MalformedOutcome, NotDeployed, TableBusy: As ``tell_due`` does.
        """
        return self._tell(photo)

    def _tell(self, photo: str, due: str | None = None) -> bool:
        now = int(self._clock())
        until = now + TELLING_SECONDS
        # It may have been undone and judged anew since the index said that it was due.
        still_due = "" if due is None else " AND #decided_at <= :due"
        try:
            item = self._table.update(
                photo,
                "SET #telling_until = :until",
                "attribute_exists(#untold) AND "
                f"(attribute_not_exists(#telling_until) OR #telling_until < :now){still_due}",
                {"until": until, "now": now, **({} if due is None else {"due": due})},
            )
        except ConditionFailed:
            return False
        try:
            self._send(item)
        except NotTold:
            self._finish(photo, until, "#telling_until")
            raise
        self._finish(photo, until, "#telling_until, #untold, #claimed_by")
        return True

    def _finish(self, photo: str, until: int, removed: str) -> None:
        # It fails where this program was held up for longer than others wait: one of them is telling.
        with suppress(ConditionFailed):
            self._table.update(photo, f"REMOVE {removed}", "#telling_until = :until", {"until": until})

    def _send(self, item: Item) -> None:
        check_event_item(item)
        (answer,) = self._deployment.client("events").put_events(
            Entries=[
                {
                    "Source": outcomes.name_source(self._deployment.name),
                    "DetailType": outcomes.DETAIL_TYPES[item["outcome"]],
                    "Detail": json.dumps(outcomes.make_detail(item)),
                }
            ]
        )["Entries"]
        if "ErrorCode" in answer:
            raise NotTold(
                f"EventBridge did not take the event of photo {item['photo']} ({answer['ErrorCode']}: "
                f"{answer.get('ErrorMessage', '')[:200]}): it is sent again"
            )
