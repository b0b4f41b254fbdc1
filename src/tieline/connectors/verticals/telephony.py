"""Cloud telephony: what hosted telephone systems and contact centres have in common."""

from __future__ import annotations

from tieline.connectors.verticals.common import CREATED_AT, EXTERNAL_ID, UPDATED_AT
from tieline.connectors.verticals.model import Capability, Field, Need, Thing, Vertical, Wanted, register, usual

_ALL: tuple[Need, ...] = ("list", "get", "create", "update", "delete", "incremental", "event")
_GROUP_ID = Field(
    name="group_id",
    type="reference",
    refers_to="group",
    also="group directory_id directory phonebook_id phonebook list_id address_book_id groups",
)

CONTACT = Thing(
    name="contact",
    label="contact",
    also="person phonebook_entry directory_entry directory_contact shared_contact address customer",
    never="center centre list group field attempt flow",
    shared="address customer",
    fields=(
        Field(name="name", also="full_name display_name label fullname", required=True),
        Field(name="first_name", also="firstname given_name"),
        Field(name="last_name", also="lastname surname family_name"),
        Field(
            name="phone",
            also=(
                "phone_number phone_numbers number numbers phones telephone mobile msisdn mobile_phone "
                "business_phone work_phone home_phone e164"
            ),
            required=True,
        ),
        Field(name="email", also="email_address emails mail"),
        Field(name="company", also="company_name organisation organization"),
        _GROUP_ID,
        Field(
            name="extra_data",
            type="object",
            also="custom_fields metadata attributes properties information",
        ),
        EXTERNAL_ID,
        CREATED_AT,
        UPDATED_AT,
    ),
)
GROUP = Thing(
    name="group",
    label="group",
    also=("directory phonebook phone_book address_book contact_list contact_group folder list directory_group book"),
    never="hunt ring permission user role call value",
    shared="group directory folder list book",
    fields=(
        Field(name="name", also="title label", required=True),
        EXTERNAL_ID,
        CREATED_AT,
        UPDATED_AT,
    ),
)
CALL = Thing(
    name="call",
    label="call",
    also="telephony_session call_log call_record cdr call_session call_leg",
    never="recording queue center centre flow tag forwarding quality",
    telling="from to direction duration",
    fields=(
        Field(
            name="from",
            also="caller from_number caller_id caller_number source raw_digits",
            required=True,
        ),
        Field(name="to", also="callee to_number called_number destination dialed_number", required=True),
        Field(name="direction", also="call_direction type call_type"),
        Field(name="status", also="state call_status result outcome disposition"),
        Field(
            name="route_to",
            also="transfer_to destination_id forward_to target agent_id user_id assigned_to url twiml",
        ),
        Field(
            name="duration",
            type="integer",
            also="duration_seconds length talk_time billsec call_duration",
        ),
        Field(name="started_at", type="date-time", also="start_time started answered_at date_started time"),
        CREATED_AT,
        UPDATED_AT,
    ),
)

TELEPHONY = register(
    Vertical(
        name="telephony",
        label="Cloud telephony",
        things=(CONTACT, GROUP, CALL),
        capabilities=(
            *usual("contact", "contact", *_ALL, "get_by", "search", core=("list", "create", "update")),
            *usual("group", "group", "list", "get", "create", "update", "delete"),
            *usual("call", "call", "list", "get", "incremental", "event", core=("list", "event")),
            Capability(
                id="contact.external_id",
                sentence="can store external_id on a contact",
                ways=((Wanted("writable", "contact", "external_id"),), (Wanted("writable", "contact", "extra_data"),)),
            ),
            Capability(
                id="contact.by_phone",
                sentence="can find a contact by telephone number",
                ways=(
                    (Wanted("get_by", "contact", "phone"),),
                    (Wanted("search", "contact"), Wanted("field", "contact", "phone")),
                    (Wanted("do", "contact", "lookup match find"),),
                ),
            ),
            Capability(
                id="contact.group",
                sentence="can put a contact into a group, directory or phonebook",
                ways=(
                    (Wanted("writable", "contact", "group_id"),),
                    (Wanted("do", "group", "add assign contact member"),),
                    (Wanted("do", "contact", "assign group"),),
                ),
            ),
            Capability(
                id="call.start",
                sentence="can start a call",
                ways=((Wanted("create", "call"),), (Wanted("do", "call", "dial originate make start click"),)),
            ),
            Capability(
                id="call.update_live",
                sentence="can update a live call",
                ways=(
                    (Wanted("update", "call"), Wanted("writable", "call", "route_to")),
                    (Wanted("update", "call"), Wanted("writable", "call", "status")),
                    (Wanted("do", "call", "transfer route forward redirect hold modify"),),
                ),
                core=True,
            ),
            Capability(
                id="call.hang_up",
                sentence="can end a live call",
                ways=(
                    (Wanted("delete", "call"),),
                    (Wanted("do", "call", "hangup hang_up end terminate reject"),),
                    (Wanted("update", "call"), Wanted("writable", "call", "status")),
                ),
            ),
        ),
    )
)
