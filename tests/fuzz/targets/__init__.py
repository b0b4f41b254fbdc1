"""All targets, by area. Importing this registers them."""

from tests.fuzz.targets import bodies, documents, formulas, grammars, headers, importing, tokens

__all__ = ["bodies", "documents", "formulas", "grammars", "headers", "importing", "tokens"]
