"""What a reader of the table has to know of the machine."""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil


def facts(folder: Path) -> dict[str, Any]:
    """Processor, memory, kernel, and how long a flush to the disk under ``folder`` takes."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {
        "processor": model,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "file_system": _file_system(folder),
        "flush_ms": round(_flush_ms(folder), 3),
        "load_before": [round(one, 2) for one in os.getloadavg()],
        "revision": revision(),
    }


def revision() -> str:
    """The commit that is measured, with a sign where files differ from it; "" outside of a checkout."""
    git = shutil.which("git")
    if git is None:
        return ""
    told = subprocess.run(
        [git, "describe", "--always", "--dirty"], cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return told.stdout.strip()


def _file_system(folder: Path) -> str:
    held = [
        part
        for part in psutil.disk_partitions(all=True)
        if str(folder).startswith(part.mountpoint.rstrip("/") + "/") or part.mountpoint == "/"
    ]
    return max(held, key=lambda part: len(part.mountpoint)).fstype if held else "unknown"


def _flush_ms(folder: Path) -> float:
    """Of one page appended and flushed, the median of 50."""
    taken = []
    path = folder / "flush"
    with path.open("wb") as file:
        for _ in range(50):
            file.write(bytes(8192))
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    path.unlink()
    return statistics.median(taken)
