"""Runs of an automation: start, look at, stop, retry."""
