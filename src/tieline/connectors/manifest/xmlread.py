"""XML from strangers as a small tree: no DTD, no entities, nothing fetched, bounded in depth and number of nodes.

Used for the documents that importers read and for the answers of APIs.
"""

from __future__ import annotations

import codecs
import re
from typing import Any, Final
from xml.parsers import expat

MAX_DEPTH: Final = 200
MAX_NODES: Final = 1_000_000  # elements and attributes
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
XML: Final = "http://www.w3.org/XML/1998/namespace"
_NO_ATTRIBUTES: Final[dict[str, str]] = {}  # these two are shared by all elements without any: nobody writes to a tree
_NO_CHILDREN: Final[list[Any]] = []
_SEPARATOR: Final = "\x1f"  # no XML name or namespace holds it
_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_BUILT_IN: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "utf-16", "utf-16-le", "utf-16-be"})


class XmlRefused(Exception):
    """The bytes are no XML that we read. ``broken``: cut or damaged, so that another attempt may bring it whole."""

    def __init__(
        self, reason: str, *, line: int | None = None, column: int | None = None, broken: bool = False
    ) -> None:
        super().__init__(reason)
        self.line, self.column, self.broken = line, column, broken


class Node:
    """One element. ``attributes`` go by local name, or ``{namespace}name`` where they have a namespace.

    ``text`` is what stands directly in it, ``scope`` the prefixes that hold there ("" = the default namespace).
    """

    __slots__ = ("attributes", "children", "line", "name", "namespace", "scope", "text")

    def __init__(self, namespace: str, name: str, attributes: dict[str, str], scope: dict[str, str], line: int) -> None:
        self.namespace, self.name, self.attributes, self.scope, self.line = namespace, name, attributes, scope, line
        self.children: list[Node] = _NO_CHILDREN
        self.text = ""

    def get(self, name: str, default: str = "") -> str:
        return self.attributes.get(name, default)

    def all(self, name: str, namespace: str | None = None) -> list[Node]:
        """The children of that local name (and namespace, where one is given)."""
        return [one for one in self.children if one.name == name and (namespace is None or one.namespace == namespace)]

    def first(self, name: str, namespace: str | None = None) -> Node | None:
        """The first child of that name, or None."""
        return next(
            (one for one in self.children if one.name == name and (namespace is None or one.namespace == namespace)),
            None,
        )

    def qualified(self, value: str) -> tuple[str, str]:
        """The (namespace, local name) of a QName that stands in an attribute or in the text."""
        prefix, colon, name = value.strip().rpartition(":")
        return (self.scope.get(prefix if colon else "", ""), name)

    @property
    def nil(self) -> bool:
        return self.attributes.get(f"{{{XSI}}}nil", "").strip() in ("true", "1")


def read_xml(data: bytes, *, charset: str = "", max_depth: int = MAX_DEPTH, max_nodes: int = MAX_NODES) -> Node:
    """The root element. ``charset`` is what the transport says about the bytes (RFC 7303 section 3: a byte-order mark
    outranks it, it outranks the document).

    Raises `XmlRefused`.
    """
    data, encoding = _encoding(data, charset)
    try:
        return _Reader(encoding, max_depth, max_nodes).read(data)
    except XmlRefused:
        if encoding is None or not charset:
            raise
    # The header may be a server's default that nobody meant.
    return _Reader(None, max_depth, max_nodes).read(data)


