"""The documentation is held against the program: what exists has its heading, links lead somewhere, examples run.

An example runs when the word ``run`` follows its language:

    ```python run           a program; it must end without an error
    ```console run          lines that begin with "$ " are commands, the lines after one are its whole output,
                            in which "..." stands for anything
"""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from tests.fixtures.markdown import Example, pages, read, slug_of
from tests.fixtures.shared import ROOT
from tests.fixtures.whole import modules, subclasses
from tieline.core.errors import TielineError, Transient
from tieline.server.settings import Settings, variable

REFERENCE = ROOT / "docs" / "reference"


def module(name: str) -> Any:
    """A module that may not be there yet; one that is there must import."""
    try:
        there = find_spec(name)
    except ModuleNotFoundError:
        return None
    return importlib.import_module(name) if there else None


def settings() -> Iterator[str]:
    yield from (variable(field) for field in Settings.model_fields)


def commands() -> Iterator[str]:
    """``tieline connectors import``, for every command that does something itself."""
    cli = module("tieline.server.cli")
    if cli is None:
        return
    from typer.main import get_command

    module("tieline.server.cli.commands")

    def walk(command: Any, words: tuple[str, ...]) -> Iterator[str]:
        children = getattr(command, "commands", None)
        if not children:
            yield " ".join(words)
            return
        for name, child in sorted(children.items()):
            if not child.hidden:
                yield from walk(child, (*words, name))

    yield from walk(get_command(cli.app), ("tieline",))


def blocks() -> Iterator[str]:
    """Built-in blocks by their type in the workspace document."""
    registry = module("tieline.automations.engine.registry")
    if registry is not None:
        modules()
        # The tests of the engine register blocks of their own.
        yield from sorted(
            name for name, kind in registry.block_types().items() if type(kind).__module__.startswith("tieline.")
        )


def formula_functions() -> Iterator[str]:
    registry = module("tieline.automations.formulas")
    if registry is not None:
        modules()
        yield from sorted(registry.FUNCTIONS)


def errors() -> Iterator[str]:
    yield from sorted({cls.code for cls in subclasses(TielineError)})


def endpoints() -> Iterator[tuple[str, ...]]:
    """``GET /api/v1/automations/{id}``; what several prefixes serve needs one heading, under any of them."""
    server = module("tieline.server.app")
    if server is None:
        return
    from fastapi.routing import iter_route_contexts

    served: dict[tuple[object, str], list[str]] = {}
    # Routes are known before anything runs, so a platform that does nothing is enough.
    app = server.create_app(MagicMock(settings=Settings()))
    for route in iter_route_contexts(app.routes):
        path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path or "")
        for method in route.methods or ():
            served.setdefault((route.endpoint, method), []).append(f"{method} {path}")
    yield from sorted(tuple(sorted(names)) for names in served.values())


DOCUMENTED: dict[str, tuple[str, Callable[[], Iterable[str | tuple[str, ...]]]]] = {
    "settings": ("settings.md", settings),
    "commands": ("cli.md", commands),
    "blocks": ("blocks.md", blocks),
    "formula-functions": ("formulas.md", formula_functions),
    "errors": ("errors.md", errors),
    "endpoints": ("http.md", endpoints),
}


def plain(heading: str) -> str:
    """A heading without its code marks; a signature counts as the name before its parenthesis."""
    return heading.replace("`", "").strip()


@pytest.mark.parametrize("kind", DOCUMENTED)
def test_everything_that_exists_has_a_heading(kind: str) -> None:
    name, discover = DOCUMENTED[kind]
    wanted = [(item,) if isinstance(item, str) else item for item in discover()]
    if not wanted:
        return
    path = REFERENCE / name
    assert path.is_file(), f"docs/reference/{name} is missing; it needs a heading each for: {wanted}"
    there = {plain(heading) for heading in read(path).headings}
    there |= {heading.split("(")[0] for heading in there}
    missing = [f"docs/reference/{name} has no heading `{names[0]}`" for names in wanted if not there & set(names)]
    assert not missing, "\n" + "\n".join(missing)


@pytest.mark.parametrize("kind", ["settings", "errors"])
def test_nothing_is_documented_that_does_not_exist(kind: str) -> None:
    name, discover = DOCUMENTED[kind]
    path = REFERENCE / name
    shape = re.compile({"settings": r"TIELINE_[A-Z_]+", "errors": r"[a-z0-9]+(-[a-z0-9]+)*"}[kind])
    known = set(discover())
    extra = [
        f"docs/reference/{name} describes `{plain(heading)}`, which does not exist"
        for heading in (read(path).headings if path.is_file() else ())
        if "`" in heading and shape.fullmatch(plain(heading)) and plain(heading) not in known
    ]
    assert not extra, "\n" + "\n".join(extra)


