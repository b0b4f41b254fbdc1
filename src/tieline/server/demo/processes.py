"""The demo's processes: a server with one worker, started as a user would, watched for memory."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil


class Server:
    """``tieline serve`` as a child; knows its workers and how much memory all of them took at most."""

    def __init__(self, *, port: int, data_dir: Path, log: Path) -> None:
        environment = {
            **os.environ,
            "TIELINE_DATA_DIR": str(data_dir),
            "TIELINE_EGRESS_ALLOW": ",".join(filter(None, [os.environ.get("TIELINE_EGRESS_ALLOW"), "127.0.0.0/8"])),
        }
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tieline", "serve", "--port", str(port), "--workers", "1"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self.log = log
        self.peak_bytes = 0
        self.peak_worker_bytes = 0

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def last_words(self) -> str:
        """The last line that it logged."""
        self._log.flush()
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def setup_address(self) -> str | None:
        """Where the studio's first administrator chooses a password; the server tells who starts it."""
        self._log.flush()
        found = re.search(r"https?://\S+/studio/setup#code=\w+", self.log.read_text(encoding="utf-8", errors="replace"))
        return None if found is None else found[0]

    def workers(self) -> list[psutil.Process]:
        """The worker processes."""
        try:
            children = psutil.Process(self._process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []
        found = []
        for child in children:
            with contextlib.suppress(psutil.Error):
                if "worker" in child.cmdline():
                    found.append(child)
        return found

    def measure(self) -> None:
        """Notes how much memory server and workers hold now (resident set, without PostgreSQL)."""
        total = 0
        for process in [psutil.Process(self._process.pid), *self.workers()]:
            with contextlib.suppress(psutil.Error):
                held = process.memory_info().rss
                total += held
                if process.pid != self._process.pid:
                    self.peak_worker_bytes = max(self.peak_worker_bytes, held)
        self.peak_bytes = max(self.peak_bytes, total)

    def kill_worker(self) -> int:
        """SIGKILL to a worker; gives its process id."""
        victim = self.workers()[0]
        victim.send_signal(signal.SIGKILL)
        return victim.pid

    def wait(self) -> int:
        """Until it ends."""
        return self._process.wait()

    def stop(self) -> None:
        """SIGTERM, then SIGKILL after 20 s."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
