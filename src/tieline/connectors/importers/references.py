"""References (RFC 6901 JSON pointers, into the document or into its parts), resolved one at a time and only when asked.

Nothing is ever expanded: a cycle costs nothing, and a document that would unfold to 2^30 values stays as small as it
is. Nothing is ever fetched: a reference to a document that is not among the parts gives an empty value and a notice.

A place in a part is written "schemas/pet.yaml#/Pet". A part is read when it is first asked for; its own references are
rewritten then, so that they mean the same from everywhere.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from tieline.connectors.importers.reading import Parts, read_document
from tieline.connectors.importers.values import Notices
from tieline.connectors.manifest.errors import UnreadableDocument

_MAX_CHAIN = 50
_MISSING = object()
_SHORT_FORMS = ("/definitions/", "/components/schemas/", "/schemas/", "/models/")


class References:
    """Resolves the ``$ref`` of one document and of its parts."""

    def __init__(self, root: Any, notices: Notices, *, address: str = "", parts: Parts | None = None) -> None:
        self.root = root
        self.notices = notices
        self.address = address
        self.parts = parts if parts is not None else Parts()
        self._file = address.rstrip("/").rsplit("/", 1)[-1].split("?")[0]
        own = root.get("$self") if type(root) is dict else None
        self._self = (
            own.partition("#")[0] if type(own) is str else ""
        )  # OpenAPI 3.2 section 4.1: the document's own address
        self._known: dict[str, Any] = {}
        self._read: dict[str, Any] = {}
        self._anchors: dict[str, str] | None = None

    def resolve(self, node: Any) -> Any:
        """``node`` itself, or what its reference leads to; an unusable reference gives ``{}``.

        What stands beside ``$ref`` wins over the target (JSON Schema 2020-12 section 8.2.3.1 and OpenAPI 3.1 reference
        objects).
        """
        if type(node) is not dict or "$ref" not in node:
            return node
        ref = node["$ref"]
        if type(ref) is not str:
            # A property that happens to be called "$ref".
            return node
        target = self._target(ref)
        if len(node) > 1 and type(target) is dict:
            beside = {key: value for key, value in node.items() if key != "$ref"}
            return {**target, **beside}
        return target

    def name(self, node: Any) -> str:
        """The last word of the reference that ``node`` is, or ""."""
        ref = node.get("$ref") if type(node) is dict else None
        return last_word(ref) if type(ref) is str else ""

    def pointer(self, ref: str, *, bare: bool = True) -> str | None:
        """The place that a reference stands for, None where it leads out of the document and its parts.

        ``bare``: the name of a schema alone is one too.
        """
        document, _, fragment = ref.partition("#")
        if document and document != self._self:
            part = self.parts.find(document, address=self.address) if self.parts else None
            if part is None and self._self:
                part = self.parts.find(document, address=self._self)
            if part is not None:
                return f"{part}#{unquote(fragment)}"
            if document.split("?")[0].rsplit("/", 1)[-1] != (self._file or None):
                if bare and "#" not in ref and "/" not in document and "." not in document:
                    for prefix in _SHORT_FORMS:
                        if self._walk(prefix + document) is not _MISSING:
                            return prefix + document
                return None
        if fragment and fragment[0] != "/" and (anchored := self._anchor(fragment)) is not None:
            return anchored
        return unquote(fragment)

    def at(self, pointer: str) -> Any:
        """What stands at a place, None where nothing does."""
        found = self._walk(pointer)
        return None if found is _MISSING else found

    def part(self, name: str) -> Any:
        """The data of a part, references as seen from the main document; None and a notice where it is unreadable."""
        if name not in self._read:
            self._read[name] = None
            try:
                document = read_document(self.parts[name], address=name)
            except UnreadableDocument as error:
                self.notices.add("unreadable-part", f"{name[:200]!r} cannot be read: {error.detail}")
            else:
                for notice in document.notices:
                    self.notices.add(notice.code, f"{name[:100]}: {notice.message}", notice.pointer)
                self._rebase(document.data, name)
                self._read[name] = document.data
        return self._read[name]

    def _rebase(self, data: Any, name: str) -> None:
        pending = [data]
        seen: set[int] = set()  # YAML aliases make one node stand in many places
        while pending:
            node = pending.pop()
            if id(node) in seen:
                continue
            if type(node) is dict:
                seen.add(id(node))
                ref = node.get("$ref")
                if type(ref) is str:
                    node["$ref"] = self._seen_from_main(ref, name)
                pending.extend(node.values())
            elif type(node) is list:
                seen.add(id(node))
                pending.extend(node)

    def _seen_from_main(self, ref: str, name: str) -> str:
        document, mark, fragment = ref.partition("#")
        if not document:
            return f"{name}#{fragment}"
        found = self.parts.find(document, base=name, address=self.address)
        if found is not None:
            return f"{found}{mark}{fragment}"
        last = document.split("?")[0].rsplit("/", 1)[-1]
        if last == self._file or document == self._self:
            return f"#{fragment}"
        if "." not in document and "/" not in document and not mark:
            # A bare name: a schema of that file.
            data = self._read.get(name)
            return f"{name}#/definitions/{ref}" if type(data) is dict and "definitions" in data else ref
        return ref

    def _target(self, ref: str) -> Any:
        if ref in self._known:
            return self._known[ref]
        seen = {ref}
        node: Any = {"$ref": ref}
        while type(node) is dict and type(node.get("$ref")) is str:
            current = node["$ref"]
            if current != ref and (current in seen or len(seen) > _MAX_CHAIN):
                self.notices.add("reference-loop", f"The reference {ref[:200]!r} only leads back to itself.")
                node = {}
                break
            seen.add(current)
            step = self._step(current)
            if type(step) is dict and type(step.get("$ref")) is str and step["$ref"] == ref:
                self.notices.add("reference-loop", f"The reference {ref[:200]!r} only leads back to itself.")
                step = {}
            node = step
        self._known[ref] = node
        return node

    def _step(self, ref: str) -> Any:
        at = self.pointer(ref)
        if at is None:
            self.notices.add(
                "external-reference", f"{ref[:200]!r} stands in another document, which was not read; it is left empty."
            )
            return {}
        found = self._walk(at)
        if found is _MISSING:
            self.notices.add("dangling-reference", f"{ref[:200]!r} leads nowhere; it is left empty.")
            return {}
        return found

    def _walk(self, at: str, depth: int = 0) -> Any:
        part, mark, at = at.rpartition("#") if not at.startswith("/") and "#" in at else ("", "", at)
        node = self.root
        if mark:
            node = self.part(part)
            if node is None:
                return _MISSING
        if at in ("", "/"):
            return node
        for token in at.lstrip("/").split("/"):
            if type(node) is dict:
                ref = node.get("$ref")
                if type(ref) is str and unescape(token) not in node and depth < _MAX_CHAIN:
                    # The way leads through another reference. Not a bare name: finding it would lead through it again.
                    further = self.pointer(ref, bare=False)
                    node = self._walk(further, depth + 1) if further is not None else _MISSING
                    if type(node) is not dict:
                        return _MISSING
                node = node.get(unescape(token), node.get(token, _MISSING))
            elif type(node) is list:
                node = node[int(token)] if _is_index(token) and int(token) < len(node) else _MISSING
            else:
                return _MISSING
            if node is _MISSING:
                return _MISSING
        return node

    def _anchor(self, name: str) -> str | None:
        """The pointer to the schema with that ``$anchor`` (JSON Schema 2020-12 section 8.2.2)."""
        if self._anchors is None:
            from tieline.connectors.importers.values import pointer

            self._anchors = {}
            pending: list[tuple[Any, str]] = [(self.root, "")]
            while pending:
                node, at = pending.pop()
                if type(node) is dict:
                    for keyword in ("$anchor", "$dynamicAnchor"):
                        if type(node.get(keyword)) is str:
                            self._anchors.setdefault(node[keyword], at)
                    pending.extend((one, pointer(at, key)) for key, one in node.items() if type(one) in (dict, list))
                elif type(node) is list:
                    pending.extend(
                        (one, f"{at}/{index}") for index, one in enumerate(node) if type(one) in (dict, list)
                    )
        return self._anchors.get(name)


def last_word(ref: str) -> str:
    """What a reference is called: the last step of its pointer, or its file without the ending where it means all."""
    document, _, fragment = ref.partition("#")
    if fragment.strip("/") or not document:
        return unescape(ref.rsplit("/", 1)[-1])
    file = document.rstrip("/").rsplit("/", 1)[-1]
    return file.split(".")[0] if "." in file else file


def unescape(token: str) -> str:
    """One reference token of a JSON pointer as the key that it stands for."""
    return token.replace("~1", "/").replace("~0", "~")


def _is_index(token: str) -> bool:
    return len(token) < 10 and token.isascii() and token.isdigit()
