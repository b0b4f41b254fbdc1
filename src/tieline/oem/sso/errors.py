"""What sign-on refuses."""

from __future__ import annotations

from tieline.core.errors import BadInput, Forbidden, Unauthorized


class SignOnRefused(Unauthorized):
    """A token, link or code that lets nobody in."""

    code = "sign-on-refused"
    title = "Sign-on refused"


class SignOnBarred(Forbidden):
    """The token is good, but whom it names may not come in."""

    code = "sign-on-barred"
    title = "Sign-on not allowed"


class InvalidPublicKey(BadInput):
    """A key that cannot be registered."""

    code = "invalid-public-key"
    title = "Invalid public key"
