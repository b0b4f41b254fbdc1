"""What all tests share: isolation from the machine and from each other, no silent skips, nothing left behind."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
import structlog
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.fixtures.shared import ROOT, free_port, running_upstream, shared_dir
from tieline.core.ids import new_id

__all__ = ["ROOT", "free_port", "shared_dir"]

pytest_plugins = [
    f"tests.fixtures.{name}" for name in ("storage",) if (ROOT / "tests" / "fixtures" / f"{name}.py").is_file()
]

IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
SESSION_MARK = "TIELINE_TEST_SESSION"
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

hypothesis_settings.register_profile(
    "tieline",
    deadline=None,
    derandomize=IN_CI,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
hypothesis_settings.load_profile("tieline")


def pytest_configure(config: pytest.Config) -> None:
    """A person's own Tieline settings must not reach a test, and a test must not reach a person's data."""
    for name in list(os.environ):
        if name.startswith("TIELINE_") and not name.startswith(("TIELINE_TEST_", "TIELINE_SHARED")):
            del os.environ[name]
    if not hasattr(config, "workerinput"):
        os.environ[SESSION_MARK] = new_id().hex
    _log_plainly()
    # A short address: the socket of an embedded PostgreSQL must fit in about a hundred bytes.
    folder = tempfile.TemporaryDirectory(prefix="tieline-", ignore_cleanup_errors=True)
    config.add_cleanup(folder.cleanup)
    os.environ["TIELINE_DATA_DIR"] = str(Path(folder.name) / "data")


def _log_plainly() -> None:
    """To ``logging``, which pytest captures. What structlog does by default prints every variable of a traceback."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["event"]),
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops what a test started and left running, daemons too: they carry this session's mark in their environment."""
    if hasattr(config, "workerinput"):
        return
    strays = [process for process in psutil.process_iter(["name"]) if _is_ours(process)]
    for process in strays:
        _quietly(process.terminate)
    _, stubborn = psutil.wait_procs(strays, timeout=10)
    for process in stubborn:
        _quietly(process.kill)
    if strays:
        names = ", ".join(sorted(f"{process.info['name']} ({process.pid})" for process in strays))
        print(f"stopped what the tests had left running: {names}")


def _is_ours(process: psutil.Process) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get(SESSION_MARK) == os.environ.get(SESSION_MARK)
    except (psutil.Error, OSError):
        return False


def _quietly(action: Callable[[], None]) -> None:
    try:
        action()
    except psutil.Error:
        return


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever lies in ``tests/batteries`` is a battery."""
    batteries = ROOT / "tests" / "batteries"
    for item in items:
        if item.path.is_relative_to(batteries):
            item.add_marker(pytest.mark.battery)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    return _refuse_skip(report)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    return _refuse_skip(report)


def _refuse_skip(report: Report) -> Report:
    """CI has everything that a test can ask for, so there a skip hides a fault."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {reason}"
    return report


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the judge's material (see ``shared_dir``)."""
    return shared_dir()


@pytest.fixture(scope="session")
def upstream() -> Iterator[str]:
    """Base address of a running misbehaving upstream; one process for each test process."""
    with running_upstream() as address:
        yield address


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty data folder of this test alone, at an address short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="tl-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "data"
