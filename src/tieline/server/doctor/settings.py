"""Settings that break a rule, that nobody knows, and what they ask for elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from tieline.server import telemetry
from tieline.server.doctor.checks import Finding, Patient, check, fail, ok, warn
from tieline.server.settings import misspelt


@check("settings")
def settings(patient: Patient) -> Iterator[Finding]:
    """Each that is wrong, not only the first."""
    unknown = misspelt(patient.environment)
    for sentence in patient.wrong:
        yield fail("settings", sentence, "correct it: nothing starts before")
    for sentence in unknown:
        yield fail("settings", sentence, "correct its name, or take it out of the environment")
    if not patient.wrong and not unknown:
        yield ok("settings", f"log level {patient.settings.log_level}; see docs/reference/settings.md")


@check("tracing")
def tracing(patient: Patient) -> Iterator[Finding]:
    """Spans, where OTEL_* asks for them."""
    found = telemetry.check(patient.environment)
    if found is not None:
        yield ok("tracing", found[1]) if found[0] else fail("tracing", found[1], "install it, or unset the variable")


@check("studio")
def studio(_: Patient) -> Iterator[Finding]:
    """The pages are part of a wheel, and built by `make web` in a checkout."""
    from pathlib import Path

    from tieline.api import studio as family

    page = Path(family.__file__).parent / "dist" / "index.html"
    if page.is_file():
        yield ok("studio", "its pages are there")
    else:
        yield warn(
            "studio", "its pages are not built: /studio/ shows nothing", "build them: `python bin/build_studio.py`"
        )
