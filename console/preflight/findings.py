"""What an account lacks for a deploy, a line for each thing that is asked of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.preflight.needs import ENDPOINT, Need
from console.preflight.quotas import Quota
from console.preflight.usage import Use

OK, NOTE, NO = "ok", "note", "no"


@dataclass(frozen=True)
class Finding:
    """One thing that was asked of the account.

    Attributes:
        state: ``ok``; ``no`` where the deploy would fail; ``note`` where it may, or a later one would.
        text: What was asked and found.
        ways_out: What to do, each in a line to paste.
    """

    state: str
    text: str
    ways_out: Sequence[str] = ()


@dataclass(frozen=True)
class Account:
    """What is known of an account's quotas.

    Attributes:
        quotas: By name; without one whose name Service Quotas does not know.
        uses: What is in use of them.
        own: Name of the deployment's endpoint.
    """

    quotas: Mapping[str, Quota]
    uses: Sequence[Use]
    own: str

    def judge(self, need: Need) -> Finding:
        """Returns whether a need is met, in the state and in words."""
        uses = [use for use in self.uses if use.quota == need.quota]
        used = sum(use.count for use in uses)
        allowed = self.quotas[need.quota].allowed if need.quota in self.quotas else 0
        told = f"{need.quota}: {need.asked} asked, {allowed:g} allowed, {used} in use"
        if uses:
            told += f" by {', '.join(dict.fromkeys(use.name for use in uses))}"
        # What this deployment's own endpoint has is part of what is asked for.
        mine = sum(use.count for use in uses if use.name == self.own and need.use == ENDPOINT)
        free = allowed - (used - mine)
        if free >= need.asked:
            return Finding(OK, told)
        if mine or free >= need.at_first:
            return Finding(NOTE, f"{told}: an update of the endpoint takes all that is asked, and would fail")
        return Finding(NO, told)
