"""Answers to what a connector asks for, as they come with a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from tieline.api.cloud.connections.errors import UnknownParameter
from tieline.api.cloud.connections.schemas import ParamValue
from tieline.api.cloud.connectors.schemas import param_id, questions
from tieline.connectors.manifest.model import Input, Manifest
from tieline.core.errors import BadInput

LONGEST_ANSWER = 100_000


class Given(Struct):
    """What was answered: the choice of how to sign in, another base URL, and everything else by name."""

    auth_method: str | None = None
    server: str | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.auth_method is not None or self.server is not None or bool(self.values)


def asked(connector_id: UUID, manifest: Manifest) -> list[tuple[str, Input]]:
    """Every question of a connector with its id."""
    return [(param_id(connector_id, question.id), question) for question in questions(manifest)]


def read(connector_id: UUID, manifest: Manifest, params: Sequence[ParamValue]) -> Given:
    """Sorts the answers. A parameter without a value stays as it is. Raises `UnknownParameter`."""
    names = dict.fromkeys((question.id for _, question in asked(connector_id, manifest)), "")
    by_id = {identifier: question.id for identifier, question in asked(connector_id, manifest)}
    given = Given()
    for index, param in enumerate(params):
        name = param.name if param.name in names else by_id.get(param.id)
        if name is None:
            raise UnknownParameter(
                f"The connector does not ask for {(param.name or param.id)[:60]!r}; it asks for {', '.join(names)}.",
                pointer=f"/params/{index}",
            )
        if "value" not in param.model_fields_set:
            continue
        if len(param.value) > LONGEST_ANSWER:
            raise BadInput(f"An answer has at most {LONGEST_ANSWER} characters.", pointer=f"/params/{index}/value")
        if name == "auth_method":
            given.auth_method = param.value
        elif name == "server":
            given.server = param.value
        else:
            given.values[name] = param.value
    return given
