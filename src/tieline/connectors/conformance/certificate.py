"""What a conformance run found, for people and for machines.

The JSON form is stable: two runs over the same manifest with the same version give the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, field

from tieline.connectors.manifest.model import Manifest
from tieline.core import json

SCHEMA: Literal["tieline.certificate/1"] = "tieline.certificate/1"
Outcome = Literal["pass", "fail", "not_applicable"]


class Result(Struct, kw_only=True):
    """One scenario of one block. ``block`` is ``auth/ID``, ``webhook/ID`` or ``connector`` for what is no block."""

    block: str
    scenario: str
    outcome: Outcome
    reason: str = ""
    calls: int = 0


class Certificate(Struct, kw_only=True):
    """All results with their totals. ``sha256`` is that of the manifest's canonical JSON."""

    schema: Literal["tieline.certificate/1"] = SCHEMA
    connector: str
    version: str
    sha256: str
    blocks: int
    passed: int = 0
    failed: int = 0
    not_applicable: int = 0
    ok: bool = True
    results: list[Result] = field(default_factory=list)

    def add(self, result: Result) -> None:
        self.results.append(result)
        self.passed += result.outcome == "pass"
        self.failed += result.outcome == "fail"
        self.not_applicable += result.outcome == "not_applicable"
        self.ok = self.failed == 0

    def lines(self, *, full: bool = False) -> Iterator[str]:
        """The certificate as text: a line a block, and one for each failure. ``full`` shows every scenario."""
        subjects = dict.fromkeys(result.block for result in self.results)
        width = max((len(name) for name in subjects), default=0)
        for subject in subjects:
            mine = [result for result in self.results if result.block == subject]
            failed = [result for result in mine if result.outcome == "fail"]
            passed = sum(result.outcome == "pass" for result in mine)
            skipped = len(mine) - passed - len(failed)
            word = "FAIL" if failed else "pass"
            yield f"{word}  {subject:{width}}  {passed} passed, {len(failed)} failed, {skipped} not applicable"
            for result in mine if full else failed:
                mark = {"pass": "pass", "fail": "FAIL", "not_applicable": "n/a "}[result.outcome]
                reason = f": {result.reason}" if result.reason else ""
                yield f"        {mark}  {result.scenario}{reason}"
        yield (
            f"{'CONFORMS' if self.ok else 'DOES NOT CONFORM'}: {self.connector} {self.version},"
            f" {self.blocks} blocks, {self.passed} passed, {self.failed} failed, {self.not_applicable} not applicable"
        )
        yield f"manifest sha256 {self.sha256}"


def digest(manifest: Manifest) -> str:
    """SHA-256 of the manifest's canonical JSON, in hexadecimal."""
    return hashlib.sha256(json.dumps(manifest)).hexdigest()
