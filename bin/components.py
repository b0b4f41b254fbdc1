"""What Tieline is made of beside its own code: a bill of materials and a report of licences.

    python bin/components.py sbom FILE        CycloneDX 1.6, JSON: what is installed with it, and what its pages hold
    python bin/components.py licences FILE    a page with every run-time dependency, its version and its licence

Versions come from uv.lock and web/package-lock.json. Licences come from what the packages say of themselves; where one
says it in old words, or is not installed on this machine, the tables below say it. A licence outside of `ALLOWED` ends
the program with code 1, and so does a package of which nothing is known.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from itertools import product
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from license_expression import LicenseSymbol, Licensing, get_spdx_licensing
from packaging.markers import Marker

ROOT = Path(__file__).resolve().parent.parent
# What `bin/build_studio.py` writes down: the packages whose code the pages really hold.
BUNDLED = ROOT / "src" / "tieline" / "api" / "studio" / "dist" / "licences.md"

ALLOWED = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BlueOak-1.0.0", "CC0-1.0", "ISC", "MIT", "MIT-0"),
    *("MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib", "PostgreSQL"),
}
# Allowed as well: for one package each, and why.
WITH_A_WORD = {
    "asyncssh": ("EPL-2.0", "the Eclipse licence is the one of its two that we choose; its files are unmodified"),
    "psycopg": ("LGPL-3.0-only", "a library, unmodified, that whoever installs Tieline can replace"),
    "psycopg-binary": ("LGPL-3.0-only", "a library, unmodified, that whoever installs Tieline can replace"),
    "psycopg-pool": ("LGPL-3.0-only", "a library, unmodified, that whoever installs Tieline can replace"),
}
# Those that say it in other words than SPDX's.
OLD_WORDS = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "apache": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "gnu lesser general public license v3 (lgplv3)": "LGPL-3.0-only",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}
# Where the package's own words are missing or lack precision, as its licence file has it.
KNOWN: dict[str, str] = {}
# The platforms that the wheels of Tieline are for.
PLATFORMS = [
    {"sys_platform": system, "platform_system": name, "os_name": "posix", "platform_machine": machine}
    for (system, name), machine in product((("linux", "Linux"), ("darwin", "Darwin")), ("x86_64", "aarch64"))
]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")


INTRODUCTION = """\
# Licences

Tieline is under the [Apache License 2.0](../../LICENSE). What it brings along at run time is under the licences below.
`make licences` writes this page from `uv.lock` and `web/package-lock.json`; a test fails where it is not up to date, or
where a licence is not one of these:
""".splitlines()


class Refused(Exception):
    """One line that says what is wrong."""


@dataclass
class Part:
    """A package of others that Tieline brings along."""

    kind: str  # pypi, npm
    name: str
    version: str
    licence: str
    needs: set[str] = field(default_factory=set)
    files: list[tuple[str, str, str]] = field(default_factory=list)  # address, algorithm, hexadecimal digest
    optional: bool = False

    @property
    def ref(self) -> str:
        """The package URL (purl) that names it."""
        return f"pkg:{self.kind}/{self.name.replace('@', '%40')}@{self.version}"


def main(arguments: Sequence[str]) -> int:
    """Exit code 0: written; 1: refused."""
    try:
        if len(arguments) != 2 or arguments[0] not in {"sbom", "licences"}:
            raise Refused("say `sbom FILE` or `licences FILE`")
        parts = [*python_parts(), *page_parts()]
        refuse_foreign_licences(parts)
        target = Path(arguments[1])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text((bill if arguments[0] == "sbom" else report)(parts), encoding="utf-8")
    except Refused as error:
        sys.stderr.write(f"components: {error}\n")
        return 1
    return 0


# Python


def python_parts() -> list[Part]:
    """What `pip install tieline[otel]` installs on Linux and macOS, as uv.lock pins it."""
    locked: dict[str, list[dict[str, Any]]] = {}
    for package in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]:
        locked.setdefault(package["name"], []).append(package)
    [ours] = locked["tieline"]
    found: dict[tuple[str, str], Part] = {}
    seen: set[tuple[str, str]] = set()
    queue = [(needed, False) for needed in ours["dependencies"]]
    queue += [(needed, True) for extra in ours.get("optional-dependencies", {}).values() for needed in extra]
    while queue:
        needed, optional = queue.pop(0)
        for package in chosen(locked, needed):
            key = package["name"], package["version"]
            extras = [package.get("optional-dependencies", {}).get(name, []) for name in needed.get("extra", ())]
            below = [*package.get("dependencies", ()), *(one for extra in extras for one in extra)]
            if key not in found:
                found[key] = Part("pypi", *key, python_licence(package["name"]), optional=optional)
                found[key].files = list(python_files(package))
            real = {one["name"] for one in below if chosen(locked, one)}
            if key in seen and real <= found[key].needs:
                continue
            seen.add(key)
            found[key].needs |= real
            queue += [(one, optional) for one in below]
    return sorted(found.values(), key=lambda part: (part.name, part.version))


def chosen(locked: dict[str, list[dict[str, Any]]], needed: dict[str, Any]) -> list[dict[str, Any]]:
    """The locked packages that an entry means; none where its marker is true on no platform of ours."""
    if "marker" in needed and not reached(needed["marker"]):
        return []
    versions = locked[needed["name"]]
    return [package for package in versions if needed.get("version") in {None, package["version"]}]


@cache
def reached(marker: str) -> bool:
    """Whether one of our platforms fulfils it."""
    return any(
        Marker(marker).evaluate({**about, "python_version": version, "python_full_version": f"{version}.0"})
        for about in PLATFORMS
        for version in PYTHONS
    )


def python_files(package: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The source distribution, or the only wheel there is: one file stands for those of every platform."""
    wheels = package.get("wheels", ())
    file = package.get("sdist") or (wheels[0] if len(wheels) == 1 else {})
    if file.get("url") and ":" in file.get("hash", ""):
        algorithm, digest = file["hash"].split(":")
        yield file["url"], algorithm, digest


