"""Local references (RFC 6901 JSON pointers), resolved one at a time and only when asked for.

Nothing is ever expanded: a cycle costs nothing, and a document that would unfold to 2^30 values stays as small as it
is.
Nothing is ever fetched: a reference to another document gives an empty value and a notice.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from tieline.connectors.importers.values import Notices

_MAX_CHAIN = 50
_MISSING = object()
_SHORT_FORMS = ("/definitions/", "/components/schemas/", "/schemas/", "/models/")


class References:
    """Resolves the ``$ref`` of one document."""

    def __init__(self, root: Any, notices: Notices, *, address: str = "") -> None:
        self.root = root
        self.notices = notices
        self._file = address.rstrip("/").rsplit("/", 1)[-1].split("?")[0]
        self._known: dict[str, Any] = {}

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
        return unescape(ref.rsplit("/", 1)[-1]) if type(ref) is str else ""

    def pointer(self, ref: str) -> str | None:
        """The JSON pointer that a local reference stands for, None where it leads out of the document."""
        document, _, fragment = ref.partition("#")
        if document and document.split("?")[0].rsplit("/", 1)[-1] != (self._file or None):
            if "#" not in ref and "/" not in document and "." not in document:
                for prefix in _SHORT_FORMS:
                    if self._walk(prefix + document) is not _MISSING:
                        return prefix + document
            return None
        return unquote(fragment)

    def at(self, pointer: str) -> Any:
        """What stands at a JSON pointer, None where nothing does."""
        found = self._walk(pointer)
        return None if found is _MISSING else found

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

    def _walk(self, at: str) -> Any:
        node = self.root
        if at in ("", "/"):
            return node
        for token in at.lstrip("/").split("/"):
            if type(node) is dict:
                node = node.get(unescape(token), node.get(token, _MISSING))
            elif type(node) is list:
                node = node[int(token)] if _is_index(token) and int(token) < len(node) else _MISSING
            else:
                return _MISSING
            if node is _MISSING:
                return _MISSING
        return node


def unescape(token: str) -> str:
    """One reference token of a JSON pointer as the key that it stands for."""
    return token.replace("~1", "/").replace("~0", "~")


def _is_index(token: str) -> bool:
    return len(token) < 10 and token.isascii() and token.isdigit()
