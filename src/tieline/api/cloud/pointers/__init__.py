"""Pointers: where the incremental blocks of an automation stand. An addition of ours."""