def python_licence(name: str) -> str:
    """Its SPDX expression. Raises `Refused` where the package says nothing that is understood."""
    if name in KNOWN:
        return KNOWN[name]
    try:
        about = metadata(name)
    except PackageNotFoundError:
        raise Refused(f"{name} is not installed here: write its licence into KNOWN of bin/components.py") from None
    said = about.get("License-Expression")
    if said:
        return str(said)
    words = [str(about.get("License") or "")]
    words += [one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or () if one.startswith("License ::")]
    for word in words:
        word = word.strip()
        if word.lower() in OLD_WORDS:
            return OLD_WORDS[word.lower()]
        if word in ALLOWED:
            return word
        if re.fullmatch(r"[\w.+-]+( (AND|OR) [\w.+-]+)+", word) and not unknown(word):
            return word
    raise Refused(f"{name} names its licence in unknown words ({words!r}): write it into KNOWN of bin/components.py")


# The pages


def page_parts() -> list[Part]:
    """The packages of npm whose code lies in the built pages, as web/package-lock.json pins them."""
    try:
        text = BUNDLED.read_text(encoding="utf-8")
    except OSError:
        raise Refused("the studio is not built: run `make web` first") from None
    bundled = dict(re.findall(r"^## (\S+) - (\S+) \(", text, re.MULTILINE))
    found = {part.name: part for part in locked_pages() if bundled.get(part.name) == part.version}
    lost = sorted(bundled.keys() - found.keys())
    if lost or not bundled:
        raise Refused(f"the pages hold what web/package-lock.json does not name: {', '.join(lost)}; run `make web`")
    for part in found.values():
        part.needs &= found.keys()
    return sorted(found.values(), key=lambda part: part.name)


def locked_pages() -> Iterator[Part]:
    """Every package that the pages may come to hold: all but tools."""
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text(encoding="utf-8"))
    for place, package in lock["packages"].items():
        if place and not package.get("dev") and not package.get("devOptional"):
            name = place.rpartition("node_modules/")[2]
            part = Part("npm", name, package["version"], str(package.get("license", "")))
            part.needs = {*package.get("dependencies", ()), *package.get("peerDependencies", ())}
            algorithm, _, digest = package.get("integrity", "").partition("-")
            if digest:
                part.files = [(package.get("resolved", ""), algorithm, base64.b64decode(digest).hex())]
            yield part


# Licences


@cache
def spdx() -> Licensing:
    """The words of SPDX; reading them takes a while."""
    return get_spdx_licensing()


def unknown(expression: str) -> bool:
    """Whether the expression holds a word that SPDX does not have."""
    return bool(spdx().unknown_license_keys(expression))