def test_errors_are_documented_with_their_status_and_title() -> None:
    text = (REFERENCE / "errors.md").read_text(encoding="utf-8")
    entries = re.findall(r"^### `([a-z0-9-]+)`\n\nStatus (.*)\. Again: (yes|no)\. \*(.+)\*$", text, re.MULTILINE)
    said = {code: (status, again, title) for code, status, again, title in entries}
    wrong = []
    for cls in subclasses(TielineError):
        status, again, title = said.get(cls.code, ("", "", ""))
        if str(cls.status) not in status or title != cls.title or (issubclass(cls, Transient) and again != "yes"):
            wrong.append(
                f"docs/reference/errors.md: `{cls.code}` has status {cls.status} and the title {cls.title!r}, "
                f"and {'may' if issubclass(cls, Transient) else 'does not'} go away"
            )
    assert not wrong, "\n" + "\n".join(wrong)


def test_links_inside_the_documentation_lead_somewhere() -> None:
    broken = []
    for page in pages():
        for line, link in page.links:
            if re.match(r"[a-z][a-z0-9+.-]*:", link):
                continue
            address, _, fragment = link.partition("#")
            target = (page.path.parent / address).resolve() if address else page.path
            place = f"{page.path.relative_to(ROOT)}:{line}"
            if not target.is_relative_to(ROOT):
                broken.append(f"{place}: {link} leads out of the repository")
            elif not target.exists():
                broken.append(f"{place}: there is no {link}")
            elif fragment and target.suffix == ".md" and fragment not in read(target).anchors():
                broken.append(f"{place}: {link} names no heading there")
    assert not broken, "\n" + "\n".join(broken)


def test_every_document_can_be_found_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    seen: set[Path] = set()
    queue = [index]
    while queue:
        path = queue.pop()
        if path in seen or path.suffix != ".md" or not path.is_file():
            continue
        seen.add(path)
        for _, link in read(path).links:
            if not re.match(r"[a-z][a-z0-9+.-]*:", link) and link.partition("#")[0]:
                queue.append((path.parent / link.partition("#")[0]).resolve())
    lost = [str(page.path.relative_to(ROOT)) for page in pages() if page.path not in seen]
    assert not lost, f"no way leads from docs/README.md to: {', '.join(lost)}"


def test_commands_in_the_texts_exist() -> None:
    known = {" ".join(command.split()[:length]) for command in commands() for length in (3, 4)}
    groups = {" ".join(command.split()[:2]) for command in known}
    mention = re.compile(r"(?:`|^\$ )(tieline [a-z][a-z-]*)(?: ([a-z][a-z-]*)(?=[ `\n]|$))?", re.MULTILINE)
    wrong = [
        f"{page.path.relative_to(ROOT)} speaks of `{' '.join(filter(None, found))}`, which does not exist"
        for page in pages()
        for found in mention.findall(page.path.read_text(encoding="utf-8"))
        if found[0] not in groups or (found[0] not in known and found[1] and " ".join(found) not in known)
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def runnable() -> list[Example]:
    return [example for page in pages() for example in page.examples if "run" in example.words]


@pytest.mark.example
@pytest.mark.parametrize("example", runnable(), ids=lambda example: example.place)
def test_the_example_does_what_it_says(example: Example, tmp_path: Path) -> None:
    if example.language == "python":
        done = execute([sys.executable, "-c", example.text], tmp_path)
        assert done.returncode == 0, f"{example.place}: {done.stderr.strip()[-2000:]}"
        return
    assert example.language == "console", f"{example.place}: only python and console examples can run"
    for command, expected in exchanges(example.text):
        done = execute(["/bin/sh", "-c", command], tmp_path)
        assert done.returncode == 0, f"{example.place}: `{command}` ended with {done.returncode}: {done.stderr.strip()}"
        if expected:
            pattern = ".*".join(re.escape(piece) for piece in expected.split("..."))
            assert re.fullmatch(pattern, done.stdout.strip(), re.DOTALL), (
                f"{example.place}: `{command}` printed\n{done.stdout}"
            )


def execute(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TIELINE_DATA_DIR": str(folder / "data"),
        "NO_COLOR": "1",
    }
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def exchanges(text: str) -> Iterator[tuple[str, str]]:
    """Commands with the output that the example shows for each."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        while command.endswith("\\"):
            more, _, output = output.partition("\n")
            command = f"{command[:-1]} {more.strip().removeprefix('>').strip()}"
        yield command, output.strip()


@pytest.mark.parametrize(
    "heading, expected",
    [
        ("`GET /api/v1/automations/{id}`", "get-apiv1automationsid"),
        ("What `make test` runs", "what-make-test-runs"),
        ("TIELINE_DATA_DIR", "tieline_data_dir"),
    ],
)
def test_anchors_are_made_as_the_forges_make_them(heading: str, expected: str) -> None:
    assert slug_of(heading) == expected


def test_console_examples_are_read_as_command_and_output() -> None:
    text = "$ one \\\n>  two\nout 1\nout 2\n$ three\n"
    assert list(exchanges(text)) == [("one  two", "out 1\nout 2"), ("three", "")]
