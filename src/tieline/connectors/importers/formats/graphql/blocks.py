"""From a schema to blocks and objects. Types leave little to guess: kinds, places and paging follow from them."""

from __future__ import annotations

from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from tieline.connectors.importers.classify import fields
from tieline.connectors.importers.classify.shapes import Shapes
from tieline.connectors.importers.classify.words import plain, singular_name, snake, split, title
from tieline.connectors.importers.formats.graphql import kinds, listings, paging, payloads, since
from tieline.connectors.importers.formats.graphql.arguments import FIELDS, Inputs
from tieline.connectors.importers.formats.graphql.selections import KEYS, Selection, Selector
from tieline.connectors.importers.formats.graphql.types import Argument, Field, Schema, Type, listed, named, optional
from tieline.connectors.importers.references import References
from tieline.connectors.importers.values import Notices, Unique
from tieline.connectors.manifest.model import Block, BlockKind, Fact, Input, ObjectType
from tieline.connectors.manifest.paths import Step, render

MAX_NESTED: Final = 300  # lists below one record, in the whole connector
MAX_ROOTS: Final = 5_000  # queries, and as many mutations
_NESTED_OF_ONE: Final = 12
_VERBS: Final[dict[str, str]] = {"list": "List", "search": "Search", "get": "Get", "get_by": "Get"}
_FIELDS_SAID: Final = (
    "What to bring of each record instead of the usual fields: names separated by blanks or commas, with dots for what"
    " is inside (id, customer.name), or a GraphQL selection (id customer { name })."
)