def allowed(part: Part) -> bool:
    """Of licences to choose from one has to be allowed, of those that go together all."""
    licensing = spdx()
    if not part.licence or unknown(part.licence):
        return False
    fine = ALLOWED | set(WITH_A_WORD.get(part.name, ())[:1])
    tree = licensing.parse(part.licence)

    def holds(node: Any) -> bool:
        if isinstance(node, LicenseSymbol):
            return str(node.key) in fine
        if hasattr(node, "license_symbol"):  # "WITH" an exception: the licence counts
            return str(node.license_symbol.key) in fine
        branches = [holds(one) for one in node.args]
        return any(branches) if isinstance(node, licensing.OR) else all(branches)

    return holds(tree)


def refuse_foreign_licences(parts: Sequence[Part]) -> None:
    """Raises `Refused` with every package whose licence is not allowed."""
    wrong = [f"{part.name} {part.version} ({part.licence or 'none'})" for part in parts if not allowed(part)]
    if wrong:
        raise Refused(f"licences outside of the list that Tieline may bring along: {', '.join(wrong)}")


def report(parts: Sequence[Part]) -> str:
    """The page of the reference."""
    lines = [
        *INTRODUCTION,
        "",
        f"{', '.join(f'`{one}`' for one in sorted(ALLOWED))}.",
        "",
        "Allowed for one package each:",
        "",
    ]
    lines += [f"* `{name}`, {licence}: {why}." for name, (licence, why) in sorted(WITH_A_WORD.items())]
    lines += [""]
    titles = {
        "pypi": (
            "Python packages",
            "Installed with `pip install tieline`; those with a star only with `tieline[otel]`.",
        ),
        "npm": (
            "Packages in the pages of the studio",
            "Their code lies in the built pages, the texts of their licences beside it in the wheel: `licences.md`.",
        ),
    }
    for kind, (title, words) in titles.items():
        some = [part for part in parts if part.kind == kind]
        lines += [
            f"## {title}",
            "",
            f"{words} {len(some)} in all.",
            "",
            "| package | version | licence |",
            "|---|---|---|",
        ]
        lines += [f"| {part.name}{' *' if part.optional else ''} | {part.version} | {part.licence} |" for part in some]
        lines += [""]
    return "\n".join(lines)


# The bill of materials


def bill(parts: Sequence[Part]) -> str:
    """CycloneDX 1.6 in JSON. The same parts make the same text, but for the time, which SOURCE_DATE_EPOCH fixes."""
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentScope, ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    algorithms = {"sha256": HashAlgorithm.SHA_256, "sha512": HashAlgorithm.SHA_512, "sha1": HashAlgorithm.SHA_1}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    make = LicenseFactory().make_from_string
    ours = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref=f"pkg:pypi/{project['name']}@{project['version']}",
        purl=PackageURL("pypi", name=project["name"], version=project["version"]),
        description=project["description"],
        licenses=[make(project["license"])],
    )
    made: dict[str, Component] = {}
    for part in parts:
        space, _, name = part.name.rpartition("/")
        made[part.ref] = Component(
            name=name,
            group=space or None,
            version=part.version,
            type=ComponentType.LIBRARY,
            bom_ref=part.ref,
            purl=PackageURL(part.kind, namespace=space or None, name=name, version=part.version),
            licenses=[make(part.licence)],
            scope=ComponentScope.OPTIONAL if part.optional else ComponentScope.REQUIRED,
            external_references=[
                ExternalReference(
                    type=ExternalReferenceType.DISTRIBUTION,
                    url=XsUri(address),
                    hashes=[HashType(alg=algorithms[algorithm], content=digest)],
                )
                for address, algorithm, digest in part.files
            ],
        )
    seed = json.dumps([project["version"], sorted(made)])
    bom = Bom(components=made.values(), serial_number=uuid5(NAMESPACE_URL, seed))
    bom.metadata.component = ours
    bom.metadata.timestamp = datetime.fromtimestamp(
        int(os.environ.get("SOURCE_DATE_EPOCH") or datetime.now(UTC).timestamp()), UTC
    )
    top = {re.split(r"[\s\[<>=!~;]", one)[0].lower() for one in project["dependencies"]}
    extras = [one for extra in project["optional-dependencies"].values() for one in extra]
    top |= {re.split(r"[\s\[<>=!~;]", one)[0].lower() for one in extras}
    # Of the pages, those that nothing else asks for.
    asked = {name for part in parts if part.kind == "npm" for name in part.needs}
    top |= {part.name for part in parts if part.kind == "npm" and part.name not in asked}
    bom.register_dependency(ours, [made[part.ref] for part in parts if part.name in top])
    for part in parts:
        below = [made[one.ref] for one in parts if one.kind == part.kind and one.name in part.needs]
        bom.register_dependency(made[part.ref], below)
    return JsonV1Dot6(bom).output_as_string(indent=1) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
