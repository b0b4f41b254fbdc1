"""Builds the pages of the documentation from `docs/`:  .venv/bin/python bin/build_docs.py [FOLDER]

Static pages for any web server, or for a browser without one, in build/site. A link that leads nowhere, an unknown
language of an example or a page that no other one names ends the build.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

from sphinx.cmd.build import main as sphinx

ROOT = Path(__file__).resolve().parent.parent
# What lies beside docs/ and is a page as well.
BESIDE = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")
PARTS = {
    "Guide": "docs/guide/*",
    "Reference": "docs/reference/*",
    "How it is built": "docs/decisions/*",
}

CONFIGURATION = """
project = "Tieline"
copyright = author = "The Tieline engineers"
version = release = {version!r}
extensions = ["myst_parser"]
source_suffix = {{".md": "markdown"}}
root_doc = "index"
html_theme = "furo"
html_title = "Tieline {version}"
html_show_sourcelink = False
html_copy_source = False
html_show_copyright = False
html_last_updated_fmt = None
myst_heading_anchors = 6
myst_heading_slug_func = "slugs.slug_of"
myst_enable_extensions = []
suppress_warnings = ["misc.highlighting_failure", "myst.header"]
"""


def main(arguments: list[str]) -> int:
    """Exit code 0: built."""
    target = Path(arguments[0] if arguments else ROOT / "build" / "site").absolute()
    with tempfile.TemporaryDirectory(prefix="tieline-docs-") as place:
        source = Path(place)
        prepare(source)
        shutil.rmtree(target, ignore_errors=True)
        sys.path.insert(0, str(source))
        options = ["-b", "html", "-q", "-W", "--keep-going", "-n", "-j", "auto", "-d", str(source / "cache")]
        code = sphinx([*options, str(source), str(target)])
    if code == 0:
        for name in (".buildinfo", "objects.inv"):
            (target / name).unlink(missing_ok=True)
        sys.stderr.write(f"docs: {len(list(target.rglob('*.html')))} pages in {target}\n")
    return code


def prepare(source: Path) -> None:
    """The pages as they lie in the repository, with an index; links to sources become plain names."""
    shutil.copytree(ROOT / "docs", source / "docs")
    for name in BESIDE:
        shutil.copy(ROOT / name, source / name)
    pages = sorted(source.rglob("*.md"))
    for page in pages:
        page.write_text(readable(page, source), encoding="utf-8")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    (source / "conf.py").write_text(CONFIGURATION.format(version=version), encoding="utf-8")
    # The names of headings, as the forges make them and as tests/test_docs.py has them.
    slugs = 'import re\n\n\ndef slug_of(heading):\n    plain = re.sub(r"[^\\w\\- ]", "", heading.lower())\n'
    (source / "slugs.py").write_text(f'{slugs}    return plain.replace(" ", "-")\n', encoding="utf-8")
    trees = [tree("Start", ["README", "docs/README", "docs/studio/README"])]
    for title, pattern in PARTS.items():
        names = [str(page.relative_to(source).with_suffix("")) for page in pages if page.match(f"{source}/{pattern}")]
        also = ["ARCHITECTURE", "CONTRIBUTING", "SECURITY", "CHANGELOG"] if title == "How it is built" else []
        trees.append(tree(title, [*also, *names]))
    (source / "index.md").write_text("# Tieline\n\n" + "\n".join(trees), encoding="utf-8")


def tree(title: str, names: list[str]) -> str:
    """One part of the navigation."""
    return "\n".join(["```{toctree}", f":caption: {title}", ":maxdepth: 1", "", *names, "```", ""])


def readable(page: Path, source: Path) -> str:
    """Sphinx knows links to pages and to files that it copies; of what else lies in the repository only names stay."""
    text = page.read_text(encoding="utf-8")

    def kept(found: re.Match[str]) -> str:
        words, address = found.groups()
        path = (page.parent / address.partition("#")[0]).resolve()
        if re.match(r"[a-z][a-z0-9+.-]*:|#", address) or (path.is_file() and path.is_relative_to(source)):
            return found.group()
        if path.is_dir() and (path / "README.md").is_file():
            return f"[{words}]({address.rstrip('/')}/README.md)"
        return words

    text = re.sub(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)", kept, text)
    # The word after a language says that tests run the example; to the highlighter it means nothing.
    return re.sub(r"^(\s*```\w+) .*$", r"\1", text, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
