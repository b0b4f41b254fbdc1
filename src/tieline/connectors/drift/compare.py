"""The semantic difference between two states of a connector: what it uses, not how its document is written.

Evidence, confidence and the order of things are no difference. Blocks are the same where they call the same, whatever
they are called. Levels:

* **breaking**: what worked may fail or mean something else;
* **additive**: something more can be done;
* **cosmetic**: names, texts, limits that the runtime learns by itself.
"""

from __future__ import annotations

from typing import Any

from tieline.connectors.drift.blocks import compare_block
from tieline.connectors.drift.changes import Changes, Diff, Level
from tieline.connectors.drift.inputs import compare_inputs
from tieline.connectors.drift.schemas import Fields, compare_fields
from tieline.connectors.importers.matching import counterparts
from tieline.connectors.manifest.model import AuthMethod, Block, Manifest, ObjectType, Server, WebhookEvent

_AUTH = (
    "kind",
    "location",
    "name",
    "prefix",
    "token_url",
    "authorization_url",
    "refresh_url",
    "discovery_url",
    "client_auth",
    "signature",
    "scope_separator",
)
_EVENT_CALLS = ("event", "subscribe", "unsubscribe", "payload", "verification", "handshake")


def compare(old: Manifest, new: Manifest) -> Diff:
    """What became of ``old`` in ``new``. Neither is changed."""
    changes = Changes()
    _servers(changes, old.servers, new.servers)
    _methods(changes, old, new)
    pairs = counterparts(old.blocks, new.blocks)
    kept = {block.id for block in pairs.values()}
    for block in old.blocks:
        other = pairs.get(block.id)
        if other is None:
            text = f"Block {block.id!r} ({_called(block)}) is gone."
            changes.add("breaking", "block", text, block=block.id, before=_called(block))
            continue
        if other.id != block.id:
            text = f"The document calls block {block.id!r} {other.id!r} now; it is the same call."
            changes.add("cosmetic", "block", text, block=block.id, field="id", before=block.id, after=other.id)
        compare_block(changes, block, other, old, new)
    for block in new.blocks:
        if block.id not in kept:
            text = f"There is a new block {block.id!r} ({block.kind}, {_called(block)})."
            changes.add("additive", "block", text, block=block.id, after=_called(block))
    renamed = {block_id: other.id for block_id, other in pairs.items()}
    _objects(changes, old, new)
    _events(changes, old, new, renamed)
    for name in ("title", "description", "version"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            shown = f" from {before!r} to {after!r}" if name != "description" else ""
            changes.add("cosmetic", "connector", f"The {name} of the API changed{shown}.", field=name)
    return changes.close()


def _called(block: Block) -> str:
    return f"{block.method} {block.path}"


def _servers(changes: Changes, old: list[Server], new: list[Server]) -> None:
    before, after = [one.url for one in old], [one.url for one in new]
    for url in before:
        if url not in after:
            level: Level = "breaking" if url == before[0] else "cosmetic"
            text = f"The server {url} is gone" + (f"; the first one is {after[0]} now." if after else ".")
            changes.add(level, "server", text, field="servers", before=url, after=after)
    for url in after:
        if url not in before:
            changes.add("additive", "server", f"There is a new server {url}.", field="servers", after=url)
    if before and after and before[0] in after and before[0] != after[0]:
        text = f"The first server is {after[0]} now; connections without a choice of their own would go there."
        changes.add("breaking", "server", text, field="servers", before=before[0], after=after[0])
    known = {one.url: one for one in new}
    for server in old:
        other = known.get(server.url)
        if other is None:
            continue
        for name, variable in server.variables.items():
            if name in other.variables and variable.default != other.variables[name].default:
                text = f"The variable {name!r} of server {server.url} has another default."
                changes.add("breaking", "server", text, field=f"servers.{name}", before=variable.default)


def _methods(changes: Changes, old: Manifest, new: Manifest) -> None:
    others = {one.id: one for one in new.auth}
    # Neither an id nor the fields of a form make another way to authenticate.
    alike = {_way(one): one for one in new.auth}
    seen: set[str] = set()
    for method in old.auth:
        other = others.get(method.id) or alike.get(_way(method))
        if other is None:
            text = f"The authentication method {method.id!r} ({method.kind}) is gone."
            changes.add("breaking", "auth", text, field=method.id)
            continue
        seen.add(other.id)
        _method(changes, method, other)
    for other in new.auth:
        if other.id not in seen:
            level: Level = "additive" if old.auth else "breaking"
            text = f"There is a new authentication method {other.id!r} ({other.kind})."
            changes.add(level, "auth", text, field=other.id)


def _way(method: AuthMethod) -> tuple[Any, ...]:
    return (method.kind, str(method.location), method.name.lower(), method.token_url, method.authorization_url)


def _method(changes: Changes, old: AuthMethod, new: AuthMethod) -> None:
    where = f"Authentication method {old.id!r}"
    for name in _AUTH:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            level: Level = "breaking" if before else "additive"
            text = f"{where}: {name} is {str(after)!r} where it was {str(before)!r}."
            changes.add(level, "auth", text, field=f"{old.id}.{name}", before=str(before), after=str(after))
    for what, before, after in (("grant", {*old.grants}, {*new.grants}), ("scope", {*old.scopes}, {*new.scopes})):
        for one in sorted(before - after):
            changes.add("breaking", "auth", f"{where} no longer has the {what} {one!r}.", field=f"{old.id}.{what}s")
        for one in sorted(after - before):
            changes.add("additive", "auth", f"{where} has the new {what} {one!r}.", field=f"{old.id}.{what}s")
    compare_inputs(changes, "auth", where, "", old.fields, new.fields)


def _objects(changes: Changes, old: Manifest, new: Manifest) -> None:
    others = {one.name: one for one in new.objects}
    for one in old.objects:
        other = others.get(one.name)
        if other is not None:
            _object(changes, one, other)


def _object(changes: Changes, old: ObjectType, new: ObjectType) -> None:
    for name, words in (
        ("primary_key", "primary key"),
        ("created_field", "field for the moment of creation"),
        ("updated_field", "field for the moment of the last change"),
    ):
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        shown = "+".join(after) if isinstance(after, list) else after
        level: Level = "breaking" if before else "additive"
        text = f"Object {old.name!r}: the {words} is {shown or 'not known'}" + (
            f" where it was {'+'.join(before) if isinstance(before, list) else before}." if before else " now."
        )
        changes.add(level, "object", text, field=f"{old.name}.{name}", before=before, after=after)


def _events(changes: Changes, old: Manifest, new: Manifest, renamed: dict[str, str]) -> None:
    others = {one.id: one for one in new.webhooks}
    for event in old.webhooks:
        other = others.pop(event.id, None)
        if other is None:
            text = f"The webhook event {event.id!r} is gone."
            changes.add("breaking", "webhook", text, block=event.subscribe, field=event.id)
            continue
        _event(changes, event, other, renamed)
        fields = Fields(old, event.schema), Fields(new, other.schema)
        where = f"The payload of webhook event {event.id!r}"
        compare_fields(changes, "webhook", where, event.subscribe, *fields, known=bool(other.schema))
    for other in others.values():
        changes.add("additive", "webhook", f"There is a new webhook event {other.id!r}.", field=other.id)


def _event(changes: Changes, old: WebhookEvent, new: WebhookEvent, renamed: dict[str, str]) -> None:
    for name in _EVENT_CALLS:
        before, after = getattr(old, name), getattr(new, name)
        if before == after or renamed.get(str(before)) == after:
            continue
        level: Level = "breaking" if before else "additive"
        text = f"Webhook event {old.id!r}: its {name} changed."
        changes.add(level, "webhook", text, block=old.subscribe, field=f"{old.id}.{name}")
