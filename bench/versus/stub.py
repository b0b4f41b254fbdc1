"""The API that everybody calls, as a process of its own: ``stub.c``, or the same in Python where no compiler is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

HERE = Path(__file__).parent
PAGE = 100
"""Records of a page."""


class Stub:
    """A context manager: the stub runs within. ``kind`` says which of both it is."""

    def __init__(self, folder: Path) -> None:
        """``folder`` takes the compiled program."""
        self._folder = folder
        self.kind = ""
        self.port = 0

    def __enter__(self) -> Self:
        command, self.kind = self._command()
        self._process = subprocess.Popen(
            [*command, str(PAGE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stats(self) -> dict[str, Any]:
        """What came since the last reset: {gets, posts, distinct, last_ns}."""
        with urllib.request.urlopen(f"{self.url}/stats", timeout=10) as answer:
            told: dict[str, Any] = json.load(answer)
        return told

    def reset(self) -> None:
        urllib.request.urlopen(f"{self.url}/reset", data=b"{}", timeout=10).close()

    def await_posts(self, count: int, seconds: float) -> dict[str, Any]:
        """The figures once so many sinks have come, or as they are after ``seconds``, or 30 s after the last one."""
        ends, known, moved = time.monotonic() + seconds, -1, time.monotonic()
        while True:
            told = self.stats()
            if told["posts"] != known:
                known, moved = told["posts"], time.monotonic()
            if told["distinct"] >= count or time.monotonic() > min(ends, moved + 30):
                return told
            time.sleep(0.05)

    def _command(self) -> tuple[list[str], str]:
        compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
        if compiler is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            program = self._folder / "stub"
            made = subprocess.run(
                [compiler, "-O2", "-D_GNU_SOURCE", "-o", program, HERE / "stub.c"], capture_output=True, check=False
            )
            if made.returncode == 0:
                return [str(program)], "C"
        return [sys.executable, str(HERE / "stub_python.py")], "Python (no C compiler here)"
