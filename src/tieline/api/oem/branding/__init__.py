"""Part of the partner's API: how its customers see the studio."""
