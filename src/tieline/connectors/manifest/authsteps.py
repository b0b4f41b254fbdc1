"""Steps of an authentication that no standard describes: requests, what is taken from their answers, what is put where.

Every text marked *template* is in the small language of `tieline.connectors.runtime.auth.template`.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field


class StepRequest(Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """One request of a login. At most one of ``json``, ``form`` and ``body`` is sent."""

    url: str  # absolute, or relative to the base URL; template in its path and query
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    headers: dict[str, str] = field(default_factory=dict)  # templates
    query: dict[str, str] = field(default_factory=dict)  # templates
    json: Any = UNSET  # every text in it is a template
    form: dict[str, str] | UnsetType = UNSET  # templates
    body: str = ""  # template
    status: list[int] = field(default_factory=list)  # what counts as success; empty = everything below 400


class StepInject(Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """A credential in each request to the API."""

    name: str
    value: str  # template
    location: Literal["header", "query", "cookie", "envelope"] = "header"  # envelope: a pointer into SOAP headers


class AuthStep(Struct, omit_defaults=True, forbid_unknown_fields=True, kw_only=True):
    """``request`` and ``extract`` are run to log in, ``inject`` for each request to the API.

    ``extract`` says where a value stands in the answer: a ``$``-path, ``header:NAME``, ``cookie:NAME``, ``cookies``
    (all of them, as the header Cookie wants them), ``body``, or ``between:A|B`` (the text from the first A to the B
    that follows).
    """

    let: dict[str, str] = field(default_factory=dict)  # names for templates, evaluated where they are used
    request: StepRequest | UnsetType = UNSET
    extract: dict[str, str] = field(default_factory=dict)
    expires_in: str = ""  # template: how long what was extracted is good for
    expires_unit: Literal["seconds", "minutes", "hours", "milliseconds"] = "seconds"
    expires_at: str = ""  # template: or until when (epoch seconds or milliseconds, or a date)
    inject: list[StepInject] = field(default_factory=list)
