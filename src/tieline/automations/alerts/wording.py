"""The text of a notice. It names the automation, the run, when, the block and the kind of error, and nothing that a run
worked on: an error's detail may quote that, so it stays in the run's history, behind the link.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from tieline.core.clock import iso

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_SAID: Final = {
    "failed": "failed",
    "finished with warnings": "finished with warnings",
    "stopped": "was stopped",
    "exceeded limit": "exceeded a limit",
    "finished": "runs well again",
    "test": "is a test",
}
_TYPES: Final = {
    "failed": "run.failed",
    "finished with warnings": "run.finished_with_warnings",
    "stopped": "run.stopped",
    "exceeded limit": "run.exceeded_limit",
    "finished": "automation.recovered",
    "test": "test",
}


class Told(Struct, kw_only=True):
    """What a notice is about. ``status``: of the run; ``suppressed``: bad ends of which nobody was told since the last
    notice, besides this one; ``recovered``: meanwhile a run went well."""

    automation_id: str
    name: str
    run_id: str
    fence: int
    status: str
    at: str
    block: str = ""
    code: str = ""
    title: str = ""
    suppressed: int = 0
    recovered: bool = False

    @property
    def identity(self) -> str:
        """The same each time that it is sent."""
        return f"{self.run_id}.{self.fence}"


def told(row: Mapping[str, Any], name: str, status: str, fence: int, errors: Any, moment: datetime) -> Told:
    """What there is to tell of a run that ended; ``errors`` as the run's row has them."""
    listed = errors if isinstance(errors, list) else []
    wanted = "warning" if status == "finished with warnings" else None
    fitting = (one for one in listed if wanted is None or one.get("code") == wanted)
    first: Mapping[str, Any] = next(fitting, {})
    return Told(
        automation_id=str(row["automation_id"]),
        name=plain(name, 200),
        run_id=str(row["id"]),
        fence=fence,
        status=status,
        at=iso(moment),
        block=plain(first.get("block") or "", 200),
        code=plain(first.get("code") or "", 80),
        title=plain(first.get("title") or "", 200),
    )


def plain(text: Any, most: int) -> str:
    """One line without what changes how the rest of it is read."""
    found = " ".join(_CONTROL.sub(" ", str(text)).split())
    return found if len(found) <= most else found[: most - 1] + "…"


def link(base_url: str, about: Told) -> str:
    """Where the run can be looked at."""
    return f"{base_url.rstrip('/')}/automations/{about.automation_id}/runs/{about.run_id}"


def subject(about: Told) -> str:
    """One line."""
    return plain(f"Automation “{about.name[:120]}” {_SAID.get(about.status, about.status)}", 200)


def lines(about: Told, base_url: str) -> list[tuple[str, str]]:
    """Label and text of what a mail says."""
    found = [("Automation", about.name), ("Run", about.run_id), ("Ended", about.at), ("Status", about.status)]
    if about.block:
        found.append(("Block", about.block))
    if about.title or about.code:
        found.append(("Error", f"{about.title} ({about.code})" if about.title and about.code else about.title))
    if about.suppressed:
        found.append(("Besides", f"{about.suppressed} more since the last notice"))
    if about.recovered:
        found.append(("Since then", "a run has gone well"))
    return [*found, ("Details", link(base_url, about))]


def mail(about: Told, base_url: str) -> dict[str, str]:
    """``subject``, ``text`` and ``html``."""
    said = lines(about, base_url)
    rows = "".join(f"<tr><th align=left>{_safe(label)}</th><td>{_safe(text)}</td></tr>" for label, text in said[:-1])
    address = _safe(said[-1][1])
    return {
        "subject": subject(about),
        "text": subject(about) + ".\n\n" + "".join(f"{label}: {text}\n" for label, text in said),
        "html": f'<p>{_safe(subject(about))}.</p><table>{rows}</table><p><a href="{address}">{address}</a></p>',
    }


def webhook(about: Told, base_url: str) -> dict[str, Any]:
    """The body, in the form of Standard Webhooks 1.0 ("Payload structure")."""
    run: dict[str, Any] = {
        "id": about.run_id,
        "status": about.status,
        "endedAt": about.at,
        "url": link(base_url, about),
    }
    if about.block:
        run["block"] = about.block
    if about.code or about.title:
        run["error"] = {"code": about.code, "title": about.title}
    return {
        "type": _TYPES.get(about.status, "run.failed"),
        "timestamp": about.at,
        "data": {
            "automation": {"id": about.automation_id, "name": about.name},
            "run": run,
            "suppressed": about.suppressed,
            "recovered": about.recovered or about.status == "finished",
        },
    }


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
