"""Who has sent this message: signatures of incoming webhooks.

    message = Message(headers=[("webhook-id", "msg_1"), ...], body=b"{}", url="https://tieline.example/hooks/...")
    verified = verify({"dialect": "standard"}, ["whsec_..."], message, now())
    verified.id                                  # the sender's name for the message, "" where the dialect has none

A dialect is a file that registers itself. What most vendors do (an HMAC over the body, with or without a timestamp, in
one header) is one dialect, ``hmac``, and the known vendors are settings of it (`presets`).
"""

from tieline.security.signatures import hmac, jwt, plain, presets, standard, twilio  # noqa: F401  they register
from tieline.security.signatures.base import Message, SignatureRefused, Verified, dialects, new_secret, opened, verify

__all__ = ["Message", "SignatureRefused", "Verified", "dialects", "new_secret", "opened", "verify"]
