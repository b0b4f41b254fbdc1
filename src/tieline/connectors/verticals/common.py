"""Fields that the objects of every trade have."""

from __future__ import annotations

from tieline.connectors.verticals.model import Field

EXTERNAL_ID = Field(
    name="external_id",
    also=(
        "externalid external_reference external_ref external_key foreign_id foreign_key reference_id "
        "client_reference custom_id integration_id third_party_id remote_id"
    ),
)
CREATED_AT = Field(
    name="created_at",
    type="date-time",
    also="created created_on date_created creation_date create_time creation_time",
)
UPDATED_AT = Field(
    name="updated_at",
    type="date-time",
    also=(
        "updated updated_on modified modified_at last_modified changed changed_at date_modified "
        "last_modified_at last_updated update_time date_updated"
    ),
)
