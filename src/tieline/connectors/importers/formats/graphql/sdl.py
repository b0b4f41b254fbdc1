"""Schemas in GraphQL's schema definition language, read with graphql-core's parser.

Definitions are taken one by one and never checked against each other: a schema that ``build_ast_schema`` refuses (types
that are missing, declared twice or only extended) still describes most of its API.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from tieline.connectors.importers.formats.graphql.types import MAX_WRAPPERS, Argument, Field, Kind, Schema, Type
from tieline.connectors.importers.values import Notices, text
from tieline.connectors.manifest.errors import DocumentTooLarge, UnreadableDocument

if TYPE_CHECKING:
    from graphql import language as gql

MAX_TOKENS: Final = 300_000  # GitHub's whole schema has some 120,000, Saleor's 70,000
_LONGEST: Final = 16 * 2**20
_LOOKS: Final = re.compile(
    r"^[ \t]*(?:extend[ \t]+)?(?:(?:type|interface|input|enum)[ \t]+\w+[^{}\n:=]*\{"
    r"|union[ \t]+\w+[^=\n:]*=|schema[ \t]*(?:@\w[^{\n]*)?\{|directive[ \t]+@\w+)",
    re.MULTILINE,
)
_BEFORE: Final = re.compile(r'(?:[\s,\ufeff]+|#[^\n]*|"""(?:[^"]|"(?!""))*+"""|"[^"\n]*")*+')
_STARTS: Final = re.compile(r"(?:extend\s+)?(?:type|interface|input|enum|union|scalar|directive|schema)\b\s*[\w@{]")
_EMPTY_BODY: Final = re.compile(r"((?:type|interface|input|enum)\s+\w+[^{}\"#]{0,300}?)\{\s*\}")
_OLD_IMPLEMENTS: Final = re.compile(
    r"(\bimplements\s{1,9})(\w+(?:[ \t]{0,9},[ \t]{0,9}\w+|[ \t]{1,9}\w+){1,50})(?=\s*[@{])"
)
_KINDS: Final[dict[str, Kind]] = {
    "object_type": "object",
    "interface_type": "interface",
    "union_type": "union",
    "enum_type": "enum",
    "input_object_type": "input",
    "scalar_type": "scalar",
}


def looks_like_sdl(source: str, *, anywhere: bool = False) -> float:
    """From 0 to 1 how much a text looks like a schema definition; without ``anywhere`` it must begin like one."""
    head = source[:200_000]
    before = _BEFORE.match(head)
    if not anywhere and not _STARTS.match(head, before.end() if before is not None else 0):
        return 0.0
    hits = len(_LOOKS.findall(head))
    if not hits:
        return 0.0
    return 0.95 if hits > 1 or re.search(r"\b(?:type|extend type)\s+(?:Query|Mutation)\b", head) else 0.7


def read_sdl(sources: Iterable[tuple[str, str]], notices: Notices) -> Schema:
    """One schema of several (file name, text).

    Raises `UnreadableDocument` with line and column for what is no SDL, `DocumentTooLarge` beyond `MAX_TOKENS`.
    """
    schema = Schema()
    extended: set[str] = set()
    roots = False
    for file, source in sources:
        for node in _parse(source, file, notices):
            kind = node.kind
            if kind in ("schema_definition", "schema_extension"):
                roots = True
                _take_roots(schema, node)
            elif kind.removesuffix("_definition") in _KINDS:
                _take_type(schema, _KINDS[kind.removesuffix("_definition")], node, notices)
                extended.discard(node.name.value)
            elif kind.removesuffix("_extension") in _KINDS:
                if node.name.value not in schema.types:
                    extended.add(node.name.value)
                _extend(schema, _KINDS[kind.removesuffix("_extension")], node)
            elif kind in ("operation_definition", "fragment_definition"):
                notices.add("operations", "The document also holds queries; only its schema was read.")
    if not roots:
        schema.query, schema.mutation = _usual(schema, "Query"), _usual(schema, "Mutation")
        schema.subscription = _usual(schema, "Subscription")
    extended -= {schema.query, schema.mutation, schema.subscription}
    if extended:
        shown = ", ".join(sorted(extended)[:5])
        notices.add("only-extended", f"Types that are extended but not defined were taken as they are: {shown}.")
    schema.link()
    return schema


def _usual(schema: Schema, name: str) -> str:
    return name if name in schema.types else ""


def _parse(source: str, file: str, notices: Notices) -> Any:
    from graphql import GraphQLError

    if len(source) > _LONGEST:
        raise DocumentTooLarge(f"The schema has {len(source) / 2**20:.0f} MB; the limit is {_LONGEST // 2**20} MB.")
    try:
        try:
            return _definitions(source)
        except GraphQLError as error:
            mended = _mended(source)
            if mended == source:
                raise
            try:
                found = _definitions(mended)
            except GraphQLError:
                raise error from None
            notices.add("repaired", "The schema is written in an old dialect of SDL, which was read as today's.", file)
            return found
    except GraphQLError as error:
        raise _unreadable(error, file) from None
    except RecursionError:
        raise UnreadableDocument("The schema nests too deep: lists or values in each other without end.") from None


def _definitions(source: str) -> Any:
    from graphql import parse

    return parse(source, no_location=True, max_tokens=MAX_TOKENS).definitions


def _mended(source: str) -> str:
    """What was allowed before June 2018: empty braces, and interfaces without ``&``."""

    def joined(match: re.Match[str]) -> str:
        return match.group(1) + " & ".join(re.findall(r"\w+", match.group(2)))

    return _OLD_IMPLEMENTS.sub(joined, _EMPTY_BODY.sub(r"\1", source))


def _unreadable(error: Any, file: str) -> UnreadableDocument:
    place = error.locations[0] if error.locations else None
    where = f" ({file})" if file else ""
    if "more than" in error.message and "tokens" in error.message:
        return DocumentTooLarge(f"The schema{where} has more than {MAX_TOKENS:,} tokens, which is the limit.")
    said = text(error.message, 300).removeprefix("Syntax Error: ").rstrip(".")
    meta = {"line": place.line, "column": place.column} if place is not None else {}
    at = f" at line {place.line}, column {place.column}" if place is not None else ""
    return UnreadableDocument(f"The GraphQL schema{where} cannot be read{at}: {said}.", meta=meta)


def _take_roots(schema: Schema, node: Any) -> None:
    schema.description = schema.description or _said(node)
    for one in node.operation_types or ():
        setattr(schema, one.operation.value, one.type.name.value)


def _take_type(schema: Schema, kind: Kind, node: Any, notices: Notices) -> None:
    name = node.name.value
    known = schema.types.get(name)
    if known is not None and known.kind == kind:
        if known.description or known.fields or known.inputs or known.values or known.possible:
            notices.add(
                "declared-twice", "A type is declared more than once; the declarations were put together.", name
            )
        known.description = known.description or _said(node)
    elif known is not None:
        notices.add("declared-twice", "A type is declared as two different things; the first one counts.", name)
        return
    else:
        known = schema.types[name] = Type(kind, name, _said(node))
    _fill(known, node)


def _extend(schema: Schema, kind: Kind, node: Any) -> None:
    known = schema.types.setdefault(node.name.value, Type(kind, node.name.value))
    if known.kind == kind:
        _fill(known, node)


def _fill(one: Type, node: Any) -> None:
    if one.kind in ("object", "interface"):
        one.interfaces += [above.name.value for above in node.interfaces or ()]
        for each in node.fields or ():
            one.fields.setdefault(
                each.name.value,
                Field(
                    each.name.value,
                    _type(each.type),
                    [_argument(argument) for argument in each.arguments or ()],
                    _said(each),
                    _deprecated(each),
                ),
            )
    elif one.kind == "input":
        one.one_of = one.one_of or any(directive.name.value == "oneOf" for directive in node.directives or ())
        for each in node.fields or ():
            one.inputs.setdefault(each.name.value, _argument(each))
    elif one.kind == "enum":
        one.values += [value.name.value for value in node.values or () if not _deprecated(value)]
    elif one.kind == "union":
        one.possible += [each.name.value for each in node.types or ()]


def _argument(node: Any) -> Argument:
    from graphql import value_from_ast_untyped

    default = None
    if node.default_value is not None:
        default = value_from_ast_untyped(node.default_value)
    return Argument(
        node.name.value, _type(node.type), _said(node), default, node.default_value is not None, _deprecated(node)
    )


def _type(node: gql.TypeNode) -> str:
    """A type reference as text, without recursion: a hostile one may have thousands of brackets."""
    closing = ""
    opening = 0
    current: Any = node
    while current.kind != "named_type":
        if current.kind == "list_type":
            opening += 1
            closing = "]" + closing
        else:
            closing = "!" + closing
        current = current.type
        if len(closing) > 2 * MAX_WRAPPERS:
            raise UnreadableDocument(f"A type is wrapped into more than {MAX_WRAPPERS} lists.")
    found: str = "[" * opening + current.name.value + closing
    return found


def _said(node: Any) -> str:
    return text(node.description.value, 5_000) if getattr(node, "description", None) is not None else ""


def _deprecated(node: Any) -> bool:
    return any(one.name.value == "deprecated" for one in node.directives or ())
