"""OAuth 2: clients, how they prove who they are, codes and grants (RFC 6749, 7009, 7523, 7636, 8693)."""
