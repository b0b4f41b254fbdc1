"""Test runs and pinned outputs."""
