"""The history of a run on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tieline.api.edge.documented import Links

ExecutionStatus = Literal["ok", "failed", "replayed"]


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class BlockHistory(_Wire):
    """What one block did in a run."""

    block_id: str
    name: str
    display_name: str
    type: str
    path: str = Field(description="How paths of executions name the block.")
    executions: int = Field(description="How often it ended. A loop counts once, not once an item.")
    failed: int = Field(description="Executions that ended with an error, whatever the block's setting makes of it.")
    warnings: int = Field(description="Those of them that the block's setting turned into warnings.")
    seconds: float
    api_calls: int
    rx_bytes: int
    tx_bytes: int
    pages: int = Field(description="Pages that a loop has read.")
    records: int = Field(description="Records on them.")
    first_status: ExecutionStatus | None
    last_status: ExecutionStatus | None
    first_at: datetime | None
    last_at: datetime | None
    running: bool = Field(description="It is under way now, as far as the journal tells.")


class BlockList(_Wire):
    """The blocks that a run came to, in the order of the workspace."""

    data: list[BlockHistory]
    complete: bool = Field(description="False: the journal is longer than one call reads. Ask again.")


class Item(_Wire):
    """One item of a loop around an execution."""

    block_id: str
    name: str
    index: int


class Reference(_Wire):
    """Data that is too large to stand in a list."""

    bytes: int
    href: str = Field(description="Where it is.")


class Execution(_Wire):
    """One execution of a block."""

    id: str
    path: str
    iteration: list[Item] = Field(description="The loops around it, outermost first.")
    status: ExecutionStatus = Field(description="`replayed`: a pinned output stood in for it.")
    on_error: str | None = Field(description="What the block's setting makes of an error: stop, warning, ignore.")
    at: datetime = Field(description="When it was written down.")
    milliseconds: float | None
    attempts: int
    inputs: Any = Field(description="Evaluated inputs, where the run keeps them.")
    inputs_ref: Reference | None
    output: Any
    output_ref: Reference | None
    error: Any
    exchanges: list[dict[str, Any]] = Field(
        description="HTTP and mail exchanges: method, url, status, ms, attempt; of some also `request` and `response`"
        " with headers and the beginning of the body."
    )
    printed: list[str] = Field(description="What custom code has printed.")
    went: Any = Field(default=None, description="Which way a condition went, or how a block ended the run.")
    censored: bool = Field(default=False, description="A setting of the block hides its data.")
    pointer: Any = Field(default=None, description="Where an incremental loop has moved its pointer.")


class ExecutionList(_Wire):
    """Executions of a block, in the order in which they ended."""

    data: list[Execution]
    after: str = Field(description="Where to go on, also later, while the run goes on.")
    complete: bool = Field(description="There was nothing more when this was read.")
    links: Links


class Iteration(_Wire):
    """An item of a loop."""

    index: int
    path: str = Field(description="For the parameter `iteration` of executions.")
    label: str | None = Field(description="A name, title, address or id of the item, else its first fields.")
    status: Literal["ok", "failed", "running"]
    page: int | None = Field(description="The page of the loop's source that held it, from 0.")
    seq: int = Field(description="The row of the journal in which it begins.")


class IterationList(_Wire):
    """Items of a loop."""

    data: list[Iteration]
    after: str
    complete: bool
    links: Links


class RecordPage(_Wire):
    """A page of what a loop went through."""

    data: list[Any]
    page: int | None = Field(description="Its number, from 0; null where none was found.")
    cut: bool = Field(description="There are more records in it than an answer may have.")
    after: str = Field(description="Where the next page is looked for.")
    complete: bool = Field(description="With `page` null: there is none behind `after`, unless the run goes on.")


class KeptValue(_Wire):
    """Inputs or output of an execution."""

    bytes: int
    items: int | None = Field(description="Items of a list; null for anything else.")
    cut: bool = Field(description="The value is larger than an answer may be.")
    value: Any
