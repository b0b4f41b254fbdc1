"""What every contender that serves can do: be installed, prepared, started, asked, weighed and stopped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import psutil

from bench.versus.load import COUNTER, Target
from bench.versus.stub import Stub

BLOCKS = 50
RECORDS = 10_000
START_SECONDS = 120.0
BODY = b'{"name":"Ada","number":"%b"}' % COUNTER
"""What is posted to every webhook."""


class Failed(Exception):
    """The contender cannot take part, or not in this work; the text says why."""


class Contender(ABC):
    """One product with one configuration. Its data lie in ``folder``, which is new; programs in ``scratch``."""

    name: ClassVar[str]
    keeps: ClassVar[str]
    """What it has on disk of a run when it answers, and how it is configured."""
    works: ClassVar[frozenset[str]] = frozenset({"webhook", "webhook-post", "blocks", "sync", "start", "memory"})

    def __init__(self, scratch: Path, folder: Path, stub: Stub) -> None:
        self.scratch, self.folder, self.stub = scratch, folder, stub
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def install(self) -> None:  # noqa: B027  most need nothing
        """Fetch what is missing from its registry. Raises `Failed`."""

    @abstractmethod
    def version(self) -> str:
        """As it is installed."""

    @abstractmethod
    def prepare(self) -> None:
        """Everything up to the state in which a user has set it up and stopped it. Raises `Failed`."""

    @abstractmethod
    def command(self) -> list[str]:
        """How a user starts it."""

    def environment(self) -> Mapping[str, str]:
        """On top of ours."""
        return {}

    @abstractmethod
    def target(self, work: str) -> Target:
        """What is asked for ``webhook``, ``webhook-post``, ``blocks`` and to begin ``sync``."""

    def sync(self, seconds: float) -> float:
        """Seconds from the question that begins it to the last record's arrival (`Failed`: they did not all come)."""
        self.stub.reset()
        began = time.monotonic_ns()
        self.begin_sync()
        told = self.stub.await_posts(RECORDS, seconds)
        if told["distinct"] != RECORDS or told["posts"] != RECORDS:
            raise Failed(f"{told['distinct']} of {RECORDS} records came, in {told['posts']} requests")
        return float(told["last_ns"] - began) / 1e9

    def begin_sync(self) -> None:
        """Ask for the sync and do not wait for its end."""
        from bench.versus.load import once

        target = self.target("sync")
        answer = once(target, timeout=60)
        if not answer.startswith(b"HTTP/1.1 2"):
            raise Failed(f"the sync was refused: {answer[:200]!r}")

    def start(self) -> None:
        """Returns once the process is there, not once it answers."""
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(
            self.command(),
            cwd=self.folder,
            env=clean(os.environ) | dict(self.environment()),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()

    @property
    def alive(self) -> bool:
        """It was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    def processes(self) -> list[psutil.Process]:
        """All of it, but a database beside it."""
        if self._process is None:
            return []
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self._process.pid)
            return [parent, *parent.children(recursive=True)]
        return []

    def database(self) -> list[psutil.Process]:
        """The processes of the database that it brings, where it brings one."""
        return []

    def memory(self) -> dict[str, float]:
        """MB of proportional set size: ``app`` without and ``all`` with the database's processes."""
        database = self.database()
        app = [process for process in self.processes() if process not in database]
        mine = pss(app)
        return {"app": mine, "all": mine + pss(database)}

    def stop(self) -> None:
        """SIGTERM, after 20 s SIGKILL, to the whole tree; nothing of it is left."""
        tree = [*self.processes(), *self.database()]
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        _, alive = psutil.wait_procs(tree, timeout=10)
        for process in alive:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(alive, timeout=5)

    def discard(self) -> None:
        """Its data are removed."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def last_words(self) -> str:
        """The end of its log."""
        with suppress(OSError):
            lines = (self.folder / "log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            return " / ".join(line.strip() for line in lines[-3:])[-400:]
        return ""


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    import socket

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what would configure a contender by accident."""
    hidden = ("TIELINE_", "N8N_", "NODE_", "DB_", "EXECUTIONS_", "OTEL_", "npm_")
    return {name: value for name, value in environment.items() if not name.startswith(hidden)}


def pss(processes: Iterable[psutil.Process]) -> float:
    """MB that these processes hold, shared pages counted by their share (Linux, /proc/PID/smaps_rollup)."""
    total = 0
    for process in processes:
        with suppress(OSError):
            for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
    return total / 1024


def run(command: list[str], *, environment: Mapping[str, str], folder: Path, seconds: float) -> str:
    """What a program prints. Raises `Failed` with its last lines."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=clean(os.environ) | dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{Path(command[0]).name} {' '.join(command[1:4])} took over {seconds:g} s") from None
    if done.returncode:
        words = " / ".join((done.stderr or done.stdout).strip().splitlines()[-4:])
        raise Failed(f"{Path(command[0]).name} {' '.join(command[1:4])} failed: {words[-400:]}")
    return done.stdout


def entries(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Inputs or settings as workspace documents have them."""
    return [{"id": key, "value": value} for key, value in values.items()]
