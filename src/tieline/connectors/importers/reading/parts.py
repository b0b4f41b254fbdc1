"""The further files of a documentation, by name: an environment, the files that references and imports lead to.

Nothing is read from a disk or a network here: whoever imports hands the bytes in. Names are relative to the main
document ("schemas/pet.yaml", "../common.xsd"), or the absolute address where a file comes from another place.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urljoin, urlsplit

from tieline.connectors.manifest.errors import DocumentTooLarge
from tieline.connectors.manifest.limits import MAX_BYTES, MAX_PARTS


class Parts(Mapping[str, bytes]):
    """Bytes by normalised name."""

    def __init__(self, files: Mapping[str, bytes] | None = None) -> None:
        files = files or {}
        if len(files) > MAX_PARTS:
            raise DocumentTooLarge(f"{len(files)} further files; the limit is {MAX_PARTS}.")
        if sum(map(len, files.values())) > MAX_BYTES:
            raise DocumentTooLarge(f"The further files have more than {MAX_BYTES // 2**20} MB together.")
        self._files = {normal(name): data for name, data in files.items()}

    def __getitem__(self, name: str) -> bytes:
        return self._files[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    def find(self, reference: str, *, base: str = "", address: str = "") -> str | None:
        """The name of the part that ``reference`` (without fragment) means in the file ``base``, None where it is not
        here.

        ``base`` is the name of the part that refers, "" for the main document, ``address`` where the main document
        came from.
        """
        names = [joined(base, reference)]
        if "://" in address:
            try:
                names.append(relative(urljoin(urljoin(address, base), reference), address))
            except ValueError:
                return None
        for name in names:
            if name in self._files:
                return name
            if (bare := name.partition("?")[0]) in self._files:
                return bare
        return None


def normal(name: str) -> str:
    """A relative name without "." and inner "..", with "/" between its steps; an absolute address stays one."""
    if "://" in name:
        return name
    path, mark, query = name.partition("?")
    steps: list[str] = []
    for step in unquote(path).replace("\\", "/").split("/"):
        if step == ".." and steps and steps[-1] != "..":
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps) + mark + query


def joined(base: str, reference: str) -> str:
    """What ``reference`` in the file ``base`` is called."""
    if "://" in reference:
        return reference
    if "://" in base:
        return urljoin(base, reference)
    if reference.startswith("/"):
        return normal(reference)
    return normal(base.rpartition("/")[0] + "/" + reference)


def relative(name: str, address: str) -> str:
    """An absolute address as a name relative to the main document's ``address``, where both have one origin."""
    if "://" not in name or "://" not in address:
        return name
    try:
        there, here = urlsplit(name), urlsplit(address)
    except ValueError:
        return name
    if (there.scheme, there.netloc) != (here.scheme, here.netloc):
        return name
    theirs, ours = there.path.split("/")[1:], here.path.split("/")[1:-1]
    while theirs[1:] and ours and theirs[0] == ours[0]:
        del theirs[0], ours[0]
    return normal("../" * len(ours) + "/".join(theirs) + (f"?{there.query}" if there.query else ""))
