"""Blocks as tools: which are offered, what is said of them, and how much of an answer is given."""

from __future__ import annotations

from typing import Any

import pytest

from tieline.automations.tools import blocks
from tieline.automations.tools.blocks import Hints, bounded
from tieline.connectors.manifest.model import Block, Input, Manifest
from tieline.core import json
from tieline.security.known import Known

FILE = Input(id="file", type="file", required=True)


def manifest(*found: Block) -> Manifest:
    return Manifest(name="crm", version="1", blocks=list(found))


@pytest.mark.parametrize(
    "block, hints",
    [
        (Block(id="list_a", kind="list"), Hints(True, False, True)),
        (Block(id="find", kind="search", method="POST"), Hints(True, False, True)),
        (Block(id="a", kind="create", method="POST"), Hints(False, False, False)),
        (Block(id="a", kind="update", method="PATCH"), Hints(False, True, True)),
        (Block(id="a", kind="delete", method="DELETE"), Hints(False, True, True)),
        (Block(id="a", kind="action", method="POST"), Hints(False, True, False)),
        (Block(id="logout", kind="get"), Hints(False, True, False)),
    ],
    ids=["list", "search by POST", "create", "update", "delete", "action", "GET that changes"],
)
def test_hints(block: Block, hints: Hints) -> None:
    assert blocks.hints(block) == hints


def test_reads_are_offered_and_writes_by_name() -> None:
    made = manifest(
        Block(id="list_a", kind="list"),
        Block(id="old", kind="list", deprecated=True),
        Block(id="add", kind="create", method="POST"),
        Block(id="upload", kind="create", method="POST", inputs=[FILE]),
    )
    assert [one.id for one in blocks.offered(made, None)] == ["list_a"]
    assert [one.id for one in blocks.offered(made, ["add", "old", "upload", "nothing"])] == ["old", "add"]
    assert blocks.offered(made, []) == []


def test_arguments_come_from_the_inputs() -> None:
    inputs = [
        Input(id="filter[name]", type="string", required=True, description="By\u200b name\n"),
        Input(id="size", type="integer", required=True, default=5),
        Input(id="kind", type="select", choices=["a", "b"]),
        Input(id="id", read_only=True, required=True),
        Input(id="photo", type="file"),
        Input(id="body", type="object", schema={"type": "object", "properties": {"x": {"$ref": "#/schemas/X"}}}),
    ]
    made = manifest(Block(id="find", kind="list", inputs=inputs))
    made.schemas = {"X": {"type": "integer"}}
    schema = blocks.schema_of(made.blocks[0], made)
    assert list(schema["properties"]) == ["filter_name", "size", "kind", "body", blocks.CURSOR, blocks.LIMIT]
    assert schema["required"] == ["filter_name"]
    assert schema["properties"]["filter_name"] == {"type": "string", "description": "By name"}
    assert schema["properties"]["kind"]["enum"] == ["a", "b"]
    assert schema["properties"]["body"]["properties"] == {"x": {"type": "integer"}}
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    "value",
    [None, {"a": "the secret-1 here", "secret-1": [1]}, [2**70], {"a": "\udc00", "b": {1, 2}}],
    ids=["nothing", "a secret", "a large number", "half a character"],
)
def test_answers_are_plain_and_without_secrets(value: Any) -> None:
    shown, size = bounded(value, Known(["secret-1"]))
    assert json.loads(json.dumps(shown)) == shown
    assert "secret-1" not in str(shown)
    assert size < 1000


def test_what_is_too_large_is_cut_also_in_the_middle_of_a_secret() -> None:
    value = ["x" * (blocks.MOST_BYTES // 2 - 6) + "secret-1" + "y" * blocks.MOST_BYTES]
    shown, size = bounded(value, Known(["secret-1"]))
    assert size <= blocks.MOST_BYTES
    assert "secr" not in shown["begins"]
