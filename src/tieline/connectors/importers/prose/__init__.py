"""Documentation that people wrote for people (PDF, HTML, Markdown), read by rules.

Each format turns its document into one neutral stream of items (`items`); one set of rules turns the stream into the
description of an API (`describe`). Nothing is fetched, nothing is executed, nothing is guessed silently: each fact
knows its page and line, and what stays unsure becomes a question (a notice with the code ``ask``).
"""

from tieline.connectors.importers.prose.describe import describe_items
from tieline.connectors.importers.prose.items import Item, Place

__all__ = ["Item", "Place", "describe_items"]
