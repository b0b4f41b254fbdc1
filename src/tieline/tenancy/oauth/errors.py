"""What OAuth refuses. Each class has the name that its RFC gives it (``error``) besides the code of ours."""

from __future__ import annotations

from typing import ClassVar

from tieline.core.errors import BadInput, Conflict


class OAuthError(BadInput):
    """A request that cannot be understood (RFC 6749 section 5.2)."""

    code = "invalid-request"
    title = "Invalid OAuth request"
    error: ClassVar[str] = "invalid_request"


class InvalidClient(OAuthError):
    """No such client, or it did not prove that it is the one: the two look the same."""

    code = "invalid-client"
    status = 401
    title = "Invalid OAuth client"
    error = "invalid_client"


class InvalidGrant(OAuthError):
    """A code or a token that is unknown, used up, expired, revoked or another client's."""

    code = "invalid-grant"
    title = "Invalid OAuth grant"
    error = "invalid_grant"


class UnauthorizedClient(OAuthError):
    """A client that may not use this grant type."""

    code = "unauthorized-client"
    title = "Unauthorized OAuth client"
    error = "unauthorized_client"


class UnsupportedGrantType(OAuthError):
    """A grant type that does not exist here."""

    code = "unsupported-grant-type"
    title = "Unsupported grant type"
    error = "unsupported_grant_type"


class UnsupportedResponseType(OAuthError):
    """Anything but ``code``."""

    code = "unsupported-response-type"
    title = "Unsupported response type"
    error = "unsupported_response_type"


class UnsupportedTokenType(OAuthError):
    """A ``token_type_hint`` that is neither of the two (RFC 7009 section 2.2.1)."""

    code = "unsupported-token-type"
    title = "Unsupported token type"
    error = "unsupported_token_type"


class InvalidScope(OAuthError):
    """A scope that the client, or the person, may not have."""

    code = "invalid-scope"
    title = "Invalid scope"
    error = "invalid_scope"


class AccessDenied(OAuthError):
    """The person said no, is disabled, or has too many tokens."""

    code = "access-denied"
    status = 403
    title = "Access denied"
    error = "access_denied"


class LoginRequired(OAuthError):
    """``prompt=none`` where nobody is signed in (OpenID Connect Core section 3.1.2.6)."""

    code = "login-required"
    title = "Sign-in required"
    error = "login_required"


class ConsentRequired(OAuthError):
    """``prompt=none`` where the person has not agreed yet (OpenID Connect Core section 3.1.2.6)."""

    code = "consent-required"
    title = "Consent required"
    error = "consent_required"


class TooManySecrets(Conflict):
    """A client has five secrets at most."""

    code = "too-many-client-secrets"
    title = "Too many client secrets"
