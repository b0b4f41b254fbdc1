"""Versions of an automation: what every save has kept, compared, brought back, put live."""
