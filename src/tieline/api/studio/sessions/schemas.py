"""What people type."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from tieline.api.edge.bodies import Body, Name

Email = Annotated[str, StringConstraints(min_length=1, max_length=254)]
# Longer than a password can be: the rule for those says it better.
Password = Annotated[str, StringConstraints(min_length=1, max_length=8_000), Field(repr=False)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=200), Field(repr=False)]


class SignIn(Body):
    """E-mail address and password."""

    email: Email
    password: Password


class SetUp(Body):
    """The first administrator."""

    code: Code
    email: Email
    name: Name
    password: Password


class ChangePassword(Body):
    """The present password, and the one to come."""

    current: Password
    password: Password