class Reader:
    """Reads one schema; `blocks` and `objects` hold what came of it."""

    def __init__(self, schema: Schema, notices: Notices) -> None:
        self.schema = schema
        self.notices = notices
        self.selector = Selector(schema)
        self.inputs = Inputs(schema, self.selector)
        self.shapes = Shapes(References({}, notices))
        self.unique = Unique()
        self.blocks: list[Block] = []
        self.objects: dict[str, ObjectType] = {}
        self._parents: dict[str, tuple[Field, kinds.Lookup, str]] = {}

    def read(self) -> None:
        """All queries, the lists below their records, and all mutations."""
        for one in self._roots(self.schema.query):
            self._query(one)
        self._below()
        for one in self._roots(self.schema.mutation):
            self._mutation(one)
        if self.schema.subscription:
            number = len(self._roots(self.schema.subscription))
            self.notices.add(
                "subscriptions",
                f"{number} subscriptions were left out: they need an open socket, which an automation has not.",
                self.schema.subscription,
            )

    def _roots(self, name: str) -> list[Field]:
        found = self.schema.types.get(name)
        if found is None:
            if name:
                self.notices.add("missing-type", f"The type {name!r}, where calls begin, is not declared.", name)
            return []
        kept: list[Field] = []
        for one in found.fields.values():
            if len(kept) >= MAX_ROOTS:
                self.notices.add(
                    "too-many", f"Only the first {MAX_ROOTS:,} of {len(found.fields):,} calls were taken.", name
                )
                break
            where = f"{name}.{one.name}"
            files, needed = self.inputs.uploads(one.arguments)
            if files:
                what = "the block was left out" if needed else "it was left out"
                self.notices.add(
                    "file-upload", f"The argument {files[0]!r} takes a file, which is not supported; {what}.", where
                )
            if not self.schema.known(one.type):
                self.notices.add("missing-type", "A field was left out: its type is not declared.", where)
            elif not needed:
                kept.append(one)
        return kept

    def _query(self, one: Field) -> None:
        where = f"{self.schema.query}.{one.name}"
        found = self.selector.listing(one.type)
        if found is not None:
            self._listing(one, found, where)
            return
        record = self.schema.composite(one.type)
        for number, way in enumerate(kinds.lookups(self.schema, one, record)):
            id_ = snake(one.name) if not number else f"{snake(one.name)}_by_{snake(way.by)}"
            block = self._single(one, way, id_, where)
            if record is not None and record.kind == "object" and way.kind == "get" and not number:
                simple = not way.by or way.needed == {way.by}
                if simple:
                    self._parents.setdefault(record.name, (one, way, block.object))

    def _single(self, one: Field, way: kinds.Lookup, id_: str, where: str) -> Block:
        arguments = [each for each in one.arguments if each.name not in way.left_out]
        noun = kinds.noun_of_query(one.name)
        payload = payloads.read(self.schema, self.selector, one.type, ["data", one.name], noun, writes=False)
        object_ = self._object_name(payload.record, noun)
        name = title(one.name) + (
            f" by {title(way.by).lower()}" if way.kind == "get_by" and "by" not in split(one.name) else ""
        )
        block = self._block(
            one, "query", id_, way.kind, object_, [one.name], payload, arguments, set(), where, way.needed, name=name
        )
        self._object(block, payload.record, where, certain=way.kind == "get")
        return block

    def _listing(
        self, one: Field, found: listings.Listing, where: str, under: tuple[Field, kinds.Lookup, str] | None = None
    ) -> None:
        at: list[Step] = ["data", one.name] if under is None else ["data", under[0].name, one.name]
        page, hidden = paging.detect(self.schema, one.arguments, found, at, where)
        selection = self.selector.record(found.record)
        id_ = snake(one.name) if under is None else f"{snake(under[0].name)}_{snake(one.name)}"
        kind = kinds.listing(one, self.schema)
        block = Block(
            id=self.unique.take(id_ or "list"),
            name=_named(one.name, kind)
            if under is None
            else f"List {title(one.name).lower()} of {title(under[2]).lower()}",
            kind=kind,
            object=self._object_name(found.record, kinds.noun_of_query(one.name)),
            records=render([*at, *found.steps]),
            item_path=render(list(found.item)) if found.item else "",
            paging=page,
        )
        parent = self._under(block, under) if under is not None else {}
        self._finish(
            block, one, "query", selection, listings.wrap(found, selection.text), one.arguments, hidden, where, parent
        )
        for each in block.inputs if page.style == "none" else ():
            if each.required and each.type == "integer" and paging.is_size(each.id) and each.default is UNSET:
                each.default = paging.PAGE_SIZE  # how many to give at most, where nothing leads to the rest
        block.facts["kind"] = Fact(evidence=[where], confidence=0.95, note="its result is a list")
        block.facts["records"] = Fact(evidence=[where], confidence=0.98)
        self.blocks.append(block)
        held = self._object(block, found.record, where, parent=under[2] if under is not None else "")
        rule = None
        if held is not None:
            rule = since.detect(self.schema, one.arguments, held.updated_field, held.created_field, where)
        if rule is not None and block.kind == "list":
            filled = rule.param
            self.blocks.append(
                replace(
                    block,
                    id=self.unique.take(f"{block.id}_incremental"),
                    name=f"{block.name} (new and updated)"[:120],
                    kind="incremental",
                    inputs=[each for each in block.inputs if each.name != filled],
                    incremental=rule,
                    facts={
                        **block.facts,
                        "kind": Fact(evidence=[where], confidence=0.9, note="it has an argument for it"),
                    },
                )
            )

    def _under(self, block: Block, under: tuple[Field, kinds.Lookup, str]) -> dict[str, Any]:
        """The field that holds the list, asked for by the id of its record."""
        holder, way, object_ = under
        if not way.by:
            return {"under": [{"field": holder.name}]}
        argument = next(each for each in holder.arguments if each.name == way.by)
        variable = f"{holder.name}{argument.name[:1].upper()}{argument.name[1:]}"
        block.inputs.append(
            Input(
                id=snake(variable),
                label=title(variable),
                location="body",
                name=f"/variables/{variable}",
                required=True,
                description=argument.description[:2000] or f"The key of the {title(object_).lower()}.",
            )
        )
        type_ = argument.type if argument.type.endswith("!") else argument.type + "!"
        return {
            "under": [{"field": holder.name, "arguments": {argument.name: variable}}],
            "variables": {variable: type_},
        }

    def _below(self) -> None:
        """Lists that hang on one record and come in pages: the orders of a customer."""
        made = 0
        for type_, under in list(self._parents.items()):
            holder = self.schema.types[type_]
            of_one = 0
            for one in holder.fields.values():
                found = self.selector.listing(one.type) if one.arguments and not one.deprecated else None
                if found is None or not one.free or self.schema.composite(found.record) is None:
                    continue
                where = f"{type_}.{one.name}"
                page, _ = paging.detect(self.schema, one.arguments, found, ["data"], where)
                if page.style == "none":
                    continue
                if of_one >= _NESTED_OF_ONE or made >= MAX_NESTED:
                    self.notices.add(
                        "nested-lists", "A list below a record was left out: there are too many of them.", where
                    )
                    continue
                self._listing(one, found, where, under)
                made, of_one = made + 1, of_one + 1

    def _mutation(self, one: Field) -> None:
        where = f"{self.schema.mutation}.{one.name}"
        deed = kinds.mutation(one.name)
        payload = payloads.read(self.schema, self.selector, one.type, ["data", one.name], deed.noun, writes=True)
        kind, object_ = deed.kind, self._object_name(payload.record, deed.noun)
        own = bool(payload.steps) or self._has_identity(payload.record)
        other = own and plain(deed.noun) != plain(named(payload.record))
        if deed.loose and kind in ("create", "delete") and other:
            kind = "update"  # cartLinesAdd: what comes back is the cart, which was there before
        elif kind == "delete" or not own:
            object_ = deed.noun or object_
        block = self._block(
            one, "mutation", snake(one.name), kind, object_, [one.name], payload, one.arguments, set(), where
        )
        block.facts["kind"] = Fact(evidence=[where], confidence=0.9 if kind != "action" else 0.75, note="by its name")
        if kind != "delete" and own and kind != "action":
            self._object(block, payload.record, where)

    def _has_identity(self, type: str) -> bool:
        found = self.schema.composite(type)
        return found is not None and self.selector.identity(found)

    def _block(
        self,
        one: Field,
        operation: str,
        id_: str,
        kind: BlockKind,
        object_: str,
        path: list[str],
        payload: payloads.Payload,
        arguments: list[Argument],
        hidden: set[str],
        where: str,
        required: frozenset[str] = frozenset(),
        name: str = "",
    ) -> Block:
        """A block that gives one record, or what a mutation says."""
        selection = self.selector.record(payload.record, payload.taken)
        block = Block(
            id=self.unique.take(id_ or operation),
            name=_named(name or one.name, kind if operation == "query" else "action"),
            kind=kind,
            object=object_,
            records=render(["data", *path, *payload.steps]),
            errors=list(payload.errors),
        )
        block.facts["kind"] = Fact(evidence=[where], confidence=0.9)
        block.facts["records"] = Fact(evidence=[where], confidence=0.9)
        self._finish(
            block, one, operation, selection, _wrap(payload, selection), arguments, hidden, where, {}, required
        )
        if listed(optional(payload.record)):
            block.output = {"type": "array", "items": block.output}
        self.blocks.append(block)
        return block

    def _finish(
        self,
        block: Block,
        one: Field,
        operation: str,
        selection: Selection,
        wrap: str,
        arguments: list[Argument],
        hidden: set[str],
        where: str,
        extra: dict[str, Any],
        required: frozenset[str] = frozenset(),
    ) -> None:
        """What all blocks have: the call, its inputs and its output."""
        inputs, variables = self.inputs.build(arguments, hidden, required=required)
        taken = {each.id for each in block.inputs}
        for each in inputs:
            while each.id in taken:
                each.id += "_2"
            taken.add(each.id)
        block.inputs += inputs
        block.inputs.sort(key=lambda each: not each.required)
        block.method, block.body_type, block.transport = "POST", "json", "graphql"
        block.description = one.description[:5_000]
        block.deprecated = one.deprecated
        block.output = selection.output
        if block.object:
            block.facts["object"] = Fact(evidence=[where], confidence=0.9)
        own = {name: name for name in variables}
        call: dict[str, Any] = {
            "operation": operation,
            "name": "".join(word[:1].upper() + word[1:] for word in split(block.id)) or "Call",
            "field": one.name,
            "type": one.type,
            "variables": {**extra.get("variables", {}), **variables},
        }
        if "under" in extra:
            call["under"] = extra["under"]
            call["arguments"] = own
        if selection.text:
            call["selection"] = selection.text
            block.inputs.append(Input(id=FIELDS, label="Fields", description=_FIELDS_SAID))
        if wrap:
            call["wrap"] = wrap
        block.graphql = call

    def _object_name(self, type: str, noun: str) -> str:
        found = self.schema.composite(type)
        if found is None or found.kind == "union" or found.name in (self.schema.query, self.schema.mutation):
            return snake(noun)
        return singular_name(found.name) or snake(noun)

    def _object(
        self, block: Block, type: str, where: str, *, certain: bool = False, parent: str = ""
    ) -> ObjectType | None:
        """The object that a block brings, made at its first block or made better by one that reads it by its key."""
        found = self.schema.composite(type)
        name = block.object
        if found is None or not name or found.name in (self.schema.query, self.schema.mutation):
            return None
        known = self.objects.get(name)
        if known is not None:
            if not parent:
                known.parent = ""
                known.facts.pop("parent", None)
            return known
        selection = self.selector.record(type)
        members = selection.schema.get("properties", {})
        one = ObjectType(name=name, label=title(name), schema=selection.output)
        key = _key(found, members)
        if key:
            one.primary_key = [key]
            one.facts["primary_key"] = Fact(evidence=[f"{found.name}.{key}"], confidence=0.95 if key == "id" else 0.75)
        for attribute, chosen in (
            ("created_field", fields.created(self.shapes, members)),
            ("updated_field", fields.updated(self.shapes, members)),
        ):
            if chosen.name:
                setattr(one, attribute, chosen.name)
                one.facts[attribute] = Fact(evidence=[f"{found.name}.{chosen.name}"], confidence=chosen.confidence)
        if parent:
            one.parent = parent
            one.facts["parent"] = Fact(evidence=[where], confidence=0.9)
        one.facts["schema"] = Fact(evidence=[found.name], confidence=0.95)
        self.objects[name] = one
        return one


