from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.shared import ROOT
from tieline.connectors.manifest import io
from tieline.connectors.manifest.errors import ManifestError
from tieline.connectors.manifest.model import (
    AuthMethod,
    Block,
    Fact,
    Idempotency,
    Incremental,
    Input,
    Manifest,
    ObjectType,
    Paging,
    Server,
    ServerVariable,
    Source,
    WebhookEvent,
)

FULL = Manifest(
    name="gather",
    title="Gather: events & more",
    version="1.2.0",
    description="One line.\n\nAnother: with a colon, 'quotes' and ünïcödé.\n",
    source=Source(format="openapi", format_version="3.1.0", address="https://x.example/openapi.json"),
    servers=[Server(url="https://{r}.x.example", variables={"r": ServerVariable(default="no", choices=["no", "1e3"])})],
    auth=[
        AuthMethod(id="key", kind="api_key", location="header", name="X-Key", fields=[Input(id="api_key", secret=True)])
    ],
    objects=[ObjectType(name="event", primary_key=["id"], schema={"$ref": "#/schemas/Event"})],
    blocks=[
        Block(
            id="list_events",
            kind="list",
            object="event",
            path="/events",
            auth=["key"],
            records="$.data",
            inputs=[Input(id="q", location="query", name="q", default=None, choices=["no", "012", 1, 1.5, True])],
            paging=Paging(style="cursor", param="cursor", next="$['@odata.nextLink']", stop=["no_next"]),
            incremental=Incremental(param="updated_since", field="updated_at"),
            idempotency=Idempotency(kind="header"),
            facts={"kind": Fact(evidence=["/paths/~1events/get"], confidence=0.9, by="human")},
        ),
        Block(id="add_hook", kind="webhook_add", method="POST", path="/hooks", auth=[]),
    ],
    webhooks=[WebhookEvent(id="event_created", subscribe="add_hook")],
    schemas={
        "Event": {"type": "object", "properties": {"id": {"type": "string"}, "on": {"enum": ["yes", "no", None]}}}
    },
)


@pytest.mark.parametrize("format", ["yaml", "json"])
def test_what_is_dumped_is_loaded_again(format: Any) -> None:
    text = io.dump(FULL, format)
    assert io.load(text) == FULL
    assert io.load(text.encode()) == FULL
    assert io.dump(io.load(text), format) == text


def test_defaults_are_not_written_and_the_schema_tag_is() -> None:
    assert json.loads(io.dump(Manifest(name="x"), "json")) == {"schema": "tieline.connector/1", "name": "x"}
    assert io.dump(Manifest(name="x")) == "schema: tieline.connector/1\nname: x\n"


def test_long_text_is_written_as_a_block_and_shared_parts_are_written_out() -> None:
    shared = {"type": "string"}
    text = io.dump(Manifest(name="x", description="a\nb\n", schemas={"A": shared, "B": shared}))
    assert "description: |\n  a\n  b\n" in text
    assert "&id" not in text


@pytest.mark.parametrize(
    "text, place, part",
    [
        ("name: 3", "$.name", "Expected `str`, got `int`"),
        ("title: x", "$", "missing required field `name`"),
        ("{name: x, nome: y}", "$", "`nome`"),
        ('{"name": "x", "blocks": [{"id": "a", "kind": "lst"}]}', "$.blocks[0].kind", "Invalid enum value 'lst'"),
        ("name: x\nblocks: [{id: a}, {id: a}]", "$.blocks[1]", "used twice"),
        ("name: x\nblocks: [{id: ''}]", "$.blocks[0]", "empty"),
        ("name: x\nblocks: [{id: a, auth: [k]}]", "$.blocks[0].auth", "'k' is not an id in auth"),
        ("name: x\nwebhooks: [{id: a, subscribe: b}]", "$.webhooks[0].subscribe", "'b' is not an id in blocks"),
        ("name: x\nobjects: [{name: o, fields_block: b}]", "$.objects[0].fields_block", "'b'"),
        ("schema: tieline.connector/2\nname: x", "$.schema", "Invalid enum value"),
    ],
)
def test_a_wrong_manifest_names_the_place_and_the_rule(text: str, place: str, part: str) -> None:
    with pytest.raises(ManifestError) as caught:
        io.load(text)
    assert caught.value.meta["place"] == place
    assert part in caught.value.detail
    assert caught.value.code == "invalid-manifest"


@pytest.mark.parametrize(
    "data, part",
    [
        ("", "holds nothing"),
        ("- a", "holds a list"),
        ("just words", "holds plain text"),
        ("a: [", "cannot be read: line 2"),
        (b"name: caf\xe9", "not UTF-8"),
        ("a: &a [*a]", "inside its own anchor"),
        ("{" * 5000, "cannot be read"),
        ('{"name": "x"', "cannot be read"),
    ],
)
def test_what_is_no_manifest_at_all_is_a_clear_error(data: str | bytes, part: str) -> None:
    with pytest.raises(ManifestError) as caught:
        io.load(data)
    assert part in caught.value.detail


def test_the_json_schema_accepts_what_is_dumped_and_names_itself() -> None:
    schema = io.json_schema()
    assert schema["$id"].startswith("https://") and schema["$schema"].endswith("2020-12/schema")
    named = schema["$defs"]["Manifest"]
    assert "name" in named["required"] and "blocks" in named["properties"]
    assert json.loads(json.dumps(schema)) == schema


def test_the_published_schema_is_the_present_one() -> None:
    published = ROOT / "docs" / "reference" / "connector.schema.json"
    assert json.loads(published.read_text()) == io.json_schema(), "run: python -m tieline.connectors.manifest.publish"


words = st.text(st.characters(codec="utf-8", exclude_characters="\r\x85\u2028\u2029"), max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@given(words, values, st.dictionaries(words, values, max_size=3))
def test_any_text_and_any_schema_survive_both_formats(text: str, value: Any, schemas: dict[str, Any]) -> None:
    manifest = Manifest(
        name="x",
        description=text,
        schemas=schemas,
        blocks=[Block(id="b", name=text, inputs=[Input(id="i", default=value, example=value)])],
    )
    assert io.load(io.dump(manifest, "json")) == manifest
    assert io.load(io.dump(manifest, "yaml")) == manifest
