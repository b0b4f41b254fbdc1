"""EventTech: what event registration, ticketing and on-site check-in products have in common."""

from __future__ import annotations

from tieline.connectors.verticals.common import CREATED_AT, EXTERNAL_ID, UPDATED_AT
from tieline.connectors.verticals.model import Capability, Field, Need, Thing, Vertical, Wanted, register, usual

_ALL: tuple[Need, ...] = ("list", "get", "create", "update", "delete", "incremental", "event")
_EVENT_ID = Field(name="event_id", type="reference", refers_to="event", also="event eventid event_uuid")
_ATTENDEE_ID = Field(
    name="attendee_id",
    type="reference",
    refers_to="attendee",
    also="attendee participant_id participant guest_id person_id visitor_id delegate_id contact_id",
)
_SESSION_ID = Field(
    name="session_id",
    type="reference",
    refers_to="session",
    also="session talk_id activity_id agenda_item_id",
)
_CATEGORY_ID = Field(
    name="category_id",
    type="reference",
    refers_to="attendee_category",
    also="category attendee_category_id ticket_type_id ticket_class_id ticket_type group_id type_id",
)

EVENT = Thing(
    name="event",
    label="event",
    also="conference congress fair edition gathering meeting webinar show exhibition expo",
    never="webhook audit log delivery history timeline",
    telling="starts_at ends_at venue",
    fields=(
        Field(name="name", also="title label event_name", required=True),
        Field(name="starts_at", type="date-time", also="start start_date start_time begin begins_at from"),
        Field(name="ends_at", type="date-time", also="end end_date end_time until to finishes_at"),
        Field(name="venue", also="location place venue_name address city venue_id"),
        EXTERNAL_ID,
        CREATED_AT,
        UPDATED_AT,
    ),
)
SESSION = Thing(
    name="session",
    label="session",
    also="talk workshop agenda_item activity programme_item program_item lecture slot sub_event",
    never="login auth checkout user upload browser token chat",
    shared="session activity slot lecture",
    fields=(
        Field(name="title", also="name subject label", required=True),
        _EVENT_ID,
        Field(name="room", also="location hall track venue stage"),
        Field(name="capacity", type="integer", also="seats max_attendees quota limit places"),
        Field(name="starts_at", type="date-time", also="start start_time start_date begins_at from"),
        Field(name="ends_at", type="date-time", also="end end_time end_date until to"),
        EXTERNAL_ID,
        CREATED_AT,
        UPDATED_AT,
    ),
)
CATEGORY = Thing(
    name="attendee_category",
    label="attendee category",
    also=(
        "attendee_type attendee_group participant_category participant_type participant_group "
        "visitor_type ticket_type ticket_class ticket_category admission_item registration_type "
        "registration_path registration_category badge_type guest_type guest_category delegate_type "
        "delegate_category person_category rate"
    ),
    shared="rate ticket_type ticket_category",
    fields=(
        Field(name="name", also="title label description", required=True),
        _EVENT_ID,
        EXTERNAL_ID,
        CREATED_AT,
        UPDATED_AT,
    ),
)
ATTENDEE = Thing(
    name="attendee",
    label="attendee",
    also=("participant guest visitor delegate person registrant contact invitee member ticket_holder profile people"),
    never="type category group status",
    shared="participant guest visitor person contact member profile people",
    fields=(
        Field(name="email", also="email_address mail e_mail mail_address", required=True),
        Field(name="first_name", also="firstname given_name forename givenname"),
        Field(name="last_name", also="lastname family_name surname familyname"),
        Field(name="name", also="full_name fullname display_name"),
        Field(name="phone", also="phone_number mobile mobile_phone telephone cell"),
        Field(name="company", also="organisation organization company_name employer"),
        _CATEGORY_ID,
        _EVENT_ID,
        EXTERNAL_ID,
        CREATED_AT,
        UPDATED_AT,
    ),
)
REGISTRATION = Thing(
    name="registration",
    label="registration",
    also="ticket booking order enrolment enrollment signup sign_up rsvp reservation",
    never="type class device user webhook field form category",
    shared="registration ticket booking order enrolment enrollment signup sign_up reservation",
    fields=(
        _EVENT_ID,
        _ATTENDEE_ID,
        _SESSION_ID,
        _CATEGORY_ID,
        Field(name="status", also="state registration_status attending"),
        Field(name="answers", type="object", also="custom_fields questions fields form_data properties"),
        EXTERNAL_ID,
        CREATED_AT,
        UPDATED_AT,
    ),
)
CHECK_IN = Thing(
    name="check_in",
    label="check-in",
    also="checkin attendance scan admission entry badge_scan arrival",
    never="list item code device type",
    shared="attendance scan admission entry arrival",
    fields=(
        _EVENT_ID,
        _ATTENDEE_ID,
        _SESSION_ID,
        Field(
            name="checked_in_at",
            type="date-time",
            also="checkin_time check_in_time checked_in scanned_at time timestamp arrived_at date",
        ),
        CREATED_AT,
        UPDATED_AT,
    ),
)