def _key(type: Type, members: dict[str, Any]) -> str:
    by_word = {plain(name): name for name in members}
    for word in (*KEYS[:5], plain(type.name) + "id", *KEYS[5:]):
        if word in by_word:
            return by_word[word]
    ids = [one.name for one in type.fields.values() if one.type == "ID!" and one.name in members]
    return ids[0] if len(ids) == 1 else ""


def _wrap(payload: payloads.Payload, selection: Selection) -> str:
    """The text around the record of a payload, ``""`` where nothing is."""
    steps = list(payload.steps)
    outer = [text for holder, text in payload.beside if not holder]
    inner = [text for holder, text in payload.beside if holder]
    if not payload.beside and not steps:
        return ""
    if any(text.startswith("... on") for text in outer + inner):
        (inner or outer).insert(0, "__typename")
    body = "*"
    if payload.member:
        body = f"... on {payload.member} {{ {steps.pop()} {{ * }} }}"
    body = " ".join([body, *inner])
    for name in reversed(steps):
        body = f"{name} {{ {body} }}"
    return " ".join([body, *outer])


def _named(name: str, kind: BlockKind) -> str:
    words = split(name)
    verb = _VERBS.get(kind, "")
    shown = title(name)
    if not verb or (words and words[0] in ("get", "list", "search", "find", "fetch", "all", "query")):
        return shown[:120]
    return f"{verb} {shown[:1].lower()}{shown[1:]}"[:120]
