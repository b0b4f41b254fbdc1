"""What Gather keeps, and what it takes: ``New...`` for POST, ``...Patch`` for PATCH (fields left out stay)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Text = Annotated[str, Meta(max_length=4000)]
Email = Annotated[
    str,
    Meta(
        max_length=254,
        pattern=r"^[A-Za-z0-9_+-]+([.'][A-Za-z0-9_+-]+)*@[A-Za-z0-9]+([.-][A-Za-z0-9]+)*\.[A-Za-z]{2,24}$",
    ),
]
Phone = Annotated[str, Meta(pattern=r"^\+?[0-9][0-9 ()./-]{2,29}$")]
Language = Annotated[str, Meta(pattern="^[a-z]{2}$")]
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
Moment = Annotated[str, Meta(max_length=40)]  # RFC 3339; made uniform when stored
Count = Annotated[int, Meta(ge=0, le=10_000_000)]
Color = Annotated[str, Meta(pattern="^#[0-9a-f]{6}$")]
EventStatus = Literal["draft", "published", "completed", "cancelled"]
RegistrationStatus = Literal["pending", "confirmed", "waitlisted", "cancelled"]
Method = Literal["qr", "badge", "manual"]


class Input(Struct, kw_only=True, forbid_unknown_fields=True):
    """A field that the product does not know is an error."""


class Venue(Input, kw_only=True):
    name: Name
    city: Name
    country: Country


class Price(Input, kw_only=True):
    amount: Annotated[str, Meta(pattern=r"^[0-9]{1,9}\.[0-9]{2}$")]
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]


class Event(Struct, kw_only=True):
    id: str
    name: str
    description: str | None = None
    status: EventStatus = "draft"
    timezone: str = "UTC"
    starts_at: str
    ends_at: str
    venue: Venue | None = None
    capacity: int | None = None
    language: str = "en"
    created_at: str
    updated_at: str


class NewEvent(Input, kw_only=True):
    name: Name
    description: Text | None = None
    status: EventStatus = "draft"
    timezone: Name = "UTC"
    starts_at: Moment
    ends_at: Moment
    venue: Venue | None = None
    capacity: Count | None = None
    language: Language = "en"


class EventPatch(Input, kw_only=True):
    name: Name | UnsetType = UNSET
    description: Text | UnsetType | None = UNSET
    status: EventStatus | UnsetType = UNSET
    timezone: Name | UnsetType = UNSET
    starts_at: Moment | UnsetType = UNSET
    ends_at: Moment | UnsetType = UNSET
    venue: Venue | UnsetType | None = UNSET
    capacity: Count | UnsetType | None = UNSET
    language: Language | UnsetType = UNSET


class Session(Struct, kw_only=True):
    id: str
    event_id: str
    title: str
    track: str | None = None
    room: str | None = None
    speakers: list[str] = field(default_factory=list)
    starts_at: str
    ends_at: str
    capacity: int | None = None
    created_at: str
    updated_at: str


class NewSession(Input, kw_only=True):
    event_id: Id
    title: Name
    track: Name | None = None
    room: Name | None = None
    speakers: Annotated[list[Name], Meta(max_length=50)] = field(default_factory=list)
    starts_at: Moment
    ends_at: Moment
    capacity: Count | None = None


class SessionPatch(Input, kw_only=True):
    title: Name | UnsetType = UNSET
    track: Name | UnsetType | None = UNSET
    room: Name | UnsetType | None = UNSET
    speakers: Annotated[list[Name], Meta(max_length=50)] | UnsetType = UNSET
    starts_at: Moment | UnsetType = UNSET
    ends_at: Moment | UnsetType = UNSET
    capacity: Count | UnsetType | None = UNSET


class Category(Struct, kw_only=True):
    id: str
    event_id: str
    name: str
    color: str = "#4a6cf7"
    price: Price | None = None
    created_at: str
    updated_at: str


class NewCategory(Input, kw_only=True):
    event_id: Id
    name: Name
    color: Color = "#4a6cf7"
    price: Price | None = None


class CategoryPatch(Input, kw_only=True):
    name: Name | UnsetType = UNSET
    color: Color | UnsetType = UNSET
    price: Price | UnsetType | None = UNSET


class Attendee(Struct, kw_only=True):
    """``name`` is made of the two names in the order that the person's language has."""

    id: str
    first_name: str
    last_name: str
    name: str
    email: str
    phone: str | None = None
    company: str | None = None
    job_title: str | None = None
    language: str = "en"
    country: str | None = None
    created_at: str
    updated_at: str


class NewAttendee(Input, kw_only=True):
    first_name: Name
    last_name: Name
    email: Email
    phone: Phone | None = None
    company: Name | None = None
    job_title: Name | None = None
    language: Language = "en"
    country: Country | None = None


class AttendeePatch(Input, kw_only=True):
    first_name: Name | UnsetType = UNSET
    last_name: Name | UnsetType = UNSET
    email: Email | UnsetType = UNSET
    phone: Phone | UnsetType | None = UNSET
    company: Name | UnsetType | None = UNSET
    job_title: Name | UnsetType | None = UNSET
    language: Language | UnsetType = UNSET
    country: Country | UnsetType | None = UNSET


class Registration(Struct, kw_only=True):
    """``updated_at`` moves whenever anything of this document changes, the attendee and the event's name included."""

    id: str
    reference: str
    event_id: str
    event_name: str
    category_id: str | None = None
    category_name: str | None = None
    status: RegistrationStatus = "confirmed"
    attendee: Attendee
    session_ids: list[str] = field(default_factory=list)
    notes: str | None = None
    custom_fields: dict[str, Any] = field(default_factory=dict)
    created_at: str
    updated_at: str


class NewRegistration(Input, kw_only=True):
    """Either ``attendee_id`` or ``attendee``; an attendee with a known e-mail address is taken as it is."""

    event_id: Id
    attendee_id: Id | UnsetType = UNSET
    attendee: NewAttendee | UnsetType = UNSET
    category_id: Id | None = None
    status: RegistrationStatus = "confirmed"
    session_ids: Annotated[list[Id], Meta(max_length=100)] = field(default_factory=list)
    notes: Text | None = None
    custom_fields: dict[str, Any] = field(default_factory=dict)


class RegistrationPatch(Input, kw_only=True):
    category_id: Id | UnsetType | None = UNSET
    status: RegistrationStatus | UnsetType = UNSET
    session_ids: Annotated[list[Id], Meta(max_length=100)] | UnsetType = UNSET
    notes: Text | UnsetType | None = UNSET
    custom_fields: dict[str, Any] | UnsetType = UNSET


class CheckIn(Struct, kw_only=True):
    id: str
    registration_id: str
    event_id: str
    session_id: str | None = None
    method: Method = "qr"
    checked_in_at: str
    created_at: str
    updated_at: str


class NewCheckIn(Input, kw_only=True):
    registration_id: Id
    session_id: Id | None = None
    method: Method = "qr"
    checked_in_at: Moment | UnsetType = UNSET


class NewWebhook(Input, kw_only=True):
    url: Annotated[str, Meta(max_length=2000)]
    events: Annotated[list[str], Meta(min_length=1, max_length=20)]
    description: Annotated[str, Meta(max_length=500)] = ""
