"""Fairground: a made-up vendor's product that embeds Tieline, at an origin of its own.

    $ tieline partners origins add default http://127.0.0.1:8430
    $ tieline partners key default | python -m tieline.sandbox.host --server http://127.0.0.1:8400

It shows what a partner has to write: a call on its server that signs a sign-on token for whoever is signed in there,
and three elements in its pages. Its own policy is strict: scripts come from itself and from Tieline, nothing is inline.
"""
