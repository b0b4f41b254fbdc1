"""Choices and fields on the wire."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from tieline.api.edge.bodies import Body


class AskOptions(Body):
    """Which choices are asked for."""

    inputs: dict[str, Any] = Field(
        default_factory=dict,
        max_length=200,
        description="What the other inputs hold already, by their ids.",
    )
    search: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="", description="Keep labels that hold it."
    )


class MetadataOption(BaseModel):
    """One of the values to choose from."""

    value: Any
    label: str


class MetadataOptions(BaseModel):
    """Values to choose from."""

    data: list[MetadataOption]


class MetadataField(BaseModel):
    """A field of an object's records."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    name: str
    label: str
    type: str
    required: bool
    read_only: bool
    choices: list[Any]
    dynamic: bool = Field(description="Asked of the account; else from the documentation.")


class MetadataFields(BaseModel):
    """The fields of an object."""

    data: list[MetadataField]
