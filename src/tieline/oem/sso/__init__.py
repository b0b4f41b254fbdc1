"""Sign-on: how a partner's product sends its people here, signed in.

`tokens` reads signed tokens, `links` signed addresses; each gives a `SignOn`. `tickets` are the links of our answers.
`keys` and `embedding` are what the partner has registered, and `entering` makes account, user and embed session of a
sign-on, once.
"""
