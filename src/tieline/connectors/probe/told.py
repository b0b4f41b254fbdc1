"""What a probe learns: one finding for each fact that it looked at, and the fact itself for the manifest."""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec import Struct

from tieline.connectors.manifest.model import ASK_BELOW, Fact
from tieline.connectors.runtime.errors import UpstreamBusy, UpstreamUnavailable
from tieline.core.clock import now
from tieline.core.errors import TielineError

_PATIENCE: Final = 3
Verdict = Literal["confirmed", "corrected", "doubtful", "unknown"]


class Finding(Struct, frozen=True, kw_only=True):
    """``what`` is a field of the block (``records``, ``paging`` ...), which only ``corrected`` changes."""

    block: str
    what: str
    verdict: Verdict
    said: str
    before: Any = None
    after: Any = None


class Witness:
    """Collects findings and writes facts, with the call that showed them as evidence.

    ``over`` says why nothing more is to be asked: the API wants to be left alone, or is not there.
    """

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.day = now().date().isoformat()
        self.over = ""
        self._unheard = 0

    def heard(self, error: TielineError | None) -> None:
        """How a call ended. What an account may ask belongs to its runs: a probe does not wait for more of it."""
        self._unheard = self._unheard + 1 if isinstance(error, UpstreamUnavailable) else 0
        if error is not None and (isinstance(error, UpstreamBusy) or self._unheard == _PATIENCE):
            self.over = f"not asked, because {error.detail}"

    def tell(
        self, block: str, what: str, verdict: Verdict, said: str, *, before: Any = None, after: Any = None
    ) -> None:
        """Note one finding."""
        found = Finding(block=block, what=what, verdict=verdict, said=said, before=before, after=after)
        self.findings.append(found)

    def fact(self, call: str, note: str = "") -> Fact:
        """A fact that was seen; ``call`` is the method and path that showed it."""
        return Fact(evidence=[f"{call} on {self.day}"], confidence=1.0, by="probe", note=note)


def settled(fact: Fact | None) -> bool:
    """A person's word, which a probe does not touch."""
    return fact is not None and fact.by == "human"


def unsure(fact: Fact | None) -> bool:
    """Whether a person would be asked."""
    return fact is None or (fact.by != "human" and fact.confidence < ASK_BELOW)
