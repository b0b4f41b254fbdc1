"""Fuzzing of every parser: targets in ``targets``, the engine that drives them, what they found in ``test_found``."""
