"""Block types on the wire."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tieline.automations.blocks.palette.model import Kind


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class BlockChoice(_Wire):
    """One of the values that a field may have."""

    value: str
    label: str


class BlockField(_Wire):
    """An input, a setting or another field of a block."""

    id: str
    label: str
    type: Kind = Field(description="Which editor it needs; any takes text, data or a formula.")
    help: str
    choices: list[BlockChoice]
    required: bool
    default: Any
    example: Any
    formula: bool = Field(description="Its value is a template in which formulas are evaluated.")
    shown_when: dict[str, list[Any]] = Field(description="Values of other fields, all of which must hold.")
    only: list[str] = Field(description="Of a block: the types it may name. Of a connection: the connectors.")
    other_ids: list[str] = Field(description="Other ids that documents have it under.")
    secret: bool
    advanced: bool


class BlockBranch(_Wire):
    """A way to other blocks."""

    field: str = Field(description="Which field of the document holds the first block's id.")
    label: str
    many: bool = Field(description="It holds a list of ids.")


class BlockType(_Wire):
    """A type of block."""

    type: str
    aliases: list[str] = Field(description="Other names of it in documents.")
    group: str
    title: str
    doc: str
    icon: str
    keywords: list[str]
    hidden: bool = Field(description="Kept for documents that have it; not offered.")
    pinnable: bool = Field(description="Its output can be pinned.")
    catches: bool = Field(description="Its second branch runs when the first fails.")
    reads: bool = Field(description="Its output comes from outside.")
    iterable: bool = Field(description="It may have a loop's body.")
    body: Literal["always", "optional", "role"] | None = Field(
        description="When it loops; role: as endpoint_role says."
    )
    ends: bool = Field(description="Nothing follows it.")
    branches: list[BlockBranch]
    inputs: list[BlockField]
    settings: list[BlockField]
    fields: list[BlockField] = Field(description="Fields of the block itself, beside its inputs and settings.")
    template: dict[str, Any] = Field(description="A block as an editor inserts it; it wants an id.")
    output: Any = Field(description="A sample of its output, where that is known.")


class BlockGroup(_Wire):
    """A group of the palette."""

    id: str
    title: str


class BlockPalette(_Wire):
    """All types of block."""

    data: list[BlockType]
    groups: list[BlockGroup]
    structures: dict[str, Any] = Field(
        description="What conditions, operations (by type of variable), form, statements and mapping hold."
    )
