"""The run engine: an interpreter over an immutable plan, with a journal as its only truth."""
