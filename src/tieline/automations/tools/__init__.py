"""Tools for agents: automations and blocks of connections that their owners have offered."""
