"""What can be wrong with a sign-in.

Unauthorized
|-- SignInRefused      e-mail address and password do not belong together
`-- SignedOut          the browser is not signed in, or no longer
Forbidden
|-- CodeRefused        a setup code or an invitation that is not good, or no longer
|-- OtherSite          asked by a page that is not ours
|-- NotInvited         the identity provider knows the person, we do not
`-- ... (see `oidc`)
RateLimited
`-- TooManySignIns
BadInput
`-- WeakPassword
Conflict
`-- AlreadySetUp       there is an administrator with a password
"""

from __future__ import annotations

from tieline.core.errors import BadInput, Conflict, Forbidden, RateLimited, Unauthorized


class SignInRefused(Unauthorized):
    """The same for an unknown address, a wrong password and a person who may not come in any more."""

    code = "sign-in-refused"
    title = "Not signed in"


class SignedOut(Unauthorized):
    """No session, or one that is over."""

    code = "signed-out"
    title = "Signed out"


class CodeRefused(Forbidden):
    """A setup code or an invitation that is unknown, used or expired."""

    code = "code-refused"
    title = "This link is not valid"


class OtherSite(Forbidden):
    """A request that a page of somebody else has made."""

    code = "other-site"
    title = "Not from this page"


class NotInvited(Forbidden):
    """Somebody whom the identity provider knows and no tenant does."""

    code = "not-invited"
    title = "No account here"


class TooManySignIns(RateLimited):
    """Too many attempts for one address of either kind."""

    code = "too-many-sign-ins"
    title = "Too many attempts"


class WeakPassword(BadInput):
    """A password that breaks the rule."""

    code = "weak-password"
    title = "Password not accepted"


class AlreadySetUp(Conflict):
    """The first administrator is there."""

    code = "already-set-up"
    title = "Set up already"
