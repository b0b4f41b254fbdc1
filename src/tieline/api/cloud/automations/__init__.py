"""Automations: what runs, who owns it, how it is started."""
