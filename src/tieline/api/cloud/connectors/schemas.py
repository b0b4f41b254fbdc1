"""Connectors on the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID, uuid5

import sqlalchemy as sa
from msgspec import UNSET
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic.alias_generators import to_camel

from tieline.api.cloud.connectors.examples import example_output
from tieline.api.edge.bodies import Body
from tieline.api.edge.documented import Links
from tieline.connectors.manifest.guids import input_guid
from tieline.connectors.manifest.model import Block, Input, Manifest, WebhookEvent
from tieline.connectors.runtime.harmless import changes_something
from tieline.core.clock import iso
from tieline.core.filters import Attribute
from tieline.storage.tables import connectors
from tieline.tenancy.listing import Listing, by_letters

ROLES = {
    "list": "list",
    "search": "search",
    "get": "get",
    "get_by": "get",
    "create": "create",
    "update": "update",
    "delete": "delete",
    "incremental": "listupdated",
}
# What a way to sign in needs where the manifest declares no fields.
UNDECLARED = {
    "api_key": ("api_key",),
    "basic": ("username", "password"),
    "bearer": ("token",),
    "oauth2": ("client_id", "client_secret"),
}
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=2000)]

_title = sa.func.coalesce(sa.func.nullif(connectors.c.title, ""), connectors.c.name, type_=sa.Text)

LISTING = Listing(
    connectors.c.id,
    filters={"name": (Attribute(), _title)},
    sorts={"id": connectors.c.id, "name": by_letters(_title)},
)

# Read out by the database, so that whole manifests do not travel for two words of each.
_manifest = sa.cast(sa.func.convert_from(connectors.c.manifest, "UTF8"), sa.JSON)
SHOWN = (
    connectors.c.id,
    connectors.c.guid,
    connectors.c.name,
    connectors.c.title,
    connectors.c.version,
    connectors.c.revision,
    connectors.c.created_at,
    connectors.c.updated_at,
    _manifest["description"].as_string().label("description"),
    _manifest["webhooks"].is_not(None).label("has_webhooks"),
)


class ImportConnector(Body):
    """What to make a connector of: `source` is a document's address, `document` the document; exactly one of them."""

    source: ShortText | None = Field(default=None, description="http or https address; internal ones are refused.")
    document: str | dict[str, Any] | None = Field(default=None, description="The document as text or as an object.")
    format: ShortText | None = Field(default=None, description="openapi, ... or manifest; none = find out.")
    name: ShortText | None = Field(default=None, description="What the connector is to be called.")
    parts: dict[ShortText, str] | None = Field(
        default=None,
        description="Further files by their path relative to the document: an environment, what a $ref leads to.",
    )
    encoding: Literal["text", "base64"] = Field(
        default="text", description="How document and parts are written; base64 for what is not UTF-8 text, a ZIP say."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.source is None) is (self.document is None):
            raise ValueError("send either source or document, and not both")
        if self.encoding == "base64" and self.document is not None and not isinstance(self.document, str):
            raise ValueError("a document in base64 is a text")
        return self


class ReplaceConnector(ImportConnector):
    """Another document for a connector that exists."""


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ConnectorItem(_Wire):
    """A connector in a list."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    billable: bool
    has_webhooks: bool
    description: str | None
    logo_small: str | None
    logo_medium: str | None
    logo_large: str | None
    slug: str = Field(description="The connector's name within the tenant: lower-case words. Ours.")
    guid: str = Field(description="What a workspace calls it. Ours.")
    version: str = Field(description="The connector's version. Ours.")
    revision: int = Field(description="Grows with every changed import. Ours.")
    created_at: datetime
    updated_at: datetime


class ConnectorList(BaseModel):
    """A page of connectors."""

    data: list[ConnectorItem]
    links: Links


class ConnectorParam(_Wire):
    """Something to ask the person for who makes a connection, or an input of a block."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    label: str = Field(description="What to show. Ours.")
    options: list[str]
    setting: bool
    optional: bool
    secret: bool = Field(description="Never given back. Ours.")
    field_type: str
    description: str | None
    example_value: str | None


class ConnectorBlockBase(_Wire):
    """What a block of a connector is called, and what it gives."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    key: str = Field(description="The block's id in the manifest. Ours.")
    role: str
    object_type: str | None
    description: str | None
    example_output: Any = None


class ConnectorBlock(ConnectorBlockBase):
    """A block of a connector."""

    inputs: list[ConnectorParam]


class ConnectorBlockKind(_Wire):
    """What kind of thing a block does."""

    kind: str = Field(description="As the manifest says it: list, search, get, get_by, create, ..., action.")
    iterable: bool = Field(description="It gives records one by one: a loop's body hangs under it.")
    writes: bool = Field(description="A call changes something.")
    deprecated: bool
    tags: list[str]


class ConnectorBlockSummary(ConnectorBlock, ConnectorBlockKind):
    """A block of a connector, as editors list it."""


class ConnectorBlockList(BaseModel):
    """The blocks of a connector."""

    data: list[ConnectorBlockSummary]


class ConnectorDetail(ConnectorItem):
    """A connector with what it can do."""

    params: list[ConnectorParam]
    blocks: list[ConnectorBlock]
    snippets: list[Any]
    connect_documentation: str | None


class ImportedConnector(ConnectorItem):
    """What came of an import."""

    report: dict[str, Any] = Field(description="format, version, blocks by kind, auth, paging, warnings, seconds.")


class ConnectorManifest(BaseModel):
    """A connector manifest; its own JSON Schema is published with the connectors."""

    model_config = ConfigDict(extra="allow")

    name: str


class WebhookEventParam(_Wire):
    """A parameter of a webhook event."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    type: str
    options: list[str]
    required: bool


