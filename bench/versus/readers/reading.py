"""What the readers have in common: they are told an address and a number of records, and tell seconds as JSON.

    PYTHONPATH=(the repository) python READER URL RECORDS

A reader is run by an interpreter of its own, so this imports nothing but the standard library. Each reads a tenth once
before the clock starts, so that neither imports nor first connections are measured.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def tell(read: Callable[[str], int]) -> None:
    """``read`` goes through all pages from an address on and gives how many ids it saw."""
    base, records = sys.argv[1], int(sys.argv[2])
    read(f"{base}/pages/{max(100, records // 10)}")
    began, cpu = time.perf_counter(), time.process_time()
    count = read(f"{base}/pages/{records}")
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(json.dumps({"records": count, "seconds": seconds, "cpu": cpu, "peak_mb": peak_mb()}))


def peak_mb() -> float:
    """Of this program alone; what getrusage says begins with the memory of whoever started it."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
