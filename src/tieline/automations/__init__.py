"""Automations: documents, formulas, blocks, and the engine that runs them."""
