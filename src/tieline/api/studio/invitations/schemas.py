"""Who is invited, and what an invited person sends."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from tieline.api.edge.bodies import Body
from tieline.api.studio.sessions.schemas import Code, Password


class Invite(Body):
    """A user of the tenant."""

    userId: Annotated[str, StringConstraints(min_length=1, max_length=100)]  # noqa: N815 - the wire's name


class Accept(Body):
    """The code of the link, and the password that was chosen."""

    code: Code
    password: Password
