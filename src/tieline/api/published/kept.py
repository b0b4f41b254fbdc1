"""The published documents as bytes: built once for a process, and never again for a request.

The address that is asked stands in a document in several places. So a document is kept with a placeholder there, which
is replaced on the way out.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

from fastapi import FastAPI
from msgspec import Struct

from tieline.api.published import postman
from tieline.api.published.reading import for_reading
from tieline.api.published.schemas import FAMILIES, document, family
from tieline.core import json

# A name that can exist nowhere (RFC 6761 section 6.4).
PLACEHOLDER = "https://tieline.invalid"
WHOLE = "consolidated/tieline.json"
COLLECTION = "postman/collection.json"
ENVIRONMENT = "postman/environment.json"
# Only for our own page, so it is not among what is published.
READING = "docs/assets/everything.json"


class Document(Struct, frozen=True):
    """A document without its address."""

    content: bytes
    digest: str

    def at(self, base_url: str) -> bytes:
        """The document for those who ask under ``base_url``."""
        return self.content.replace(PLACEHOLDER.encode(), json.dumps(base_url)[1:-1])

    def etag(self, base_url: str) -> str:
        """A strong tag (RFC 9110 section 8.8.3)."""
        where = hashlib.sha256(base_url.encode()).hexdigest()[:8]
        return f'"{self.digest}-{where}"'


def names() -> list[str]:
    """What is published, by path."""
    return [WHOLE, *(f"specs/{name}.json" for name in FAMILIES), COLLECTION, ENVIRONMENT]


def assemble(whole: dict[str, Any], base_url: str) -> dict[str, dict[str, Any]]:
    """All documents by their path; ``whole`` is the document of everything under ``base_url``."""
    made = {WHOLE: whole}
    made |= {f"specs/{name}.json": family(whole, name) for name in FAMILIES}
    return made | {COLLECTION: postman.collection(whole), ENVIRONMENT: postman.environment(base_url)}


def build(app: FastAPI) -> dict[str, Document]:
    """All documents of ``app`` as they are kept; takes seconds."""
    whole = document(app, PLACEHOLDER)
    made = {**assemble(whole, PLACEHOLDER), READING: for_reading(whole)}
    rendered = {name: json.dumps(one) for name, one in made.items()}
    return {name: Document(body, hashlib.sha256(body).hexdigest()[:16]) for name, body in rendered.items()}


class Documents:
    """The documents of one application, built when the first is asked for."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._building: asyncio.Task[dict[str, Document]] | None = None

    async def get(self, name: str) -> Document:
        """``name`` is one of `names`, or `READING`."""
        if self._building is None or (self._building.done() and self._building.exception() is not None):
            self._building = asyncio.create_task(asyncio.to_thread(build, self._app))
        # A caller who goes away does not take it away from the others.
        return (await asyncio.shield(self._building))[name]


def documents_of(app: FastAPI) -> Documents:
    """The documents of ``app``, made at the first call."""
    kept: Documents | None = getattr(app.state, "documents", None)
    if kept is None:
        kept = app.state.documents = Documents(app)
    return kept