class _Reader:
    def __init__(self, encoding: str | None, max_depth: int, max_nodes: int) -> None:
        self.text: list[str] = []  # that has come since the last tag
        self.before: dict[int, list[str]] = {}  # text of open elements before their last child, by depth
        parser = self.parser = expat.ParserCreate(encoding, namespace_separator=_SEPARATOR)
        parser.buffer_text = True
        parser.buffer_size = 65_536
        parser.ordered_attributes = False
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self.text.append
        parser.StartNamespaceDeclHandler = self._declare
        parser.StartDoctypeDeclHandler = self._refuse_dtd
        parser.EntityDeclHandler = self._refuse_dtd
        self.max_depth, self.max_nodes, self.count = max_depth, max_nodes, 0
        self.stack: list[Node] = []
        self.declared: dict[str, str] = {}
        self.root: Node | None = None

    def read(self, data: bytes) -> Node:
        try:
            self.parser.Parse(data, True)
        except expat.ExpatError as error:
            raise XmlRefused(
                f"XML that is cut or damaged ({expat.errors.messages.get(error.code, 'not well-formed')})",
                line=error.lineno,
                column=error.offset + 1,
                broken=True,
            ) from None
        except (LookupError, ValueError):
            raise XmlRefused("XML in an encoding that is not supported") from None
        finally:
            # Handlers are bound methods: without this, parser and reader keep each other alive.
            self.parser.StartElementHandler = self.parser.EndElementHandler = None
            self.parser.CharacterDataHandler = self.parser.StartNamespaceDeclHandler = None
            self.parser.StartDoctypeDeclHandler = self.parser.EntityDeclHandler = None
        assert self.root is not None
        return self.root

    def _refuse_dtd(self, *_: Any) -> None:
        raise XmlRefused("XML with a document type declaration, which is never read", line=self._line())

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        self.declared[prefix or ""] = uri or ""

    def _start(self, tag: str, given: dict[str, str]) -> None:
        stack = self.stack
        self.count += 1 + len(given)
        if self.count > self.max_nodes:
            raise XmlRefused(f"XML with more than {self.max_nodes} elements and attributes", line=self._line())
        if len(stack) >= self.max_depth:
            raise XmlRefused(f"XML that nests deeper than {self.max_depth} levels", line=self._line())
        namespace, _, name = tag.rpartition(_SEPARATOR)
        scope = stack[-1].scope if stack else {"xml": XML}
        if self.declared:
            scope = {**scope, **self.declared}
            self.declared = {}
        attributes = given or _NO_ATTRIBUTES
        if given and any(_SEPARATOR in key for key in given):
            attributes = {}
            for key, value in given.items():
                space, separator, local = key.rpartition(_SEPARATOR)
                attributes[f"{{{space}}}{local}" if separator else key] = value
        node = Node(namespace, name, attributes, scope, self._line())
        if stack:
            parent = stack[-1]
            if self.text:
                self.before.setdefault(len(stack), []).extend(self.text)
                self.text.clear()
            if parent.children is _NO_CHILDREN:
                parent.children = [node]
            else:
                parent.children.append(node)
        else:
            self.root = node
        stack.append(node)

    def _end(self, _: str) -> None:
        before = self.before.pop(len(self.stack), None) if self.before else None
        node = self.stack.pop()
        if before is not None:
            node.text = "".join([*before, *self.text])
        elif self.text:
            node.text = "".join(self.text)
        self.text.clear()

    def _line(self) -> int:
        return int(self.parser.CurrentLineNumber)


_NO_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})


def _encoding(data: bytes, charset: str) -> tuple[bytes, str | None]:
    """Bytes that expat can read, and the encoding to force on it (None = as the document says)."""
    if data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data, None
    declared = _DECLARED.match(data[:300])
    name = charset or (declared.group(1).decode() if declared else "")
    if not name or name.lower() in _BUILT_IN:
        return data, charset.lower() if charset and charset.lower() in _BUILT_IN else None
    try:
        info = codecs.lookup(name)
        # Only text encodings: Python's registry holds compressions too, and "idna" is quadratic.
        if not info._is_text_encoding or info.name.replace("_", "-") in _NO_CHARSETS:
            return data, None
        return data.decode(info.name).encode("utf-8", "replace"), "utf-8"
    except (LookupError, ValueError):
        # Names with a NUL are refused with a plain ValueError.
        return data, None
