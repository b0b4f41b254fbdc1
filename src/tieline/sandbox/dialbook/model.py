"""What Dialbook keeps, and what it takes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=2000)]
ExternalId = Annotated[str, Meta(min_length=1, max_length=128)]
Email = Annotated[
    str,
    Meta(
        max_length=254,
        pattern=r"^[A-Za-z0-9_+-]+([.'][A-Za-z0-9_+-]+)*@[A-Za-z0-9]+([.-][A-Za-z0-9]+)*\.[A-Za-z]{2,24}$",
    ),
]
Phone = Annotated[str, Meta(pattern=r"^\+?[0-9][0-9 ()./-]{2,29}$")]
RecordId = Annotated[int, Meta(ge=1, le=2**53)]
Direction = Literal["inbound", "outbound"]
CallStatus = Literal["ringing", "in_progress", "on_hold", "ended", "missed"]
LIVE = ("ringing", "in_progress", "on_hold")


class Input(Struct, kw_only=True):
    """Dialbook ignores fields that it does not know, as many APIs do."""


class Directory(Struct, kw_only=True):
    """``contact_count`` is counted when the record is shown."""

    id: int
    external_id: str | None = None
    name: str
    description: str | None = None
    contact_count: int = 0
    created_at: str
    updated_at: str


class NewDirectory(Input, kw_only=True):
    external_id: ExternalId | None = None
    name: Name
    description: Text | None = None


class PutDirectory(Input, kw_only=True):
    name: Name
    description: Text | None = None


class DirectoryPatch(Input, kw_only=True):
    external_id: ExternalId | UnsetType | None = UNSET
    name: Name | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET


class Contact(Struct, kw_only=True):
    """A person in the phone book; ``extra_data`` is shown to whoever answers a call from them."""

    id: int
    external_id: str | None = None
    name: str
    company: str | None = None
    email: str | None = None
    phone_number: str | None = None
    directory_id: int | None = None
    extra_data: dict[str, Any] = field(default_factory=dict)
    created_at: str
    updated_at: str


class PutContact(Input, kw_only=True):
    name: Name
    company: Name | None = None
    email: Email | None = None
    phone_number: Phone | None = None
    directory_id: RecordId | None = None
    extra_data: dict[str, Any] = field(default_factory=dict)


class NewContact(PutContact, kw_only=True):
    external_id: ExternalId | None = None


class ContactPatch(Input, kw_only=True):
    external_id: ExternalId | UnsetType | None = UNSET
    name: Name | UnsetType = UNSET
    company: Name | UnsetType | None = UNSET
    email: Email | UnsetType | None = UNSET
    phone_number: Phone | UnsetType | None = UNSET
    directory_id: RecordId | UnsetType | None = UNSET
    extra_data: dict[str, Any] | UnsetType = UNSET


class Number(Struct, kw_only=True):
    id: int
    phone_number: str
    label: str
    country: str
    created_at: str
    updated_at: str


class NumberPatch(Input, kw_only=True):
    label: Name | UnsetType = UNSET


class Call(Struct, kw_only=True):
    """``display_name`` and ``extra_data`` show on the agent's screen while the call lives."""

    id: int
    direction: Direction
    status: CallStatus
    from_number: str
    to_number: str
    number_id: int
    contact_id: int | None = None
    display_name: str | None = None
    extra_data: dict[str, Any] = field(default_factory=dict)
    started_at: str
    answered_at: str | None = None
    ended_at: str | None = None
    duration_seconds: int | None = None
    created_at: str
    updated_at: str


class NewCall(Input, kw_only=True):
    number_id: RecordId
    to_number: Phone
    display_name: Name | None = None


class CallPatch(Input, kw_only=True):
    status: Literal["in_progress", "on_hold", "ended"] | UnsetType = UNSET
    display_name: Name | UnsetType | None = UNSET
    extra_data: dict[str, Any] | UnsetType = UNSET


class NewWebhook(Input, kw_only=True):
    url: Annotated[str, Meta(max_length=2000)]
    events: Annotated[list[str], Meta(min_length=1, max_length=20)]
    description: Annotated[str, Meta(max_length=500)] = ""
