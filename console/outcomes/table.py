"""Reads the table of outcomes: lists photos with filters, counts them, and finds one with its picture."""

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from console import cursors
from console.executions.filter import ExecutionFilter
from console.outcomes.items import describe_item, read_time
from console.outcomes.strands import PAGE, Strand, make_query
from console.photo import NoPhoto, download
from console.reviews.pictures import read_picture
from console.reviews.table import OutcomeTable, Place
from evaluation.deployment import Deployment
from lambdas.workflow import outcomes

# Bounds of one answer's cost: a filter that matches little must not read a table of years. DynamoDB looks at
# a megabyte of items in a request, some thousand photos.
MOST_REQUESTS = 25
NO_TABLE = (
    "This deployment has no table of outcomes yet: make deploy adds it (on this machine make demo), "
    "and from then on each photo has one line in it"
)
"""What to say where an older version of the app is deployed."""
# Of these there is a copy that outlasts the bucket's lifecycle.
_COPIED = (outcomes.REFUSED, outcomes.ROUTED_BY_REVIEW, outcomes.DISCARDED)


@dataclass(frozen=True)
class _Located:
    photo: str
    bucket: str
    key: str
    version: str


class Outcomes:
    """What became of each photo of one deployment. Threads may share it.

    Every method may also raise what ``OutcomeTable`` does: ``NotDeployed`` without a table, ``TableBusy``.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._table = OutcomeTable(deployment)

    def list_page(self, wanted: ExecutionFilter, places: Mapping[str, Place | None] | None) -> dict[str, Any]:
        """Returns the next photos that a filter lets through, the one that was decided last first.

        Args:
            wanted: The filter; its period is that of the decisions.
            places: Where to go on, from ``strands.decode_places``; None for the newest.

        Returns:
            ``executions``, at most PAGE, as ``describe_item`` has them; ``cursor``, None at the end;
            ``looked_back_to``: all that was decided after this time was looked at; None at the end.
        """
        if places is None:
            places = dict.fromkeys(_list_outcomes(wanted))
        query = self._make_query(wanted)
        strands = [Strand(self._table, outcome, query, place) for outcome, place in places.items()]
        found: list[dict[str, Any]] = []
        requests = 0
        while len(found) < PAGE and strands:
            # Whatever the others still have to give is older than what comes first in this one.
            newest = max(strands, key=lambda strand: strand.reaches)
            if newest.read:
                found.append(describe_item(newest.take()))
            elif requests == MOST_REQUESTS:
                break
            else:
                newest.read_on()
                requests += 1
            strands = [strand for strand in strands if not strand.is_done]
        if not strands:
            return {"executions": found, "cursor": None, "looked_back_to": None}
        return {
            "executions": found,
            "cursor": cursors.encode({s.outcome: s.describe_place() for s in strands}),
            "looked_back_to": read_time(max(strand.reaches for strand in strands)),
        }

    def count(self, wanted: ExecutionFilter) -> tuple[int, bool]:
        """Returns how many photos a filter lets through, and whether there may be more: it reads a part."""
        query, asked = self._make_query(wanted), _list_outcomes(wanted)
        most = MOST_REQUESTS // len(asked)
        with ThreadPoolExecutor(len(asked)) as pool:
            counts = list(pool.map(lambda name: self._table.count_some(name, most=most, **query), asked))
        return sum(count for count, _ in counts), any(more for _, more in counts)

    def list_errors(self) -> list[str]:
        """Returns the names of the errors by which photos failed last, the most frequent first."""
        query = make_query(ExecutionFilter(), "") | {"having": "attribute_exists(#error)"}
        failed, _ = self._table.read_newest(outcomes.FAILED, after=None, most=None, **query)
        return [name for name, _ in Counter(str(item["error"]) for item in failed).most_common()]

    def find(self, photo: str) -> dict[str, Any] | None:
        """Returns a photo as in a page, by its id; None if the table knows none (any more)."""
        item = self._table.find(photo)
        return None if item is None else describe_item(item)

    def _make_query(self, wanted: ExecutionFilter) -> dict[str, Any]:
        machine = self._deployment.state_machine if wanted.search else ""
        return make_query(wanted, f"{machine.replace(':stateMachine:', ':execution:')}:")

    def read_picture(self, photo: str) -> bytes:
        """Returns the bytes of the file of a photo in the table, by the photo's id.

        Raises:
            NoPhoto: The table knows none, or the file is not there (any more).
            ImageTooLarge: It has more bytes than the workflow reads.
        """
        item = self._table.find(photo)
        if item is None or not item.get("bucket") or not item.get("key"):
            raise NoPhoto(f"The table of outcomes knows no photo {photo[:80]}")
        located = _Located(photo, str(item["bucket"]), str(item["key"]), str(item.get("version", "")))
        if item["outcome"] in _COPIED:
            return read_picture(self._deployment, located)
        s3 = self._deployment.client("s3")
        return download(s3, located.bucket, located.key, version=located.version)


def _list_outcomes(wanted: ExecutionFilter) -> tuple[str, ...]:
    """Returns the outcomes of the table that a filter asks for: all where it asks for none."""
    return tuple(name for name in outcomes.OUTCOMES if not wanted.outcomes or name in wanted.outcomes)
