"""An event as it is sent: CloudEvents 1.0 in JSON (structured mode), or the vendor's form of before.

Both are made of the stored event and of nothing else, so that each attempt sends the same bytes.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from tieline.core import json
from tieline.core.clock import iso
from tieline.security.signatures.standard import sign
from tieline.tenancy.events.types import OURS, VENDOR

OMITTED: Final = "**OMITTED**"
"""What stands in the log in place of a secret."""


def attributes(event: Mapping[str, Any]) -> dict[str, Any]:
    """What a filter can ask of a row of ``events``, by its names in `filtering.ATTRIBUTES`, and its ``data``."""
    kept = json.loads(event["data"])
    data = kept.get("data", {})
    own = event["subject"].partition(":")[2]
    found = {"id": own, "topLevelResourceId": own, **kept, "data": data}
    for name in ("status", "context"):
        if isinstance(data.get(name), str):
            found[f"data.{name}"] = data[name]
    return found


def envelope(event: Mapping[str, Any], tenant_id: UUID, *, cloud_events: bool) -> dict[str, Any]:
    """The body. CloudEvents 1.0.2 sections 3.1 and 3.2; extension attributes are in lower case (section 3.1)."""
    about = attributes(event)
    names = ("userId", "ownerId", "spaceId", "topLevelResourceId")
    known = {name: about[name] for name in names if about.get(name)}
    moment = iso(event["created_at"])
    where = str(about.get("tenantId") or tenant_id)  # of a partner's event, the account that it happened in
    if cloud_events:
        return {
            "specversion": "1.0",
            "id": str(event["id"]),
            "type": event["type"],
            "source": _source(event["type"]),
            "subject": about["id"],
            "time": moment,
            "datacontenttype": "application/json",
            "tenantid": where,
            **{name.lower(): value for name, value in known.items()},
            "data": about["data"],
        }
    return {
        "cloudEventsVersion": "0.1",
        "eventTypeVersion": "1.0.0",
        "source": _source(event["type"]),
        "contentType": "application/json",
        "eventId": str(event["id"]),
        "eventTime": moment,
        "eventType": event["type"],
        "extensions": {"tenantId": where, **known},
        "data": about["data"],
    }


def signed(identity: UUID, moment: int, body: bytes, secret: str) -> dict[str, str]:
    """The headers of Standard Webhooks 1.0, and the vendor's signature (HMAC-SHA256 of the body, in hex).

    ``moment`` in seconds since the epoch. Without a secret there is no signature.
    """
    headers = {"webhook-id": str(identity), "webhook-timestamp": str(moment)}
    if secret:
        headers["webhook-signature"] = sign(secret, str(identity), moment, body)
        headers["qlik-signature"] = hmac.digest(secret.encode(), body, hashlib.sha256).hex()
    return headers


def _source(type: str) -> str:
    """``com.qlik/automations``: who says it, and about what kind of thing."""
    vendor = VENDOR if type.startswith(VENDOR) else OURS
    kind = type.removeprefix(vendor).removeprefix("v1.").partition(".")[0]
    return f"{vendor.rstrip('.')}/{kind}s"
