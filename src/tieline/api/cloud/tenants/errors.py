"""What can be refused about tenants."""

from __future__ import annotations

from tieline.core.errors import BadInput, Forbidden


class HostnameUnconfirmed(BadInput):
    """Who shuts or opens a tenant has to say which one it is."""

    code = "hostname-unconfirmed"
    status = 412
    title = "The hostname is not confirmed"


class NotPartnerAdmin(Forbidden):
    """Tenants are made, shut and opened by who administers the partner."""

    code = "not-partner-admin"
    title = "Only for administrators of the partner"
