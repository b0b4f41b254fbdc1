"""What the machine gives a process: Python, open files, certificates, the port."""

from __future__ import annotations

import errno
import platform
import resource
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from tieline.server.doctor.checks import Finding, Patient, check, fail, ok, warn

_FEW_FILES: Final = 1024
_ENOUGH_FILES: Final = 4096


@check("python")
def python(_: Patient) -> Iterator[Finding]:
    """Its version."""
    yield ok("python", platform.python_version())


@check("open files")
def open_files(_: Patient) -> Iterator[Finding]:
    """Each connection is one; a server raises the soft limit to the hard one by itself."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    mend = (
        "raise it: `ulimit -Hn 65536`, LimitNOFILE=65536 in the systemd unit, or --ulimit nofile=65536 of the container"
    )
    if hard != resource.RLIM_INFINITY and hard < _ENOUGH_FILES:
        status = fail if hard < _FEW_FILES else warn
        yield status("open files", f"a process may open {hard} files, so the server holds few connections", mend)
    else:
        yield ok("open files", "unlimited" if hard == resource.RLIM_INFINITY else f"up to {hard}")


@check("certificates")
def certificates(patient: Patient) -> Iterator[Finding]:
    """Those by which servers of APIs are recognised; OpenSSL passes over a file that it cannot read without a word."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        value = patient.environment.get(name)
        if not value:
            continue
        mend = f"let {name} name certificates in PEM form that this user may read, or unset it"
        try:
            if name == "SSL_CERT_DIR":
                if not any(Path(value).iterdir()):
                    yield fail("certificates", f"{name} {value} is an empty folder", mend)
            else:
                ssl.create_default_context(cadata=Path(value).read_text(encoding="ascii", errors="replace"))
        except ssl.SSLError:
            yield fail("certificates", f"{name} {value} holds no certificate", mend)
        except OSError as error:
            yield fail("certificates", f"{name} {value} cannot be read ({error.strerror})", mend)
    paths = ssl.get_default_verify_paths()
    if not any(paths[:2]):  # a file, a folder
        yield warn(
            "certificates",
            "this machine has no certificates of authorities, so no https address can be called",
            "install the package ca-certificates, or set SSL_CERT_FILE",
        )


@check("port")
def port(patient: Patient) -> Iterator[Finding]:
    """Whether the server can listen, or does."""
    where = f"{patient.host}:{patient.port}"
    family = socket.AF_INET6 if ":" in patient.host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((patient.host, patient.port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                yield fail("port", f"{where} cannot be used ({error.strerror})", "choose others with --host and --port")
                return
        else:
            yield ok("port", f"{where} is free")
            return
    from tieline.server.doctor.network import who_answers

    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(patient.host, patient.host)
    answer = who_answers(f"http://[{host}]:{patient.port}" if ":" in host else f"http://{host}:{patient.port}")
    if answer == "Tieline":
        yield ok("port", f"a server of Tieline listens on {where}")
    else:
        mend = "stop that program, or choose another port: `tieline serve --port N` (`tieline doctor --port N`)"
        yield fail("port", f"{where} is used by another program ({answer})", mend)
