"""How the demo shows itself: a live terminal, or plain lines where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table


class Silent:
    """Says nothing: for ``--json``."""

    def step(self, text: str) -> None: ...

    def note(self, text: str) -> None: ...

    def progress(self, done: int, total: int) -> None: ...

    def end(self, result: Mapping[str, Any], addresses: Mapping[str, str]) -> None: ...


class Terminal:
    """Steps, notes, a progress bar and a table."""

    def __init__(self, *, stays: bool) -> None:
        self._console = Console(stderr=False, highlight=False)
        self._stays = stays
        self._steps = 0
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def step(self, text: str) -> None:
        self._close_bar()
        self._steps += 1
        self._console.print(f"[bold cyan]{self._steps}.[/] {text}")

    def note(self, text: str) -> None:
        (self._bar.console if self._bar else self._console).print(f"   [dim]{text}[/]")

    def progress(self, done: int, total: int) -> None:
        if not self._console.is_terminal:
            return
        if self._bar is None:
            columns = (TextColumn("   contacts"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=self._console, transient=False)
            self._bar.start()
            self._task = self._bar.add_task("contacts", total=total)
        if self._task is not None:
            self._bar.update(self._task, completed=done)

    def end(self, result: Mapping[str, Any], addresses: Mapping[str, str]) -> None:
        self._close_bar()
        run, second = result["run"], result["second_run"]
        table = Table(title="What the sandbox's own ledger says", title_justify="left")
        for column in ("", "first run, worker killed", f"second run, {second['records']} changed"):
            table.add_column(column, justify="left" if not column else "right")
        blocks = ", ".join(f"{entry['name']} {entry['blocks']}" for entry in result["connectors"])
        table.add_row("imported blocks", blocks, "")
        for label, key in (
            ("records read", "records"),
            ("contacts created", "created"),
            ("contacts updated", "updated"),
            ("lost", "lost"),
            ("duplicated", "duplicated"),
            ("resumed after (s)", "resumed_after_s"),
            ("pages fetched again", "refetched_pages"),
            ("seconds", "seconds"),
        ):
            table.add_row(label, _shown(run.get(key)), _shown(second.get(key)))
        table.add_row("peak memory, server + worker (MB)", _shown(result["peak_rss_mb"]), "")
        self._console.print(table)
        if self._stays:
            self._console.print(
                f"Open [bold]{addresses['studio']}[/] to see all of it in the studio.\n"
                f"Tieline keeps serving at {addresses['api']} (its API: {addresses['api']}/docs; the key is in the "
                "data folder, admin.key).\n"
                f"Gather: {addresses['gather']}  Dialbook: {addresses['dialbook']}\n"
                "Look next: `tieline connectors ls`, `tieline automations ls`, `tieline runs ls`, docs/README.md. "
                "Ctrl-C ends it."
            )

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar, self._task = None, None


def _shown(value: Any) -> str:
    return "" if value is None else str(value)