EVENTTECH = register(
    Vertical(
        name="eventtech",
        label="EventTech",
        things=(EVENT, SESSION, CATEGORY, ATTENDEE, REGISTRATION, CHECK_IN),
        capabilities=(
            *usual("event", "event", *_ALL, core=("list",)),
            *usual("session", "session", *_ALL),
            *usual("attendee_category", "attendee category", "list", "get", "create", "update", "delete"),
            *usual("attendee", "attendee", *_ALL, "get_by", "search", core=("list", "create", "incremental")),
            *usual("registration", "registration", *_ALL, core=("list",)),
            *usual("check_in", "check-in", "list", "get", "incremental", "event"),
            Capability(
                id="attendee.external_id",
                sentence="can store external_id on an attendee",
                ways=(
                    (Wanted("writable", "attendee", "external_id"),),
                    (Wanted("writable", "registration", "external_id"),),
                ),
            ),
            Capability(
                id="event.external_id",
                sentence="can store external_id on an event",
                ways=((Wanted("writable", "event", "external_id"),),),
            ),
            Capability(
                id="attendee.category",
                sentence="can put an attendee into a category",
                ways=(
                    (Wanted("writable", "attendee", "category_id"),),
                    (Wanted("writable", "registration", "category_id"),),
                ),
            ),
            Capability(
                id="attendee.register",
                sentence="can register an attendee for an event",
                ways=(
                    (Wanted("create", "registration"),),
                    (Wanted("create", "attendee"), Wanted("writable", "attendee", "event_id")),
                    (Wanted("do", "attendee", "register enroll book"),),
                    (Wanted("do", "event", "register enroll book"),),
                ),
                core=True,
            ),
            Capability(
                id="attendee.register_session",
                sentence="can register an attendee for a session",
                ways=(
                    (Wanted("create", "registration"), Wanted("writable", "registration", "session_id")),
                    (Wanted("do", "session", "register enroll book add assign"),),
                ),
            ),
            Capability(
                id="registration.cancel",
                sentence="can cancel a registration",
                ways=(
                    (Wanted("delete", "registration"),),
                    (Wanted("do", "registration", "cancel unregister withdraw refund"),),
                    (Wanted("update", "registration"), Wanted("writable", "registration", "status")),
                ),
            ),
            Capability(
                id="attendee.check_in",
                sentence="can check an attendee in",
                ways=(
                    (Wanted("create", "check_in"),),
                    (Wanted("do", "attendee", "checkin check_in admit scan"),),
                    (Wanted("do", "registration", "checkin check_in admit scan"),),
                    (Wanted("writable", "registration", "checked_in"),),
                    (Wanted("writable", "attendee", "checked_in"),),
                ),
                core=True,
            ),
            Capability(
                id="attendee.undo_check_in",
                sentence="can undo a check-in",
                ways=(
                    (Wanted("delete", "check_in"),),
                    (Wanted("do", "attendee", "undo checkout check_out uncheck revert"),),
                    (Wanted("do", "registration", "undo checkout check_out uncheck revert"),),
                ),
            ),
            Capability(
                id="session.check_in",
                sentence="can check an attendee in to a session",
                ways=(
                    (Wanted("create", "check_in"), Wanted("writable", "check_in", "session_id")),
                    (Wanted("do", "session", "checkin check_in admit scan"),),
                ),
            ),
        ),
    )
)