class Event(_Wire):
    """Something that the connected API can tell about by itself."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    name: str
    role: str
    params: list[WebhookEventParam]
    description: str | None
    example_output: Any = None


class WebhookConfiguration(_Wire):
    """The events of a connector."""

    id: str = Field(json_schema_extra={"format": "uuid"})
    events: list[Event]
    automatic: bool


def show_item(row: Mapping[str, Any]) -> dict[str, Any]:
    """A connector in a list."""
    return {
        "id": row["id"],
        "name": row["title"] or row["name"],
        "billable": False,
        "hasWebhooks": row["has_webhooks"],
        "description": row["description"] or None,
        "logoSmall": None,
        "logoMedium": None,
        "logoLarge": None,
        "slug": row["name"],
        "guid": row["guid"],
        "version": row["version"],
        "revision": row["revision"],
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
    }


def show_detail(row: Mapping[str, Any], manifest: Manifest) -> dict[str, Any]:
    """A connector with its parameters and blocks."""
    return {
        **show_item(row),
        "params": [show_param(param_id(row["id"], question.id), question) for question in questions(manifest)],
        "blocks": show_blocks(row["id"], manifest),
        "snippets": [],
        "connectDocumentation": None,
    }


def show_blocks(connector_id: UUID, manifest: Manifest) -> list[dict[str, Any]]:
    """The blocks of a connector."""
    return [_show_block(connector_id, block, manifest.schemas) for block in manifest.blocks]


def show_summary(connector_id: UUID, block: Block, manifest: Manifest) -> dict[str, Any]:
    """A block as editors list it."""
    return {
        **_show_block(connector_id, block, manifest.schemas),
        "kind": block.kind,
        "iterable": block.iterable,
        "writes": changes_something(block),
        "deprecated": block.deprecated,
        "tags": block.tags,
    }


def block_id(connector_id: UUID, block: Block) -> str:
    """The id of a block on the wire."""
    return _guid(block.guid, connector_id, f"block/{block.id}")


def show_webhooks(connector_id: UUID, manifest: Manifest) -> dict[str, Any]:
    """The webhook events of a connector."""
    return {
        "id": str(uuid5(connector_id, "webhooks")),
        "events": [_show_event(connector_id, event, manifest.schemas) for event in manifest.webhooks],
        "automatic": any(event.subscribe for event in manifest.webhooks),
    }


def questions(manifest: Manifest) -> Iterator[Input]:
    """What to ask for a connection: which way to authenticate where there are several, and every way's fields once."""
    if len(manifest.auth) > 1:
        choices = [method.id for method in manifest.auth]
        label = "Authentication"
        yield Input(id="auth_method", label=label, type="select", choices=list(choices), description="How to sign in.")
    seen = {"auth_method", "server"}
    for method in manifest.auth:
        for field in method.fields:
            if field.id not in seen:
                seen.add(field.id)
                yield field
        for name in () if method.fields else UNDECLARED.get(method.kind, ()):
            if name not in seen:
                seen.add(name)
                yield Input(id=name, label=name.replace("_", " ").capitalize(), secret=True, required=True)
    used = {block.server for block in manifest.blocks}
    for server in [*manifest.servers[:1], *(one for one in manifest.servers[1:] if one.url in used)]:
        for name, variable in server.variables.items():
            if name not in seen:
                seen.add(name)
                yield Input(
                    id=name,
                    label=name,
                    type="select" if variable.choices else "string",
                    choices=list(variable.choices),
                    default=variable.default,
                    required=not variable.default,
                    description=variable.description,
                )
    yield Input(id="server", label="Base URL", description="In place of the connector's own address.")


def param_id(connector_id: UUID, name: str) -> str:
    """The id of a connection's parameter: the same for all connections of a connector."""
    return str(uuid5(connector_id, f"param/{name}"))


def show_param(identity: str, field: Input) -> dict[str, Any]:
    """A parameter, or an input of a block."""
    example = field.example if field.example is not UNSET else field.default
    return {
        "id": identity,
        "name": field.id,
        "label": field.label or field.id,
        "options": [str(choice) for choice in field.choices],
        "setting": False,
        "optional": not field.required,
        "secret": field.secret,
        "fieldType": "password" if field.secret else "select" if field.choices else field.type,
        "description": field.description or None,
        "exampleValue": None if example is UNSET or field.secret else str(example),
    }


def _show_block(connector_id: UUID, block: Block, schemas: dict[str, Any]) -> dict[str, Any]:
    shown = {
        "id": block_id(connector_id, block),
        "name": block.name or block.id,
        "key": block.id,
        "role": ROLES.get(block.kind, block.kind),
        "inputs": [show_param(input_guid(block, field.id), field) for field in block.inputs if not field.read_only],
        "objectType": block.object or None,
        "description": block.description or None,
    }
    return _with_example(shown, block.output, schemas)


def _show_event(connector_id: UUID, event: WebhookEvent, schemas: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": _guid(event.guid, connector_id, f"event/{event.id}"),
        "name": event.name or event.id,
        "role": "create",
        "params": [],
        "description": None,
    }
    return _with_example(shown, event.schema, schemas)


def _with_example(shown: dict[str, Any], output: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """With an example of what comes out, where the output is known; the documents do not allow null here."""
    example = example_output(output, schemas)
    return shown if example is None else {**shown, "exampleOutput": example}


def _guid(given: str, connector_id: UUID, name: str) -> str:
    """The guid that workspaces know, where it is one."""
    try:
        return str(UUID(given))
    except ValueError:
        return str(uuid5(connector_id, name))
